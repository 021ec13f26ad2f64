"""What to say when there are too few samples: how many, how long, and the command that helps."""

from __future__ import annotations

from datagen_core.errors import InsufficientSamplesError
from datagen_core.ranges import IntervalSet
from datagen_core.store.advice import command_for, command_to_make
from datagen_core.store.assignments import RAW
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import read_ledger
from datagen_core.store.published import lost_samples
from datagen_core.store.reservations import latest_run, reserved_by
from datagen_core.store.runs import list_refusals, list_runs
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import existing_samples, read_set
from datagen_core.store.timings import format_duration, mean_batch_seconds, read_timings


def insufficient(
    paths: SetPaths, number: int, split: str, have: int, wanted: int
) -> InsufficientSamplesError:
    """Return the error for a split of a parameter set that has `have` of `wanted` samples."""
    missing = wanted - have
    existing, record, ledger = existing_samples(paths), read_set(paths), read_ledger(paths)
    spare = 0 if split == RAW else len(ledger.raw(existing))
    to_make = max(0, missing - spare)
    seconds = _compute_seconds(paths, -(-to_make // record.batch_size))
    refused, why = _find_refused(paths, existing) if to_make else (IntervalSet(), "")
    settled = len(existing) + len(refused | lost_samples(paths))
    commands = [] if not to_make else [_make(paths, record, to_make, settled)]
    if split != RAW:
        commands.append(command_for(paths, "move", missing, split, "-y"))
    command = " && ".join(commands)
    time = "" if seconds is None else f", about {format_duration(seconds)} of compute time"
    excluded = len(ledger.members(split, existing)[1])
    left_out = f" (and {excluded} excluded)" if excluded else ""
    message = (
        f"{split} of {record.generator} {number} has {have} samples{left_out}, {missing} fewer "
        f"than the {wanted} asked for{time}{why}; get them with: {command}"
    )
    return InsufficientSamplesError(message, missing, seconds, command)


def _compute_seconds(paths: SetPaths, batches: int) -> float | None:
    mean = mean_batch_seconds(read_timings(paths))
    return None if mean is None else batches * mean


def _make(paths: SetPaths, record: SetRecord, samples: int, settled: int) -> str:
    """Return the command that makes samples: the holes of earlier runs first.

    Samples that are `settled` exist, are refused by the generator, or private and lost.
    """
    runs = list_runs(paths)
    holes = len(reserved_by(runs)) - settled
    if holes >= samples:
        return command_for(paths, "resume")
    latest = latest_run(runs)
    return command_to_make(paths, record, latest.source if latest else "", samples)


def _find_refused(paths: SetPaths, existing: IntervalSet) -> tuple[IntervalSet, str]:
    """Return the samples that the generator refused to make, and what to say of them."""
    ranges: list[tuple[int, int]] = []
    message = ""
    for run in list_runs(paths):
        missing = IntervalSet([run.interval]) - existing
        for error in list_refusals(paths.run(run.number)) if missing else ():
            ranges += missing if error.get("whole_set") else [error["range"]]
            message = message or error["message"]
    refused = IntervalSet(ranges) - existing
    why = f" (the generator refuses samples {refused.brief()}: {message})" if refused else ""
    return refused, why
