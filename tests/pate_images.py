"""Images whose label and confidence a stand-in for a teacher reads off their first two pixels."""

from __future__ import annotations

import numpy as np

STEP = 20


def make_images(labels, confidence, rng=None, noise=255):
    """Return uint8 images that `read_teacher` gives these labels and confidences."""
    labels = np.asarray(labels)
    rng = rng or np.random.default_rng(0)
    images = rng.integers(0, noise + 1, (len(labels), 28, 28), np.uint8)
    images[:, 0, 0] = STEP * labels
    images[:, 0, 1] = np.rint(255 * np.broadcast_to(confidence, labels.shape))
    return images


def read_teacher(images):
    """Return probabilities that say what `make_images` was told."""
    values = images if images.dtype == np.uint8 else np.rint(images * 255)
    labels = values[:, 0, 0].astype(int) // STEP
    confidence = values[:, 0, 1].astype(np.float32) / 255
    probabilities = np.repeat((1 - confidence)[:, None] / 9, 10, axis=1)
    probabilities[np.arange(len(images)), labels] = confidence
    return probabilities.astype(np.float32)


def make_pool(images, block=100):
    """Yield blocks of a pool, without latents."""
    for start in range(0, len(images), block):
        yield start, None, images[start : start + block]
