"""Evaluating a synthetic set in files of the original."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from datagen_core.files import hash_file
from datagen_images import load_images
from datagen_pate.compat.trees import LABELS, METADATA, read_shard_files
from datagen_pate.errors import ArgumentError, PateError
from datagen_pate.evaluation.classes import count_labels
from datagen_pate.evaluation.report import evaluate
from datagen_pate.evaluation.shard_facts import ShardFacts
from datagen_pate.files.sample_files import read_labels, read_samples
from datagen_pate.teachers.division import read_shard_indices


class SetFiles(NamedTuple):
    """A set and its shard.

    Attributes
    ----------
    samples, labels
        The set; labels of None are looked for beside the samples.
    shard, shard_labels
        Images of the shard, and their labels; without these, metadata.json beside the images.
    teacher_id, shard_indices, mnist
        Used without `shard`: the teacher, the file that lists its images of MNIST's training set,
        and the folder of MNIST, None for the usual places.
    """

    samples: Path
    labels: Path | None = None
    shard: Path | None = None
    shard_labels: Path | None = None
    teacher_id: int | None = None
    shard_indices: Path | None = None
    mnist: Path | None = None


def evaluate_files(files: SetFiles) -> dict[str, Any]:
    """Return the evaluation of a set, with paths in `metadata` and hashes in `inputs`.

    Raises
    ------
    PateError
        When a file cannot be read, or the numbers of images and labels differ.
    ImagesError
        When MNIST is needed and cannot be found or downloaded.
    """
    images = read_samples(files.samples)
    beside = files.samples.with_name(LABELS)
    path = files.labels or (beside if beside.is_file() else None)
    labels, confidence = read_labels(path) if path is not None else (None, None)
    if labels is not None and len(labels) != len(images):
        raise PateError(
            f"{path} has {len(labels)} labels for {len(images)} images of {files.samples}; "
            "name the file that belongs to them with --labels"
        )
    report = evaluate(images, labels, confidence, _read_shard(files))
    report["metadata"] |= {
        "synthetic_samples_path": str(files.samples),
        "synthetic_labels_path": None if path is None else str(path),
        "original_shard_path": None if files.shard is None else str(files.shard),
    }
    taken = [files.samples, path, files.shard, files.shard_labels]
    if files.shard is None and files.teacher_id is not None:
        taken.append(files.shard_indices)
    report["inputs"] = {str(each): hash_file(each) for each in taken if each is not None}
    return report


def _read_shard(files: SetFiles) -> ShardFacts:
    if files.shard is None:
        if files.shard_labels is not None:
            raise ArgumentError(
                "--shard-labels needs the images that they belong to; name --shard too"
            )
        return ShardFacts() if files.teacher_id is None else _take_shard(files)
    if not files.shard.is_file():
        raise PateError(f"{files.shard} does not exist; name the shard, or leave --shard out")
    facts = read_shard_files(files.shard, files.shard.with_name(METADATA))
    if files.shard_labels is None or facts.images is None:
        return facts
    labels, _ = read_labels(files.shard_labels)
    if len(labels) != len(facts.images):
        raise PateError(
            f"{files.shard_labels} has {len(labels)} labels for {len(facts.images)} images "
            f"of {files.shard}; name the file that belongs to them"
        )
    return ShardFacts(facts.images, count_labels(labels))


def _take_shard(files: SetFiles) -> ShardFacts:
    """Take a teacher's images from MNIST's training set."""
    if files.shard_indices is None:
        raise ArgumentError("--teacher-id needs to know the teacher's images; name --shard-indices")
    mnist = load_images("mnist", files.mnist)
    (rows,) = read_shard_indices(files.shard_indices, [files.teacher_id or 0], len(mnist.images))
    return ShardFacts(mnist.images[rows], count_labels(mnist.labels[rows]))
