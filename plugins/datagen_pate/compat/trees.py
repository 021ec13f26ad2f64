"""The original's tree of files: one folder for each teacher, read and written.

::

    teachers/teacher_<id>/synthetic_samples.pt    float32 (n, 1, 28, 28) in [0, 1]
                          labels.csv              index,label,confidence
                          selection_report.json
                          evaluation_report.json
                          metadata.json           class counts of the shard
                          shard.pt                its images
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import hash_file
from datagen_pate.errors import ArgumentError, PateError
from datagen_pate.evaluation import evaluate
from datagen_pate.evaluation.classes import name_classes
from datagen_pate.evaluation.shard_facts import (
    ShardFacts,
    describe_shard,
    find_shards,
    read_class_counts,
)
from datagen_pate.files.sample_files import read_labels, read_samples, write_labels, write_samples
from datagen_pate.files.writing import write_json
from datagen_pate.teachers.artefact import Shard, read_shard

if TYPE_CHECKING:
    from datagen_core import ParamSet, Selection

TEACHERS = "teachers"
SAMPLES, LABELS = "synthetic_samples.pt", "labels.csv"
SELECTION, EVALUATION = "selection_report.json", "evaluation_report.json"
METADATA, SHARD = "metadata.json", "shard.pt"

_FOLDER = re.compile(r"teacher_(\d+)")


@dataclass(frozen=True)
class TeacherFolder:
    """One teacher's folder. Each property reads a file, and raises PateError if it is damaged."""

    teacher_id: int
    path: Path

    @cached_property
    def _rows(self) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
        return read_labels(self.path / LABELS)

    @property
    def labels(self) -> NDArray[np.uint8]:
        """uint8 `(n,)`."""
        return self._rows[0]

    @property
    def confidence(self) -> NDArray[np.float32] | None:
        """float32 `(n,)`; None where the file has no such column."""
        return self._rows[1]

    @property
    def images(self) -> NDArray[np.float32]:
        """float32 `(n, 28, 28)`, mapped from the file."""
        images = read_samples(self.path / SAMPLES)
        if len(images) != len(self.labels):
            raise PateError(
                f"{self.path} has {len(images)} images and {len(self.labels)} labels; "
                "make them again"
            )
        return images

    @property
    def shard(self) -> ShardFacts:
        """What is known of the shard, from shard.pt and metadata.json where they exist."""
        return read_shard_files(self.path / SHARD, self.path / METADATA)


def list_teachers(
    folder: Path, start: int = 0, end: int | None = None, compat: str | None = None
) -> list[TeacherFolder]:
    """Return the teachers in a folder `teachers`, or in the one around it, by number.

    Parameters
    ----------
    start, end
        The first number, and the one after the last; None for all.
    compat
        `original` sorts by name, so that 10 comes before 2.

    Raises
    ------
    PateError
        When there is no teacher with synthetic samples.
    """
    inside = folder / TEACHERS
    root = inside if inside.is_dir() else folder
    named = [(_FOLDER.fullmatch(path.parent.name), path) for path in root.glob(f"*/{SAMPLES}")]
    found = [TeacherFolder(int(name[1]), path.parent) for name, path in named if name]
    chosen = [each for each in found if each.teacher_id >= start]
    chosen = [each for each in chosen if end is None or each.teacher_id < end]
    if not chosen:
        wanted = f"from {start}{'' if end is None else f' to {end - 1}'}"
        raise PateError(
            f"{folder} has no teacher_<id>/{SAMPLES} {wanted}; name the folder `teachers`"
        )
    if compat == "original":
        return sorted(chosen, key=lambda each: each.path.name)
    return sorted(chosen, key=lambda each: each.teacher_id)


def read_shard_files(images: Path, metadata: Path) -> ShardFacts:
    """Return what is known of a shard from its two files, either of which may be missing."""
    counts = read_class_counts(metadata) if metadata.is_file() else None
    return ShardFacts(read_samples(images) if images.is_file() else None, counts)


