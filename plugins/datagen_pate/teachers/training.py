"""Training of all teachers, on one machine or as jobs of an array, and their accuracy."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from datagen_pate.classifier.recipes import Recipe
from datagen_pate.errors import ArgumentError
from datagen_pate.evaluation.classes import CLASSES, name_classes
from datagen_pate.labelled.digits import Labelled
from datagen_pate.teachers.artefact import FILES, Shard, count_teachers, read_shard, read_teacher
from datagen_pate.teachers.parts import Parts, Plan, hash_weights
from datagen_pate.teachers.processes import run_workers

__all__ = ["Plan", "Progress", "train_part", "train_teachers"]


class Progress(NamedTuple):
    """A teacher that has just been trained, and the number done of those of this call."""

    teacher: int
    done: int
    total: int


def train_teachers(
    plan: Plan,
    folder: Path,
    *,
    ids: range | None = None,
    njobs: int = 1,
    device: str = "cpu",
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, Any] | None:
    """Train the teachers of a plan that the folder lacks.

    A teacher depends on its shard, the recipe, the seed and its number alone, whichever process
    trains it. When all are done, they are packed into the folder's three files.

    Parameters
    ----------
    ids
        Only these teachers; other processes may train others in the same folder at the same time.
    njobs
        Number of processes with one thread each; 1 trains in this process.
    progress
        Called after each teacher.

    Returns
    -------
    dict or None
        The report, `teachers.json`; None while teachers are missing.

    Raises
    ------
    PateError
        When the folder holds teachers of another plan, or a process fails.
    """
    chosen = range(plan.teachers) if ids is None else ids
    if not 0 <= chosen.start < chosen.stop <= plan.teachers:
        raise ArgumentError(
            f"teachers {chosen.start} to {chosen.stop - 1} do not exist among {plan.teachers}; "
            "choose others with --start-id and --end-id"
        )
    parts = Parts(folder)
    parts.begin(plan)
    missing = parts.missing(chosen)
    report = _counted(progress, len(missing))
    if njobs > 1 and len(missing) > 1:
        run_workers(folder, missing, njobs, device, report)
    else:
        for k in missing:
            train_part(folder, k, device)
            report(k)
    return None if parts.missing(range(plan.teachers)) else parts.pack()


def train_part(folder: Path, k: int, device: str = "cpu") -> None:
    """Train teacher k of an unfinished folder, and write it there."""
    parts = Parts(folder)
    plan = parts.read()["plan"]
    shard = read_shard(folder / FILES[1], k)
    weights, report = _train(shard, plan, k, device)
    parts.save(k, weights, {"teacher_id": k, **report})


def _train(shard: Shard, plan: dict[str, Any], k: int, device: str) -> tuple[Any, dict[str, Any]]:
    # These import torch, which is only needed where something is trained.
    from datagen_pate.classifier.files import flatten_weights
    from datagen_pate.classifier.prediction import predict
    from datagen_pate.classifier.training import Epoch, train_classifier

    epochs: list[Epoch] = []
    start = time.process_time()
    model = train_classifier(
        shard.images,
        shard.labels,
        Recipe(**plan["recipe"]),
        np.random.SeedSequence(plan["seed"], spawn_key=(k,)),
        device=device,
        after_epoch=lambda _, epoch: epochs.append(epoch),
    )
    seconds = time.process_time() - start
    right = predict(model, shard.images).argmax(axis=1) == shard.labels
    weights = flatten_weights(model)
    return weights, {
        "shard_size": len(shard.images),
        "class_distribution": name_classes(_counts(shard)),
        "training_accuracy": float(right.mean()),
        "final_loss": epochs[-1].loss,
        "weights_sha256": hash_weights(weights),
        "cpu_seconds": round(seconds, 2),
    }


def _counts(shard: Shard) -> Any:
    return shard.class_counts if shard.class_counts is not None else ()


def _counted(progress: Callable[[Progress], None] | None, total: int) -> Callable[[int], None]:
    done = 0

    def report(teacher: int) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(Progress(teacher, done, total))

    return report


def assess_teachers(weights: Path, data: Labelled, device: str = "cpu") -> dict[str, Any]:
    """Return accuracies, in percent, of each teacher and of the plurality of their votes.

    Equal counts of votes go to the lower class. Images that a teacher was trained on raise its
    accuracy.
    """
    from datagen_pate.classifier.prediction import predict  # torch

    votes = np.zeros((len(data), CLASSES), np.int64)
    accuracies = []
    for k in range(count_teachers(weights)):
        labels = predict(read_teacher(weights, k, device), data.images).argmax(axis=1)
        votes[np.arange(len(data)), labels] += 1
        accuracies.append(100 * float((labels == data.labels).mean()))
    return {
        "data": data.describe(),
        "teacher_accuracy": accuracies,
        "mean_accuracy": float(np.mean(accuracies)),
        "min_accuracy": min(accuracies),
        "max_accuracy": max(accuracies),
        "plurality_accuracy": 100 * float((votes.argmax(axis=1) == data.labels).mean()),
    }
