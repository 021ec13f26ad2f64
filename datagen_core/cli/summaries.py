"""A parameter set in plain JSON types, for `datagen list` and `datagen show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datagen_core.store.ledger import Exclusion, read_ledger
from datagen_core.store.runs import list_runs

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet


def summarize_set(param_set: ParamSet) -> dict[str, Any]:
    """Return number, parameters, samples per split, size and state of a parameter set."""
    existing, runs = param_set.existing, list_runs(param_set.paths)
    ledger = read_ledger(param_set.paths)
    reserved = sum(run.interval.size for run in runs)
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
        "state": "complete" if len(existing) >= reserved else _state(param_set),
        "account": runs[-1].account if runs else {},
        "digest": param_set.record.digest,
        "path": str(param_set.paths.root),
    }


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


def describe_splits(counts: Mapping[str, int]) -> str:
    """Return how many samples are in each split, as text: `2 of raw, 7 of train`."""
    return ", ".join(f"{count} of {split}" for split, count in counts.items())


def _state(param_set: ParamSet) -> str:
    """Return the state of a set with missing samples; asking executors takes further imports."""
    from datagen_core.scheduling.status import statuses

    states = {status.state for status in statuses(param_set.paths)} - {"complete"}
    if "running" in states:
        return "running"
    return "refused" if states == {"refused"} else "holes"
