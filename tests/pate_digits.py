"""Handwritten digits for tests of the PATE pipeline, and a classifier that reads some of them."""

from __future__ import annotations

import functools

import numpy as np

from datagen_pate.classifier.recipes import Recipe
from datagen_pate.labelled import Labelled, check_labelled

QUICK = Recipe(1, 16, "adam", 2e-3, schedule="cosine")


def make_digits(count, start=0):
    """Return digits of scikit-learn, each pixel of theirs three wide, in the middle of 28."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    small = bunch.images[start : start + count] * 15.9375
    images = np.pad(np.kron(small, np.ones((1, 3, 3))), ((0, 0), (2, 2), (2, 2)))
    return images.astype(np.uint8), bunch.target[start : start + count].astype(np.int64)


def label_digits(count, start=0) -> Labelled:
    return check_labelled(*make_digits(count, start), "digits")


@functools.cache
def train_once():
    """Return a classifier after a short training, which tests must not change."""
    from datagen_pate.classifier.training import train_classifier

    recipe = Recipe(4, 16, "adam", 2e-3, schedule="cosine")
    return train_classifier(*make_digits(320), recipe, np.random.SeedSequence(0))
