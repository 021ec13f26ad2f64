"""Joining the synthetic sets of teachers into one, whole or a part of it, without loading them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import hash_file
from datagen_pate.compat.trees import LABELS, SAMPLES, TeacherFolder, check_synthetic
from datagen_pate.errors import ArgumentError, PateError
from datagen_pate.evaluation.classes import CLASSES, count_labels
from datagen_pate.evaluation.distances import Images, as_unit, average_pairwise_distance
from datagen_pate.files.sample_files import write_labels, write_samples
from datagen_pate.files.writing import write_json
from datagen_pate.selection.apportionment import apportion

if TYPE_CHECKING:
    from datagen_core import ParamSet

_BLOCK = 4096
_MEASURED = 10_000
"""The most images on which the average distance is measured, as in the original."""


@dataclass(frozen=True)
class Source:
    """One teacher's set.

    Attributes
    ----------
    labels
        uint8 `(n,)`.
    read
        Returns its images `(n, 28, 28)`.
    identify
        Returns its identity: SHA-256 of its files by name, or the parameter set's digest.
    """

    teacher_id: int
    labels: NDArray[np.uint8]
    read: Callable[[], Images]
    identify: Callable[[], dict[str, str]] = dict


@dataclass(frozen=True)
class Combination:
    """What to take of all sets together.

    Attributes
    ----------
    percentage
        The share of all images, in (0, 1].
    seed
        What the choice follows from.
    stratify
        Whether classes keep their shares, by the largest remainder; else images are drawn freely.
    name
        Beginning of the files' names.
    """

    percentage: float = 1.0
    seed: int = 42
    stratify: bool = True
    name: str = "combined_synthetic"

    def __post_init__(self) -> None:
        if not 0 < self.percentage <= 1:
            raise ArgumentError(
                f"percentage must be above 0 and at most 1, not {self.percentage:g}"
            )
        if not self.name or "/" in self.name:
            raise ArgumentError(f"name must be the beginning of a file's name, not {self.name!r}")


def list_sources(param_set: ParamSet, start: int = 0, end: int | None = None) -> list[Source]:
    """Return the sets of a parameter set of `pate_images`; sample k is teacher k.

    Raises
    ------
    PateError
        When it holds something else, or no teacher with these numbers.
    """
    samples = check_synthetic(param_set).samples
    places = [
        (place, index)
        for place, index in enumerate(samples.indices.tolist())
        if index >= start and (end is None or index < end)
    ]
    if not places:
        raise ArgumentError(
            f"{param_set} has no teachers from {start}{'' if end is None else f' to {end}'}; "
            "see `datagen list`"
        )
    identity = {"parameter_set": param_set.record.digest}
    return [
        Source(
            index,
            samples[place]["labels"],
            lambda place=place: samples[place]["images"],  # type: ignore[misc]
            lambda: identity,
        )
        for place, index in places
    ]


def read_sources(teachers: Sequence[TeacherFolder]) -> list[Source]:
    """Return the sets of the original's tree; labels are read, images later.

    Raises
    ------
    PateError
        When the labels of a teacher cannot be read.
    """
    return [
        Source(
            each.teacher_id,
            each.labels,
            lambda each=each: each.images,  # type: ignore[misc]
            lambda each=each: {name: hash_file(each.path / name) for name in (SAMPLES, LABELS)},  # type: ignore[misc]
        )
        for each in teachers
    ]


def choose_rows(labels: NDArray[np.uint8], wanted: Combination) -> NDArray[np.int64]:
    """Return the rows to take of all sets joined, ascending.

    Raises
    ------
    PateError
        When the share is less than one image.
    """
    target = round(len(labels) * wanted.percentage)
    if not target:
        raise PateError(
            f"{wanted.percentage:g} of {len(labels)} images is less than one; take more, or look "
            "at the teachers' selection reports"
        )
    if target == len(labels):
        return np.arange(target)
    rng = np.random.default_rng(wanted.seed)
    if not wanted.stratify:
        return np.sort(rng.choice(len(labels), target, replace=False))
    counts = apportion(target, count_labels(labels))
    parts = [
        rng.choice(np.flatnonzero(labels == label), count, replace=False)
        for label, count in enumerate(counts.tolist())
        if count
    ]
    return np.sort(np.concatenate(parts))


def combine(sources: Sequence[Source], output: Path, wanted: Combination) -> dict[str, Any]:
    """Write the combined set into a folder, and return its metadata.

    The files are `<name>_samples.pt`, `<name>_labels.csv`, `<name>_teacher_ids.csv` and, last,
    `<name>_metadata.json`, with the original's keys and `inputs`. Images stay in the order of the
    teachers given; one teacher's images are in memory at a time.

    Raises
    ------
    PateError
        When there is nothing to take, or images cannot be read.
    """
    labels = np.concatenate([np.empty(0, np.uint8), *(source.labels for source in sources)])
    ids = np.repeat([source.teacher_id for source in sources], [len(s.labels) for s in sources])
    rows = choose_rows(labels, wanted)
    measured = _choose_measured(len(rows), wanted.seed)
    kept: list[NDArray[np.float32]] = []
    samples, names = _name_files(output, wanted.name)
    blocks = _keep(_read_rows(sources, rows), measured, kept)
    write_samples(samples, len(rows), blocks)
    write_labels(names["labels_path"], {"label": labels[rows]})
    write_labels(names["teacher_ids_path"], {"teacher_id": ids[rows]})
    metadata = {
        "total_samples": len(rows),
        "num_teachers": len(sources),
        "teacher_ids": [source.teacher_id for source in sources],
        "percentage_used": wanted.percentage,
        "seed": wanted.seed,
        "stratified_sampling": wanted.stratify,
        "class_distribution": _count(labels[rows], range(CLASSES)),
        "teacher_distribution": _count(ids[rows], [source.teacher_id for source in sources]),
        "average_pairwise_distance": average_pairwise_distance(np.concatenate(kept)),
        "samples_path": str(samples),
        **{name: str(path) for name, path in names.items()},
        "shape": [len(rows), 1, 28, 28],
        "samples_hash": hash_file(samples),
        "labels_hash": hash_file(names["labels_path"]),
        "samples_in_average": len(measured),
        "inputs": {str(source.teacher_id): source.identify() for source in sources},
    }
    write_json(output / f"{wanted.name}_metadata.json", metadata)
    return metadata


def _name_files(output: Path, name: str) -> tuple[Path, dict[str, Path]]:
    tables = {f"{kind}_path": output / f"{name}_{kind}.csv" for kind in ("labels", "teacher_ids")}
    return output / f"{name}_samples.pt", tables


def _choose_measured(count: int, seed: int) -> NDArray[np.int64]:
    """Return which of the chosen images the average distance is measured on, ascending."""
    if count <= _MEASURED:
        return np.arange(count)
    drawn = np.random.default_rng([seed, 1]).choice(count, _MEASURED, replace=False)
    return np.sort(drawn)


def _read_rows(sources: Sequence[Source], rows: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """Yield the images of ascending rows, block by block."""
    first = 0
    for source in sources:
        own = rows[slice(*np.searchsorted(rows, [first, first + len(source.labels)]))] - first
        first += len(source.labels)
        if len(own):
            images = source.read()
            for start in range(0, len(own), _BLOCK):
                yield as_unit(images[own[start : start + _BLOCK]]).reshape(-1, 28, 28)


def _keep(
    blocks: Iterator[NDArray[np.float32]],
    measured: NDArray[np.int64],
    kept: list[NDArray[np.float32]],
) -> Iterator[Images]:
    """Yield the blocks, and collect the images at ascending places."""
    first = 0
    for block in blocks:
        places = slice(*np.searchsorted(measured, [first, first + len(block)]))
        kept.append(block[measured[places] - first])
        first += len(block)
        yield block


def _count(values: NDArray[Any], names: Sequence[int]) -> dict[str, int]:
    found = dict(zip(*map(np.ndarray.tolist, np.unique(values, return_counts=True)), strict=True))
    return {str(name): found.get(name, 0) for name in names}
