"""The choice of one parameter set: by number, parameters, or the beginning of its digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from datagen_core.errors import SelectionError
from datagen_core.generators.arguments import Argument
from datagen_core.generators.identity import canonical_json, short_text
from datagen_core.store.sets import SetRecord

Records = Mapping[int, SetRecord | None]
"""The sets of one generator by number; None for one whose record cannot be read."""


def select(records: Records, wanted: int | str | Mapping[str, Any]) -> int:
    """Return the number of the one parameter set that `wanted` means.

    Parameters
    ----------
    records
        The sets of one generator; at least one can be read.
    wanted
        A number; a mapping of parameters (the others at their defaults, or at any value when only
        one set fits; `seed` counts as one of them); or text, see `parse_selector`.

    Raises
    ------
    SelectionError
        When none or several fit; the message lists what there is.
    """
    if isinstance(wanted, str):
        wanted = parse_selector(wanted)
    if isinstance(wanted, int):
        found = [wanted] if wanted in records else []
    elif isinstance(wanted, str):
        found = [number for number, one in _readable(records) if one.digest.startswith(wanted)]
    else:
        found = _by_params(dict(_readable(records)), wanted)
    return _take_one(records, found, _show(wanted))


def _readable(records: Records) -> Iterator[tuple[int, SetRecord]]:
    return ((number, record) for number, record in records.items() if record is not None)


def select_only(records: Records) -> int:
    """Return the number of the only parameter set.

    Raises
    ------
    SelectionError
        When there are none or several; the message lists them.
    """
    return _take_one(records, list(records), "")


def describe(record: SetRecord) -> str:
    """Return the parameters that differ from the defaults, and the seed when it is not 0."""
    changed = {**record.changed, **({"seed": record.seed} if record.seed else {})}
    return " ".join(f"{key}={short_text(value)}" for key, value in changed.items()) or "defaults"


def parse_selector(text: str) -> int | str | dict[str, Argument]:
    """Return what a text selects: a number, parameters, or else the beginning of a digest.

    Parameters are `key=value,key=value`; values may hold commas.
    """
    if text.isdigit() and len(text) < 7:
        return int(text)
    if "=" not in text:
        return text
    return dict(parse_assignment(part) for part in _split_pairs(text))


def parse_assignment(text: str) -> tuple[str, Argument]:
    """Return key and value of `key=value`; what the value is depends on the parameter's type.

    Raises
    ------
    SelectionError
        When there is no `=`, or nothing before it.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise SelectionError(f"{text!r} is not a parameter; write key=value")
    return key.strip(), Argument.typed(value)


def _split_pairs(text: str) -> list[str]:
    """Cut at commas that stand before the next `key=`; values may hold commas themselves."""
    pairs: list[str] = []
    for part in text.split(","):
        if pairs and "=" not in part:
            pairs[-1] += f",{part}"
        else:
            pairs.append(part)
    return pairs


def _by_params(records: Mapping[int, SetRecord], wanted: Mapping[str, Any]) -> list[int]:
    for equal in (_is_same, _looks_same):
        fitting = [number for number, one in records.items() if _fits(one, wanted, equal)]
        if fitting:
            break
    exact = [number for number in fitting if set(records[number].changed) <= set(wanted)]
    if "seed" not in wanted and len(exact) > 1:
        exact = [number for number in exact if records[number].seed == 0] or exact
    return exact or fitting


def _fits(
    record: SetRecord, wanted: Mapping[str, Any], equal: Callable[[object, object], bool]
) -> bool:
    known = {"seed": record.seed, **record.params}
    return all(key in known and equal(known[key], value) for key, value in wanted.items())


def _is_same(known: object, value: object) -> bool:
    value = value.value if isinstance(value, Argument) else value
    if isinstance(known, float) and isinstance(value, int) and not isinstance(value, bool):
        return known == value
    with suppress(TypeError, ValueError):  # not JSON
        return canonical_json(known) == canonical_json(value)
    return False


def _looks_same(known: object, value: object) -> bool:
    return _is_same(known, value) or str(known) == str(value)


def _take_one(records: Records, found: Sequence[int], wanted: str) -> int:
    if len(found) == 1:
        return found[0]
    if not records:
        raise SelectionError("there is no parameter set yet; `datagen generate` makes one")
    name = next(record.generator for _, record in _readable(records))
    several = f"{name} has {len(found)} parameter sets{wanted}: {_list(records, found)}"
    none = f"{name} has no parameter set{wanted}; it has {_list(records, list(records))}"
    raise SelectionError(f"{several if found else none}; choose one with -p NUMBER")


def _show(wanted: int | str | Mapping[str, Any]) -> str:
    if isinstance(wanted, int):
        return f" number {wanted}"
    if isinstance(wanted, str):
        return f" whose digest begins with {wanted!r}"
    pairs = ", ".join(f"{key}={value}" for key, value in wanted.items())
    return f" with {pairs}" if pairs else ""


def _list(records: Records, numbers: Sequence[int]) -> str:
    found = ((number, records[number]) for number in numbers[:8])
    shown = [f"{number} ({describe(one) if one else 'unreadable'})" for number, one in found]
    more = f" and {len(numbers) - 8} more" if len(numbers) > 8 else ""
    return f"{', '.join(shown)}{more}"
