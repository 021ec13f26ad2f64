"""What to say when there are too few samples: how many, how long, and the command that helps."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from datagen_core.errors import InsufficientSamplesError
from datagen_core.generators.identity import canonical_json
from datagen_core.scheduling.estimation import JobTimings, compute_seconds, format_duration
from datagen_core.store.journals import read_timings
from datagen_core.store.ledger import RAW
from datagen_core.store.runs import list_reservations

if TYPE_CHECKING:
    from datagen_core.reading.cache import ParamSet

_LITERALS = {"true", "false", "null", "True", "False", "None", "NaN", "Infinity"}


def insufficient(
    param_set: ParamSet, split: str, have: int, wanted: int
) -> InsufficientSamplesError:
    """Return the error for a split that has `have` of `wanted` samples."""
    missing = wanted - have
    spare = 0 if split == RAW else param_set.counts[RAW]
    holes = param_set.reserved - len(param_set.existing)
    to_make = max(0, missing - spare)
    seconds = _compute_seconds(param_set, to_make)
    command = _command(param_set, split, missing, to_make, holes)
    time = "" if seconds is None else f", about {format_duration(seconds)} of compute time"
    message = (
        f"{split} of {param_set} has {have} samples, {missing} fewer than the {wanted} asked for"
        f"{time}; get them with: {command}"
    )
    return InsufficientSamplesError(message, missing, seconds, command)


def _compute_seconds(param_set: ParamSet, samples: int) -> float | None:
    history = [JobTimings(**timings) for timings in read_timings(param_set.paths)]
    return compute_seconds(history, -(-samples // param_set.record.batch_size))


def _command(param_set: ParamSet, split: str, missing: int, to_make: int, holes: int) -> str:
    cache = ["--cache", str(param_set.paths.root.parent.parent)]
    name, number = param_set.generator, str(param_set.number)
    commands = []
    if to_make and holes >= to_make:
        commands.append(["datagen", "resume", name, "-p", number, *cache])
    elif to_make:
        commands.append(
            [
                "datagen",
                "generate",
                _source(param_set),
                "-n",
                str(to_make),
                *_assignments(param_set),
                *cache,
            ]
        )
    if split != RAW:
        commands.append(["datagen", "move", name, str(missing), split, "-p", number, "-y", *cache])
    return " && ".join(shlex.join(words) for words in commands)


def _source(param_set: ParamSet) -> str:
    """Return the name under which the generator was loaded last."""
    reservations = list_reservations(param_set.paths)
    last = reservations[-1].source if reservations else ""
    return last or param_set.generator


def _assignments(param_set: ParamSet) -> list[str]:
    words = []
    for key, value in param_set.record.changed.items():
        words += ["-p", f"{key}={_argument(value)}"]
    return words + (["--seed", str(param_set.seed)] if param_set.seed else [])


def _argument(value: object) -> str:
    """Return a value as `-p` takes it; text that would be read as something else is quoted."""
    plain = isinstance(value, str) and value.isidentifier() and value not in _LITERALS
    return str(value) if plain else canonical_json(value)
