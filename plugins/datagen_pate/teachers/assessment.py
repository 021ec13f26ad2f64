"""How good teachers are on images that somebody gives; for reports, never for a choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from datagen_pate.labelled.digits import CLASSES, Labelled
from datagen_pate.teachers.artefact import count_teachers, read_teacher


def assess_teachers(weights: Path, data: Labelled, device: str = "cpu") -> dict[str, Any]:
    """Return accuracies, in percent, of each teacher and of the plurality of their votes.

    Equal counts of votes go to the lower class. Images that a teacher was trained on make it look
    better than it is.
    """
    from datagen_pate.classifier import predict  # torch

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
