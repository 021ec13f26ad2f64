"""How good students are on real digits, in the form of the original's report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import hash_file
from datagen_pate.evaluation.classes import count_labels
from datagen_pate.labelled.digits import Labelled
from datagen_pate.student.training import summarize

_LEAST = np.finfo(np.float32).tiny


def evaluate_student(
    model: Path, data: Labelled, *, batch: int = 128, device: str = "cpu"
) -> dict[str, Any]:
    """Return the original's report of one student on labelled images.

    Its entries are model_path, mnist_test_dir (what the images are), total_samples,
    correct_predictions, incorrect_predictions, overall_accuracy in percent, average_loss (mean
    negative log-likelihood), per_class_accuracy in percent (None for a class without images),
    per_class_correct and per_class_total; and the SHA-256 of model and images.

    Raises
    ------
    PateError
        When the model cannot be read or is of another network.
    """
    from datagen_pate.classifier.files import load_classifier  # torch
    from datagen_pate.classifier.prediction import predict

    probabilities = predict(load_classifier(model, device), data.images, batch=batch)
    right = probabilities.argmax(axis=1) == data.labels
    chosen = probabilities[np.arange(len(data)), data.labels].astype(np.float64)
    return {
        "model_path": str(model),
        "mnist_test_dir": data.origin,
        "total_samples": len(data),
        "correct_predictions": int(right.sum()),
        "incorrect_predictions": int((~right).sum()),
        "overall_accuracy": 100 * float(right.mean()),
        "average_loss": float(-np.log(np.maximum(chosen, _LEAST)).mean()),
        **_count_classes(right, data.labels),
        "model_sha256": hash_file(model),
        "data_sha256": data.sha256,
        "data_files": dict(data.files),
    }


def _count_classes(right: NDArray[np.bool_], labels: NDArray[np.int64]) -> dict[str, Any]:
    totals = count_labels(labels).tolist()
    correct = count_labels(labels[right]).tolist()
    pairs = list(zip(correct, totals, strict=True))
    shares = [100 * hits / total if total else None for hits, total in pairs]
    named = {
        "per_class_accuracy": shares,
        "per_class_correct": correct,
        "per_class_total": totals,
    }
    return {name: {str(c): v for c, v in enumerate(values)} for name, values in named.items()}


def evaluate_students(
    models: Sequence[Path], data: Labelled, *, batch: int = 128, device: str = "cpu"
) -> dict[str, Any]:
    """Return the report of one student; of several, all reports with mean and spread."""
    reports = [evaluate_student(model, data, batch=batch, device=device) for model in models]
    if len(reports) == 1:
        return reports[0]
    return {
        "overall_accuracy": summarize([report["overall_accuracy"] for report in reports]),
        "average_loss": summarize([report["average_loss"] for report in reports]),
        "models": reports,
    }
