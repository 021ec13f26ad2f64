"""The choice of parameter sets: by number, parameters, or the beginning of a digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from datagen_core.errors import SelectionError
from datagen_core.generators.arguments import Argument
from datagen_core.generators.identity import canonical_json, short_text
from datagen_core.reading.siblings import Records, describe, find_contrast, readable
from datagen_core.store.set_records import SetRecord


def select(
    records: Records,
    wanted: int | str | Mapping[str, Any],
    defaults: Mapping[str, Any] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> int:
    """Return the number of the one parameter set that `wanted` means.

    Parameters
    ----------
    records
        The sets of one generator; at least one can be read.
    wanted
        A number; a mapping of parameters (the others at their defaults, or at any value when only
        one set fits; `seed` and `version` count as parameters); or text, see `parse_selector`. A
        set whose parameters are exactly these is preferred.
    defaults
        Values of parameters that a set may not have, since they were added later.
    renamed
        Present names of parameters by earlier ones, besides those that records know.

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
        found = [number for number, one in readable(records) if one.digest.startswith(wanted)]
    else:
        known = dict(readable(records))
        names = {old: new for one in known.values() for old, new in one.renamed.items()}
        found = _Wanted(wanted, defaults or {}, {**names, **(renamed or {})}).find(known)
    return _take_one(records, found, _show(wanted))


def find(records: Records, texts: Sequence[str]) -> list[int]:
    """Return the numbers of all parameter sets that texts choose.

    Parameters
    ----------
    texts
        Numbers and beginnings of digests, each of which names one set, several with commas between
        them; and conditions `key=value`, all of which must hold. In a value that no set has, `*`
        stands for any characters and `?` for one.

    Raises
    ------
    SelectionError
        When a name fits no set or several, or no set has a parameter of a condition.
    """
    names, conditions = _parse_all(texts)
    found = dict.fromkeys(select(records, name) for name in names) if names else records
    known = {number: one for number, one in readable(records) if number in found}
    for key, value in conditions.items():
        _check_known(records, key)
        known = _keep(known, key, partial(_looks_same, value=value)) or _keep(
            known, key, partial(_is_like, pattern=value.text)
        )
    return [number for number in found if number in known] if conditions else list(found)


def chooses_several(texts: Sequence[str]) -> bool:
    """Return whether texts are meant to choose several sets: two names, or a pattern."""
    names, conditions = _parse_all(texts)
    return len(names) > 1 or any(_is_pattern(value.text) for value in conditions.values())


def _parse_all(texts: Sequence[str]) -> tuple[list[int | str], dict[str, Argument]]:
    names: list[int | str] = []
    conditions: dict[str, Argument] = {}
    for text in texts:
        if "=" in text:
            conditions |= dict(parse_assignment(part) for part in _split_pairs(text))
        else:
            names += [int(part) if _is_number(part) else part for part in text.split(",")]
    return names, conditions


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _keep(
    records: Mapping[int, SetRecord], key: str, fits: Callable[[object], bool]
) -> dict[int, SetRecord]:
    """Return those of some records of which a value fits."""
    values = ((n, one, _values_of(one), one.renamed.get(key, key)) for n, one in records.items())
    return {n: one for n, one, known, name in values if name in known and fits(known[name])}


def _is_like(known: object, pattern: str) -> bool:
    """Return whether a value fits a pattern as it is, or as `list` shows it."""
    letters = pattern.replace("[", "[[]")  # lists have brackets
    texts = (str(known), short_text(known)) if _is_pattern(pattern) else ()
    return any(fnmatchcase(text, letters) for text in texts)


def _values_of(record: SetRecord) -> dict[str, Any]:
    return {"seed": record.seed, "version": record.version, **dict(_flat(record.params))}


def _flat(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield parameters and what is inside of them, such as `inner.dt`."""
    for name, value in params.items():
        yield f"{prefix}{name}", value
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")


def _check_known(records: Records, key: str) -> None:
    _check_any(records)
    names = {name for _, one in readable(records) for name in (*_values_of(one), *one.renamed)}
    if key not in names:
        raise SelectionError(
            f"no parameter set has a parameter {key!r}; they have {', '.join(sorted(names))}"
        )


def select_only(records: Records) -> int:
    """Return the number of the only parameter set.

    Raises
    ------
    SelectionError
        When there are none or several; the message lists them.
    """
    return _take_one(records, list(records), "")


def parse_selector(text: str) -> int | str | dict[str, Argument]:
    """Return what a text selects: a number, parameters, or else the beginning of a digest.

    Parameters are `key=value,key=value`; values may hold commas.
    """
    if _is_number(text):
        return int(text)
    if "=" not in text:
        return text
    return dict(parse_assignment(part) for part in _split_pairs(text))


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 7  # a digest may consist of digits, too


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


@dataclass(frozen=True)
class _Wanted:
    """Parameters that are looked for, by present or earlier names."""

    params: Mapping[str, Any]
    defaults: Mapping[str, Any]
    renamed: Mapping[str, str]

    def find(self, records: Mapping[int, SetRecord]) -> list[int]:
        """Return the numbers of the sets that fit, of those that fit best."""
        for equal in (_is_same, _looks_same):
            fitting = {n: one for n, one in records.items() if self._fits(one, equal)}
            if fitting:
                break
        return self._best(fitting)

    def _fits(self, record: SetRecord, equal: Callable[[object, object], bool]) -> bool:
        known = {"seed": record.seed, "version": record.version, **self._named(record.params)}
        values = dict(_flat({**self.defaults, **known}))
        return all(
            key in values and equal(values[key], value)
            for key, value in self._named(self.params).items()
        )

    def _best(self, fitting: Mapping[int, SetRecord]) -> list[int]:
        """Return the sets with exactly these parameters, else those with no others changed."""
        wanted = {name.partition(".")[0] for name in self._named(self.params)}
        names = {number: self._named(one.params).keys() for number, one in fitting.items()}
        changed = {number: self._named(one.changed).keys() for number, one in fitting.items()}
        same = [n for n in fitting if names[n] == wanted - ({"seed", "version"} - names[n])]
        found = same or [n for n in fitting if changed[n] <= wanted]
        if "seed" not in wanted and len(found) > 1:
            found = [number for number in found if fitting[number].seed == 0] or found
        return found or list(fitting)

    def _named(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters under their present names."""
        return {self.renamed.get(name, name): value for name, value in params.items()}


def _is_same(known: object, value: object) -> bool:
    value = value.value if isinstance(value, Argument) else value
    if isinstance(known, float) and isinstance(value, int) and not isinstance(value, bool):
        return known == value
    with suppress(TypeError, ValueError):  # not JSON
        return canonical_json(known) == canonical_json(value)
    return False


def _looks_same(known: object, value: object) -> bool:
    return _is_same(known, value) or str(known) == str(value)


def _check_any(records: Records) -> None:
    if not records:
        raise SelectionError("there is no parameter set yet; `datagen generate` makes one")


def _take_one(records: Records, found: Sequence[int], wanted: str) -> int:
    if len(found) == 1:
        return found[0]
    _check_any(records)
    name = next(record.generator for _, record in readable(records))
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
    contrast = find_contrast(records)
    found = ((number, records[number]) for number in numbers[:8])
    shown = [
        f"{number} ({describe(one, contrast) if one else 'unreadable'})" for number, one in found
    ]
    more = f" and {len(numbers) - 8} more" if len(numbers) > 8 else ""
    return f"{', '.join(shown)}{more}"