def write_teacher(
    folder: Path,
    sample: Mapping[str, Any],
    shard: ShardFacts | None = None,
    *,
    with_evaluation: bool = True,
) -> None:
    """Write one teacher's synthetic set and its reports as `folder`.

    Parameters
    ----------
    sample
        `images` uint8 `(n, 28, 28)`, `labels`, `confidence`, and `report`: a dict or its JSON.
    shard
        The shard that the evaluation compares with; it is not written.
    with_evaluation
        Whether to measure the set, which is most of the work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images, labels, confidence = (sample[name] for name in ("images", "labels", "confidence"))
    write_samples(folder / SAMPLES, len(images), [images])
    write_labels(folder / LABELS, {"label": labels, "confidence": confidence})
    given = sample["report"]
    report = json.loads(given) if isinstance(given, str) else dict(given)
    paths = {"samples_path": SAMPLES, "labels_path": LABELS}
    report |= {**paths, "samples_hash": hash_file(folder / SAMPLES)}
    write_json(folder / SELECTION, report)
    if with_evaluation:
        measured = evaluate(images, labels, confidence, shard)
        measured["metadata"] |= {f"synthetic_{name}": path for name, path in paths.items()}
        write_json(folder / EVALUATION, measured)


def write_shard(folder: Path, teacher_id: int, shard: Shard) -> list[Path]:
    """Write the private images of a teacher and their class counts where they are known.

    Returns the files.
    """
    written = []
    if shard.is_known:
        write_samples(folder / SHARD, len(shard.images), [shard.images])
        written.append(folder / SHARD)
    if shard.class_counts is not None:
        counts = name_classes(shard.class_counts)
        content = {
            "teacher_id": teacher_id,
            "shard_size": sum(counts.values()),
            "class_distribution": counts,
            "shard_path": f"{TEACHERS}/{folder.name}/{SHARD}",
        }
        write_json(folder / METADATA, content)
        written.append(folder / METADATA)
    return written


def write_tree(
    path: Path, selection: Selection, *, evaluation: str = "yes", shards: str = "no"
) -> None:
    """Write samples of `pate_images` as the original's tree: format `pate` of `datagen export`.

    Parameters
    ----------
    path
        The folder to make; sample k becomes `teachers/teacher_<k>/`.
    selection
        What to export, with `param_set` and `parts`.
    evaluation
        `no` leaves out evaluation_report.json, which is most of the work.
    shards
        `yes` also writes shard.pt and metadata.json. They are private data.

    Raises
    ------
    PateError
        When samples are not those of `pate_images`, or an option is neither yes nor no.
    """
    for name, value in (("evaluation", evaluation), ("shards", shards)):
        if value not in {"yes", "no"}:
            raise ArgumentError(f"{name} must be yes or no, not {value!r}")
    known = find_shards(selection.param_set)
    if shards == "yes" and known is None:
        raise ArgumentError(
            f"{selection.param_set} was made without shards, which therefore cannot be written; "
            "leave out shards=yes"
        )
    for teacher_id, sample in iterate_samples(selection):
        folder = path / TEACHERS / f"teacher_{teacher_id}"
        shard = None if known is None else read_shard(known, teacher_id)
        facts = describe_shard(shard)
        write_teacher(folder, sample, facts, with_evaluation=evaluation == "yes")
        if shards == "yes" and shard is not None:
            write_shard(folder, teacher_id, shard)


def iterate_samples(selection: Selection) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the samples of a selection by their index, which is the teacher's number.

    Raises
    ------
    PateError
        When they are not those of `pate_images`.
    """
    check_synthetic(selection.param_set)
    for samples in selection.parts.values():
        for place, index in enumerate(samples.indices.tolist()):
            yield index, samples[place]


def check_synthetic(param_set: ParamSet) -> Any:
    """Return a parameter set whose samples are synthetic sets of teachers.

    Raises
    ------
    PateError
        When they are not.
    """
    if {"images", "labels", "confidence", "report"} <= set(param_set.schema.fields):
        return param_set
    raise PateError(
        f"{param_set} does not hold sets of teachers; choose a parameter set of pate_images"
    )
