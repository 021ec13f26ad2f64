"""From what a user asks for to runs: which samples of a split, by their indices."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.errors import PlotError
from datagen_federated.plotting.class_names import name_classes
from datagen_federated.plotting.runs import FIELDS, FederatedRun, Table

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def read_runs(split: Any, wanted: Sequence[str], params: Any) -> list[FederatedRun]:
    """Return runs of a split, in the order of their indices.

    Parameters
    ----------
    split
        A split of `federated_metrics`.
    wanted
        Indices, ranges of them (`0-9`, both ends included) or `all`; empty for the first sample.
    params
        The parameters of the set, which tell the names of classes.

    Raises
    ------
    PlotError
        When the samples are no federated runs, or one that is wanted is not there.
    """
    check_fields(split)
    classes = name_classes(params)
    indices = split.indices
    return [
        FederatedRun.from_sample(split[place], int(indices[place]), classes)
        for place in _find_places(split, wanted or _first(split))
    ]


def read_rounds(split: Any, wanted: Sequence[str]) -> tuple[Table, ...]:
    """Return the table of rounds of runs of a split; of all of them unless some are wanted.

    Raises
    ------
    PlotError
        As `read_runs`.
    """
    check_fields(split)
    # One sample at a time, since weights may be among its fields.
    places = _find_places(split, wanted or ["all"])
    return tuple(np.array(split[place]["rounds"]) for place in places)


def check_fields(split: Any) -> None:
    """Refuse a split without samples, and samples that are no federated runs.

    Raises
    ------
    PlotError
        When it is one of them.
    """
    where = split.title
    missing = [field for field in FIELDS if field not in split.schema.fields]
    if missing:
        raise PlotError(
            f"{where} holds no federated runs: its samples have no {missing[0]}; "
            "name a data set of federated_metrics"
        )
    if not len(split):
        raise PlotError(f"{where} has no samples; choose another with --split")


def _first(split: Any) -> list[str]:
    return [str(split.indices[0])]


def _find_places(split: Any, wanted: Sequence[str]) -> list[int]:
    """Return the places in a split of the samples that are wanted, ascending."""
    if "all" in wanted:
        return list(range(len(split)))
    indices = split.indices
    chosen = np.zeros(len(indices), bool)
    for text in wanted:
        first, last = _parse(text)
        found = (indices >= first) & (indices <= last)
        if np.count_nonzero(found) <= last - first:
            raise PlotError(_tell_missing(split, first, indices[found]))
        chosen |= found
    return sorted(np.flatnonzero(chosen).tolist())


def _tell_missing(split: Any, first: int, found: NDArray[np.int64]) -> str:
    """Return a message that names the first sample from `first` on that is not there."""
    there = set(found.tolist())
    missing = next(number for number in itertools.count(first) if number not in there)
    indices = split.indices
    title = split.title
    ends = f"{indices.min()} to {indices.max()}"
    return f"{title} has no sample {missing}; it has {len(indices)} samples, {ends}"


def _parse(text: str) -> tuple[int, int]:
    """Return the first and the last index of a range."""
    found = _RANGE.fullmatch(text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first:
        raise PlotError(f"--sample takes an index, a range such as 0-9, or all, not {text!r}")
    return first, last
