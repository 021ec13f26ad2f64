"""A parameter set in plain JSON types, for `datagen list` and `datagen show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from datagen_core.store.assignments import Exclusion, Relabel
from datagen_core.store.frozen import FrozenSplit
from datagen_core.store.ledger import read_ledger
from datagen_core.store.reservations import reserved_by
from datagen_core.store.runs import list_runs

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.status import Look


class States:
    """Says the states of parameter sets, some of which have missing samples.

    Whoever knows of their tasks is asked once for all, when that is needed, with further imports.
    """

    def __init__(self, param_sets: Sequence[ParamSet]) -> None:
        self._sets = param_sets

    @cached_property
    def _look(self) -> Look:
        from datagen_core.scheduling.status import Look

        return Look.at([param_set.paths for param_set in self._sets])

    def find(self, param_set: ParamSet) -> str:
        """Return the state of one of the sets, which has missing samples."""
        from datagen_core.scheduling.status import statuses

        states = {status.state for status in statuses(param_set.paths, self._look)} - {"complete"}
        if "running" in states:
            return "running"
        return "refused" if states == {"refused"} else "holes"


def name_set(param_set: ParamSet) -> dict[str, Any]:
    """Return how answers in JSON name a parameter set: `set` is always its number."""
    generator = param_set.paths.root.parent.name
    return {"generator": generator, "set": param_set.number, "name": str(param_set)}


def summarize_set(param_set: ParamSet, states: States | None = None) -> dict[str, Any]:
    """Return number, parameters, samples per split, size and state of a parameter set."""
    states = states or States([param_set])
    existing, runs = param_set.existing, list_runs(param_set.paths)
    ledger = read_ledger(param_set.paths)
    reserved = len(reserved_by(runs))
    return {
        "generator": param_set.generator,
        "number": param_set.number,
        "params": param_set.params,
        "changed": param_set.record.changed,
        "description": param_set.describe(),
        "seed": param_set.seed,
        "version": param_set.record.version,
        "splits": ledger.count(existing),
        "excluded": len(ledger.excluded),
        "samples": len(existing),
        "reserved": reserved,
        "bytes": param_set.bytes,
        "mixed": param_set.mixed,
        "private": param_set.record.private,
        "state": "complete" if len(existing) >= reserved else states.find(param_set),
        "account": max(runs, key=lambda run: run.stop).account if runs else {},
        "created": param_set.record.created,
        "digest": param_set.record.digest,
        "path": str(param_set.paths.root),
    }


def marks(row: Mapping[str, Any]) -> list[str]:
    """Return the state of a set and what else `datagen list` says of it, of its summary."""
    return [row["state"], *(mark for mark in ("mixed", "private") if row[mark])]


def describe_exclusions(
    param_set: ParamSet, exclusions: Sequence[Exclusion]
) -> list[dict[str, Any]]:
    """Return exclusions in plain JSON types, each with how many samples it took `from` a split."""
    splits = read_ledger(param_set.paths).find_splits(each.samples for each in exclusions)
    return [
        {
            "samples": [list(part) for part in each.samples],
            "count": len(each.samples),
            "from": counts,
            "reason": each.reason,
            "by": each.by,
            "created": each.created,
        }
        for each, counts in zip(exclusions, splits, strict=True)
    ]


def describe_draws(param_set: ParamSet) -> list[dict[str, Any]]:
    """Return the random choices of a set in plain JSON types: the seed, and of how many samples."""
    return [
        {
            "split": each.split,
            "samples": each.samples,
            "seed": each.seed,
            "raw": each.raw,
            "by": each.by,
            "created": each.created,
        }
        for each in read_ledger(param_set.paths).draws
    ]


def describe_relabel(relabel: Relabel) -> dict[str, Any]:
    """Return in plain JSON types how a split got another name."""
    return {
        "old": relabel.old,
        "new": relabel.new,
        "reason": relabel.reason,
        "by": relabel.by,
        "created": relabel.created,
    }


def describe_frozen(param_set: ParamSet, frozen: FrozenSplit) -> dict[str, Any]:
    """Return what was frozen in plain JSON types, with how many samples are excluded since."""
    return {
        "split": frozen.split,
        "samples": [list(part) for part in frozen.samples],
        "count": frozen.size,
        "digest": frozen.digest,
        "content": dict(frozen.content),
        "excluded": len(frozen.within(param_set.excluded)),
        "by": frozen.by,
        "created": frozen.created,
        "note": frozen.note,
    }


def describe_splits(counts: Mapping[str, int]) -> str:
    """Return how many samples are in each split, as text: `2 of raw, 7 of train`."""
    return ", ".join(f"{count} of {split}" for split, count in counts.items())
