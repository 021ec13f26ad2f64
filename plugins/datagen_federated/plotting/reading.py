"""Runs read from a split, by the indices of samples."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.plotting.runs import FIELDS, FederatedRun, Table
from datagen_images import ImagesError
from datagen_images.sources.catalogue import find_publication
from datagen_pictures import PictureError

if TYPE_CHECKING:
    from datagen_core import Split

_TABLES = {
    "breast_cancer": ("malignant", "benign"),
    "iris": ("setosa", "versicolor", "virginica"),
}
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def read_runs(split: Split, wanted: Sequence[str], params: Mapping[str, Any]) -> list[FederatedRun]:
    """Return runs of a split, in the order of their indices.

    Parameters
    ----------
    split
        A split of `federated_metrics`.
    wanted
        Indices, ranges of indices (`0-9`, both ends included) or `all`; empty for the first sample.
    params
        The parameters of the set, for the names of classes.

    Raises
    ------
    PictureError
        When the samples are not federated runs, or a wanted sample does not exist.
    """
    check_fields(split)
    classes = name_classes(params)
    indices = split.indices
    return [
        FederatedRun.from_sample(split[place], int(indices[place]), classes)
        for place in _find_places(split, wanted or _first(split))
    ]


def read_rounds(split: Split, wanted: Sequence[str]) -> tuple[Table, ...]:
    """Return the tables of rounds of runs of a split; all runs if none are wanted.

    Raises
    ------
    PictureError
        When the samples are not federated runs, or a wanted sample does not exist.
    """
    check_fields(split)
    # One sample at a time, since weights may be among its fields.
    places = _find_places(split, wanted or ["all"])
    return tuple(np.array(split[place]["rounds"]) for place in places)


def check_fields(split: Split) -> None:
    """Refuse a split without samples, and samples that are not federated runs."""
    where = split.title
    missing = [field for field in FIELDS if field not in split.schema.fields]
    if missing:
        raise PictureError(
            f"{where} does not hold federated runs: its samples have no {missing[0]}; "
            "name a data set of federated_metrics"
        )
    if not len(split):
        raise PictureError(f"{where} has no samples; choose another with --split")


def _first(split: Split) -> list[str]:
    return [str(split.indices[0])]


def _find_places(split: Split, wanted: Sequence[str]) -> list[int]:
    """Return the places of wanted samples in a split, ascending."""
    if "all" in wanted:
        return list(range(len(split)))
    indices = split.indices
    chosen = np.zeros(len(indices), bool)
    for text in wanted:
        first, last = _parse(text)
        found = (indices >= first) & (indices <= last)
        if np.count_nonzero(found) <= last - first:
            raise PictureError(_describe_missing(split, first, indices[found]))
        chosen |= found
    return sorted(np.flatnonzero(chosen).tolist())


def _describe_missing(split: Split, first: int, found: NDArray[np.int64]) -> str:
    """Return a message that names the first missing sample from `first` on."""
    known = set(found.tolist())
    missing = next(number for number in itertools.count(first) if number not in known)
    indices = split.indices
    title = split.title
    ends = f"{indices.min()} to {indices.max()}"
    return f"{title} has no sample {missing}; it has {len(indices)} samples, {ends}"


def _parse(text: str) -> tuple[int, int]:
    """Return the first and the last index of a range."""
    found = _RANGE.fullmatch(text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first:
        raise PictureError(f"--sample takes an index, a range such as 0-9, or all, not {text!r}")
    return first, last


def name_classes(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the name of each label of the data set in parameters; empty if unknown."""
    source: Any = params.get("dataset")
    if source in _TABLES:
        return _TABLES[source]
    try:
        classes = find_publication(source, "train", params.get("variant")).classes
    except ImagesError:
        return ()
    # Labels are numbered without gaps; the class without a name has no images.
    return tuple(name for name in classes if name != "N/A")
