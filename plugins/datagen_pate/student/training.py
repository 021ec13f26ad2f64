"""Training of students on labelled synthetic images."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import hash_file
from datagen_pate.classifier.recipes import Recipe
from datagen_pate.errors import ArgumentError
from datagen_pate.files.writing import read_json, write_json
from datagen_pate.labelled.digits import Labelled

if TYPE_CHECKING:
    from datagen_pate.classifier.network import Classifier

Images = NDArray[np.uint8] | NDArray[np.float32]
Labels = NDArray[np.int64]

BEST, FINAL, REPORT = "student_model_best.pth", "student_model_final.pth", "student_report.json"


@dataclass(frozen=True, eq=False)
class TrainedStudent:
    """A student after its training.

    Attributes
    ----------
    best
        The model of the epoch with the highest accuracy on the synthetic images that were kept for
        validation; the earliest of equals. The original keeps it, but that accuracy compares with
        the teachers' labels: it shows little about real digits.
    final
        The model after the last epoch.
    history
        For each epoch: epoch, train_loss, train_accuracy, and synthetic_validation_accuracy, None
        without validation. Accuracies are in percent.
    """

    best: Classifier
    final: Classifier
    history: Sequence[dict[str, Any]]

    @property
    def best_epoch(self) -> int:
        """The number of the epoch of `best`."""
        scores = [entry["synthetic_validation_accuracy"] for entry in self.history]
        return len(scores) if scores[0] is None else scores.index(max(scores)) + 1


def train_student(
    data: Labelled,
    recipe: Recipe,
    *,
    train_split: float = 0.8,
    seed: int = 42,
    device: str = "cpu",
    progress: Callable[[dict[str, Any]], None] | None = None,
) -> TrainedStudent:
    """Train a student on synthetic images; all randomness comes from the seed.

    Parameters
    ----------
    data
        Synthetic images; normalised already where the recipe says so.
    train_split
        Share of the images to train on; the rest validates. 1 trains on all.
    progress
        Called with each entry of the history.

    Raises
    ------
    PateError
        When a share is empty, or training diverges.
    """
    from datagen_pate.classifier.training import train_classifier  # torch

    sequence = np.random.SeedSequence(seed)
    order = np.random.default_rng(sequence.spawn(1)[0]).permutation(len(data))
    trained, kept = np.split(order, [_count_trained(len(data), train_split)])
    images, labels = data.images, data.labels
    watch = _Watch(images[kept], labels[kept], normalized=not recipe.normalize, progress=progress)
    final = train_classifier(
        images[trained], labels[trained], recipe, sequence, device=device, after_epoch=watch
    )
    return TrainedStudent(watch.best or final, final, watch.history)


def _count_trained(count: int, train_split: float) -> int:
    trained = round(count * train_split)
    if not 0 < train_split <= 1 or trained == 0 or (trained == count and train_split < 1):
        raise ArgumentError(
            f"train_split {train_split} leaves nothing to train on or to validate with of {count} "
            "images; give 0.8, or 1 to train on all"
        )
    return trained


class _Watch:
    """Validates after each epoch and keeps the best model."""

    def __init__(
        self,
        images: Images,
        labels: Labels,
        *,
        normalized: bool,
        progress: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        self._images, self._labels, self._normalized = images, labels, normalized
        self._progress = progress
        self.history: list[dict[str, Any]] = []
        self.best: Classifier | None = None
        self._score = -1.0

    def __call__(self, model: Classifier, epoch: Any) -> None:
        score = self._validate(model)
        entry = {"epoch": epoch.number, "train_loss": epoch.loss}
        entry |= {"train_accuracy": 100 * epoch.accuracy, "synthetic_validation_accuracy": score}
        self.history.append(entry)
        if self._progress is not None:
            self._progress(entry)
        if score is not None and score > self._score:
            from datagen_pate.classifier.files import flatten_weights, restore_weights

            self._score, self.best = score, restore_weights(flatten_weights(model))

    def _validate(self, model: Classifier) -> float | None:
        from datagen_pate.classifier.prediction import predict

        if not len(self._images):
            return None
        probabilities = predict(model, self._images, normalized=self._normalized)
        return 100 * float((probabilities.argmax(axis=1) == self._labels).mean())


def train_students(
    data: Labelled,
    recipe: Recipe,
    folder: Path,
    *,
    seeds: Sequence[int] = (42,),
    **options: Any,
) -> dict[str, Any]:
    """Train one student for each seed, write their files, and return the report.

    The first one's are `student_model_best.pth` and `student_model_final.pth` in the folder, as the
    original's; those of further seeds are in `repeat_1/`, `repeat_2/`… `student_report.json` is
    written last. Existing students of the same images, recipe and seed are not trained
    again.

    Parameters
    ----------
    options
        Those of `train_student`, seed apart.
    """
    places = [folder / f"repeat_{repeat}" if repeat else folder for repeat in range(len(seeds))]
    students = [
        _train_one(data, recipe, place, {"seed": seed, **options})
        for seed, place in zip(seeds, places, strict=True)
    ]
    scores = [student["synthetic_validation_accuracy"] for student in students]
    report = {
        "data": data.describe(),
        "recipe": asdict(recipe),
        "train_split": options.get("train_split", 0.8),
        "synthetic_validation_accuracy": summarize(scores) if None not in scores else None,
        "students": students,
    }
    write_json(folder / REPORT, report)
    return report


def _train_one(
    data: Labelled, recipe: Recipe, place: Path, options: dict[str, Any]
) -> dict[str, Any]:
    from datagen_pate.classifier.files import save_classifier

    named = {name: value for name, value in options.items() if name != "progress"}
    decided_by = {"data_sha256": data.sha256, "recipe": asdict(recipe), **named}
    kept = find_student(place, decided_by)
    if kept is not None:
        return kept
    start = time.process_time()
    student = train_student(data, recipe, **options)
    seconds = time.process_time() - start
    paths = {"best": place / BEST, "final": place / FINAL}
    save_classifier(student.best, paths["best"])
    save_classifier(student.final, paths["final"])
    best = student.history[student.best_epoch - 1]
    report = {
        "seed": options["seed"],
        "best_model": {"path": str(paths["best"]), "sha256": hash_file(paths["best"])},
        "final_model": {"path": str(paths["final"]), "sha256": hash_file(paths["final"])},
        "best_epoch": student.best_epoch,
        "synthetic_validation_accuracy": best["synthetic_validation_accuracy"],
        "cpu_seconds": round(seconds, 2),
        "history": list(student.history),
    }
    keep_student(place, decided_by, report)
    return report


def summarize(values: Sequence[float]) -> dict[str, Any]:
    """Return mean and spread, which is the sample's standard deviation, None for one value."""
    spread = stdev(values) if len(values) > 1 else None
    return {"mean": mean(values), "spread": spread, "values": list(values)}


RECORD = "student.json"
"""The last file of a student: everything that decided it, and its report."""

_FORMAT = "1.0"


def keep_student(place: Path, decided_by: dict[str, Any], report: dict[str, Any]) -> None:
    """Record that a student is complete."""
    content = {"format": _FORMAT, "decided_by": decided_by, "report": report}
    write_json(place / RECORD, content)


def find_student(place: Path, decided_by: dict[str, Any]) -> dict[str, Any] | None:
    """Return the report of the student in a folder; None when it differs or is incomplete."""
    try:
        content = read_json(place / RECORD, _FORMAT)
        report: dict[str, Any] = content["report"]
        files = [(place / Path(report[name]["path"]).name, report[name]) for name in _MODELS]
        is_whole = all(hash_file(path) == told["sha256"] for path, told in files)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not is_whole or content.get("decided_by") != json.loads(json.dumps(decided_by)):
        return None
    moved = {
        name: {**report[name], "path": str(path)}
        for name, (path, _) in zip(_MODELS, files, strict=True)
    }
    return {**report, **moved}


_MODELS = ("best_model", "final_model")
