"""The documents of the split ledger: how a generation is written, and what may stand in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from datagen_core.ranges import IntervalList, IntervalSet
from datagen_core.store import forms
from datagen_core.store.assignments import RAW, Draw, Exclusion, Ledger, Relabel
from datagen_core.store.layout import SetPaths
from datagen_core.store.scattered import is_scattered, read_items, write_items

LEDGER_FORMAT = "3.0"
"""Format 3 names files of scattered samples, or names that are retired, or holds samples back;
format 2 excludes samples.
Without any of these, format 1 is written, which older versions can use. Formats 1.1 and 2.1 also
tell of random choices."""

_Record = TypeVar("_Record", Exclusion, Draw, Relabel)

_SIGNED: Mapping[str, forms.Form] = {
    "by": forms.text, "created": forms.text, "operation": forms.text,
}  # fmt: skip
_RELABEL = {"old": forms.name, "new": forms.name, "reason": forms.text, **_SIGNED}


def parse_ledger(paths: SetPaths, generation: int, content: Mapping[str, Any]) -> Ledger:
    """Return a generation of a set's ledger; what it says of splits is read as it is needed.

    Raises
    ------
    ValueError
        If two splits share a sample, or two exclusions do, as far as the document itself says.
    """
    order = partial(read_items, paths)
    samples: forms.Form = lambda items: IntervalSet(order(items))  # noqa: E731 (a form)
    exclusion = {"samples": samples, "reason": forms.text, **_SIGNED}
    draw = {
        "split": forms.name, "samples": forms.positive, "seed": forms.seed, "raw": forms.positive,
        "existing": samples, "assigned": forms.mapping(forms.whole), "exclusions": forms.whole,
        **_SIGNED,
    }  # fmt: skip
    needed: dict[str, forms.Form] = {
        "splits": forms.mapping(order, forms.name),
        "operations": forms.each(forms.text),
    }
    optional: dict[str, forms.Form] = {
        "excluded": forms.each(partial(_parse_record, Exclusion, exclusion)),
        "draws": forms.each(partial(_parse_record, Draw, draw)),
        "relabels": forms.each(partial(_parse_record, Relabel, _RELABEL)),
        "held": forms.mapping(samples),
    }
    known = forms.take(content, needed, optional)
    excluded, draws, relabels = (tuple(known.get(key, ())) for key in [*optional][:3])
    ledger = Ledger(
        generation, known["splits"], tuple(known["operations"]), excluded, draws, relabels,
        known.get("held", {}),
        {key: value for key, value in content.items() if key not in {*needed, *optional}},
    )  # fmt: skip
    _check(ledger, is_written_out=not _names_files(content))
    return ledger


def _parse_record(
    kind: Callable[..., _Record], known: Mapping[str, forms.Form], content: Any
) -> _Record:
    others = {key: value for key, value in forms.tree(content).items() if key not in known}
    return kind(**forms.take(content, known), others=others)


def _check(ledger: Ledger, *, is_written_out: bool) -> None:
    if RAW in ledger.splits:
        raise ValueError(f"a split is called {RAW!r}")
    if reused := ledger.retired.keys() & ledger.splits:
        raise ValueError(f"the name of split {min(reused)!r} is retired")
    splits = [part for parts in ledger.splits.values() for part in parts.parts]
    if is_written_out and len(IntervalSet(IntervalList.of(splits))) != sum(map(len, splits)):
        raise ValueError("a sample is in two splits")
    if len(ledger.excluded) != sum(len(each.samples) for each in ledger.exclusions):
        raise ValueError("a sample is excluded twice")


def write_ledger(paths: SetPaths, ledger: Ledger) -> dict[str, Any]:
    """Return the document of a generation; publish the files that it names."""
    content = {
        **ledger.others,
        "format": "1.0",
        "splits": {name: write_items(paths, parts) for name, parts in ledger.splits.items()},
        "operations": list(ledger.operations),
    }
    exclusions = [{**_write_record(each), "samples": write_items(paths, each.samples)}
                  for each in ledger.exclusions]  # fmt: skip
    draws = [{**_write_record(each), "existing": write_items(paths, each.existing)}
             for each in ledger.draws]  # fmt: skip
    relabels = list(map(_write_record, ledger.relabels))
    held = {origin: write_items(paths, samples) for origin, samples in ledger.held.items()}
    known = {"excluded": exclusions, "draws": draws, "relabels": relabels, "held": held}
    content |= {key: records for key, records in known.items() if records}
    major = 3 if relabels or held or _names_files(content) else 2 if exclusions else 1
    return {**content, "format": f"{major}.{int(bool(draws) and major < 3)}"}


def _write_record(record: Exclusion | Draw | Relabel) -> dict[str, Any]:
    known = {name: getattr(record, name) for name in record.__slots__ if name != "others"}
    return {**record.others, **known}


def _names_files(content: Mapping[str, Any]) -> bool:
    samples = [
        *content["splits"].values(),
        *(each["samples"] for each in content.get("excluded", ())),
        *(each["existing"] for each in content.get("draws", ())),
        *content.get("held", {}).values(),
    ]
    return any(map(is_scattered, samples))
