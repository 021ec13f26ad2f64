"""Files of the original: images as a torch tensor, labels as a table."""

from __future__ import annotations

from pathlib import Path

from datagen_pate.files.publishing import hash_file
from datagen_pate.files.sample_files import read_labels, read_samples
from datagen_pate.files.torch_files import read_tensor
from datagen_pate.labelled.digits import Labelled, check_labelled


def load_combined(samples: Path, labels: Path, *, normalized: bool = False) -> Labelled:
    """Return images of `combined_synthetic_samples.pt` with `combined_synthetic_labels.csv`.

    Parameters
    ----------
    samples
        A float tensor `(n, 1, 28, 28)` in [0, 1].
    labels
        A table with the columns `index` and `label`; further ones are not read.
    normalized
        Whether the images are normalised already, and outside [0, 1].

    Raises
    ------
    PateError
        When a file cannot be read or holds something else, or the two do not fit together.
    """
    images = read_tensor(samples) if normalized else read_samples(samples)
    numbers, _ = read_labels(labels)
    files = {str(path): hash_file(path) for path in (samples, labels)}
    return check_labelled(images, numbers, str(samples), files, normalized=normalized)
