"""Finding a parameter set: by number, by parameters, by digest prefix. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from datagen_core.errors import SelectionError
from datagen_core.generators.identity import canonical_json
from datagen_core.store.sets import SetRecord


def select(records: Mapping[int, SetRecord], wanted: int | str | Mapping[str, Any]) -> int:
    """Return the number of the one parameter set that `wanted` means.

    Parameters
    ----------
    records
        The sets of one generator by number.
    wanted
        A number; a mapping of parameters (the others at their defaults, or whatever they are when
        only one set fits; `seed` counts as one of them); text: a number, `key=value,key=value`, or
        the beginning of a digest.

    Raises
    ------
    SelectionError
        When none or several answer to it; the message lists what there is.
    """
    if isinstance(wanted, str):
        wanted = _parse(wanted)
    if isinstance(wanted, int):
        found = [wanted] if wanted in records else []
    elif isinstance(wanted, str):
        found = [number for number, record in records.items() if record.digest.startswith(wanted)]
    else:
        found = _by_params(records, wanted)
    if len(found) == 1:
        return found[0]
    what = "none" if not found else "several"
    candidates = {number: records[number] for number in found} or records
    message = f"{what} of the parameter sets is {_show(wanted)}; there {_list(candidates)}"
    raise SelectionError(message)


def parse_value(text: str) -> Any:
    """Return a value from the command line: JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)


def parse_assignment(text: str) -> tuple[str, Any]:
    """Return key and value of `key=value`."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        message = f"{text!r} is no parameter: write key=value"
        raise SelectionError(message)
    return key.strip(), parse_value(value)


def _parse(text: str) -> int | str | dict[str, Any]:
    if text.isdigit() and len(text) < 7:
        return int(text)
    if "=" not in text:
        return text
    return dict(parse_assignment(part) for part in _split_pairs(text))


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
    fitting = [number for number, record in records.items() if _fits(record, wanted)]
    exact = [number for number in fitting if set(records[number].changed) <= set(wanted)]
    if "seed" not in wanted and len(exact) > 1:
        exact = [number for number in exact if records[number].seed == 0] or exact
    return exact or fitting


def _fits(record: SetRecord, wanted: Mapping[str, Any]) -> bool:
    known = {"seed": record.seed, **record.params}
    return all(key in known and _equal(known[key], value) for key, value in wanted.items())


def _equal(known: object, value: object) -> bool:
    if isinstance(known, float) and isinstance(value, int) and not isinstance(value, bool):
        return known == value
    with suppress(TypeError, ValueError):  # no JSON, so at best equal as text
        if canonical_json(known) == canonical_json(value):
            return True
    return str(known) == str(value)


def _show(wanted: object) -> str:
    if isinstance(wanted, Mapping):
        return ", ".join(f"{key}={value}" for key, value in wanted.items()) or "at all defaults"
    return f"number {wanted}" if isinstance(wanted, int) else repr(wanted)


def _list(records: Mapping[int, SetRecord]) -> str:
    if not records:
        return "is none yet"
    shown = [f"{number} ({_describe(record)})" for number, record in list(records.items())[:8]]
    more = f" and {len(records) - 8} more" if len(records) > 8 else ""
    return f"are {', '.join(shown)}{more}"


def _describe(record: SetRecord) -> str:
    parts = [f"{key}={value}" for key, value in record.changed.items()]
    parts += [f"seed={record.seed}"] if record.seed else []
    return " ".join(parts) or "defaults"
