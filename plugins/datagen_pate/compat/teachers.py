"""Teachers in the folders of the original: read and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from datagen_core.files import hash_file
from datagen_pate.compat.trees import write_shard
from datagen_pate.errors import ArgumentError, PateError
from datagen_pate.evaluation.classes import name_classes
from datagen_pate.evaluation.distances import round_to_stored
from datagen_pate.evaluation.shard_facts import read_class_counts
from datagen_pate.files.sample_files import read_samples
from datagen_pate.files.writing import write_json
from datagen_pate.labelled.digits import Labelled
from datagen_pate.teachers.artefact import (
    FILES,
    REPORT_FORMAT,
    UNKNOWN,
    Shard,
    open_weights,
    read_report,
    read_shard,
    read_teacher,
    write_shards,
    write_weights,
)
from datagen_pate.teachers.division import read_shard_indices, write_shard_indices
from datagen_pate.teachers.parts import hash_weights

MODELS, SHARDS, INDICES = "trained_nets_gpu", "teachers", "shard_indices.json"
_INNER = "wp3_d3.2_saferlearn"  # where the original keeps models and indices, beside its `teachers`


def import_teachers(
    source: Path,
    folder: Path,
    *,
    data: Labelled | None = None,
    shard_indices: Path | None = None,
    shards: Path | None = None,
    metadata: Path | None = None,
) -> dict[str, Any]:
    """Make a folder of teachers from the original's `<id>/model.pth`, and return its report.

    Shards are taken from `data` by `shard_indices`, where both are given; otherwise from
    `teacher_<id>/shard.pt` and `metadata.json`, which hold no labels but the number of images of
    each class; otherwise they stay unknown, and checks that need them are not done.

    Parameters
    ----------
    source
        The folder `trained_nets_gpu` with `<id>/model.pth`, one around it, or the original's own
        folder; or one with `teacher_<id>/model.pth`. Its teachers are 0, 1, … without a gap.
    folder
        The new artefact.
    data
        The private set that `shard_indices` refers to.
    shard_indices
        None: `shard_indices.json` in `source` or around it, if there is one.
    shards
        The folder `teachers`. None: that in `source` or around it, if there is one.
    metadata
        The folder with `teacher_<id>/metadata.json`. None: that of the shards.

    Raises
    ------
    PateError
        When a teacher is missing or of another network, a file does not fit, or the folder holds
        teachers already.
    """
    from datagen_pate.classifier.files import flatten_weights, load_classifier  # torch

    if (folder / FILES[2]).exists():
        raise PateError(f"{folder} already holds teachers; name another folder with -o")
    models = _find_models(source)
    indices = shard_indices or _find(source, INDICES)
    files = _ShardFiles(shards or _find(source, SHARDS), metadata)
    found = _read_shards(len(models), data, indices, files)
    for path in models:
        load_classifier(path)  # before anything is written
    rows = (flatten_weights(load_classifier(path)) for path in models)
    write_weights(folder / FILES[0], rows, len(models))
    write_shards(folder / FILES[1], found)
    report = {
        "format": REPORT_FORMAT,
        "imported_from": str(source),
        "weights_sha256": hash_file(folder / FILES[0]),
        "shards_sha256": hash_file(folder / FILES[1]),
        "data": None if data is None else data.describe(),
        "teachers": [_describe(k, path, found[k], folder) for k, path in enumerate(models)],
    }
    write_json(folder / FILES[2], report)
    return report


def export_teachers(folder: Path, destination: Path) -> list[Path]:
    """Write teachers as the original's scripts read them, and return the files.

    These are `trained_nets_gpu/<id>/model.pth`; and where the shards are known `shard_indices.json`
    and `teachers/teacher_<id>/shard.pt`, float `(n, 1, 28, 28)` in [0, 1], with `metadata.json`.

    Raises
    ------
    PateError
        When the folder is not finished.
    """
    from datagen_pate.classifier.files import save_classifier  # torch

    teachers = range(len(read_report(folder)["teachers"]))
    written, shards = [], [read_shard(folder / FILES[1], k) for k in teachers]
    for k in teachers:
        path = destination / MODELS / str(k) / "model.pth"
        save_classifier(read_teacher(folder / FILES[0], k), path)
        written += [path, *write_shard(destination / SHARDS / f"teacher_{k}", k, shards[k])]
    if all(len(shard.indices) and shard.indices.min() >= 0 for shard in shards):
        write_shard_indices([shard.indices for shard in shards], destination / INDICES)
        written.append(destination / INDICES)
    return written


def _find_models(source: Path) -> list[Path]:
    """Return the files of teachers 0, 1, …, in this order."""
    inside = (source / MODELS, source / _INNER / MODELS)
    root = next((place for place in inside if place.is_dir()), source)
    paths = [*root.glob("[0-9]*/model.pth"), *root.glob("teacher_[0-9]*/model.pth")]
    found = {int(path.parent.name.removeprefix("teacher_")): path for path in paths}
    if not found:
        raise PateError(f"{source} has no <id>/model.pth; name the folder with the teachers")
    missing = sorted(set(range(max(found) + 1)) - set(found))
    if missing:
        raise PateError(f"{root} has no {missing[0]}/model.pth; teachers count from 0")
    return [found[k] for k in sorted(found)]


def _find(source: Path, name: str) -> Path | None:
    places = [source / name, source / _INNER / name, source.parent / name]
    if source.absolute().parent.name == _INNER:
        places.append(source.absolute().parents[1] / name)
    return next((place for place in places if place.exists()), None)


class _ShardFiles(NamedTuple):
    """Folders with `teacher_<id>/shard.pt` and with `metadata.json`, by default the same."""

    images: Path | None
    metadata: Path | None

    def read(self, k: int) -> Shard:
        images = np.empty((0, 28, 28), np.uint8)
        tensor = self._locate(self.images, k, "shard.pt")
        if tensor is not None:
            images = round_to_stored(read_samples(tensor))
        told = self._locate(self.metadata or self.images, k, "metadata.json")
        counts = None if told is None else read_class_counts(told)
        unknown = np.full(len(images), UNKNOWN, np.int64)
        return Shard(images, unknown, unknown, counts)

    @staticmethod
    def _locate(folder: Path | None, k: int, name: str) -> Path | None:
        path = None if folder is None else folder / f"teacher_{k}" / name
        return path if path is not None and path.is_file() else None


def _read_shards(
    teachers: int, data: Labelled | None, indices: Path | None, files: _ShardFiles
) -> list[Shard]:
    if data is not None:
        if indices is None:
            raise ArgumentError(
                "private data alone do not show the shards; name shard_indices.json too"
            )
        images = round_to_stored(data.images)
        taken = read_shard_indices(indices, range(teachers), len(data))
        return [Shard.of(images[rows], data.labels[rows], rows) for rows in taken]
    return [files.read(k) for k in range(teachers)]


def _describe(k: int, path: Path, shard: Shard, folder: Path) -> dict[str, Any]:
    counts = shard.class_counts
    size = len(shard.images) if shard.is_known else None
    return {
        "teacher_id": k,
        "model_path": str(path),
        "model_sha256": hash_file(path),
        "shard_size": size if counts is None else int(counts.sum()),
        "class_distribution": None if counts is None else name_classes(counts),
        "weights_sha256": hash_weights(open_weights(folder / FILES[0])[k]),
    }
