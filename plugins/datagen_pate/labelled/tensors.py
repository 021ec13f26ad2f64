"""Files of the original: images as a torch tensor, labels as a table."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from datagen_pate.errors import PateError
from datagen_pate.labelled.digits import Labelled, check_labelled
from datagen_pate.publishing import hash_file
from datagen_pate.sample_files import read_labels, read_samples


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
    images = _read_tensor(samples) if normalized else read_samples(samples)
    numbers, _ = read_labels(labels)
    files = {str(path): hash_file(path) for path in (samples, labels)}
    return check_labelled(images, numbers, str(samples), files, normalized=normalized)


def _read_tensor(path: Path) -> NDArray[Any]:
    """Return the tensor in a file, whatever its numbers."""
    import torch  # the other inputs do not need it

    try:
        tensor = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise PateError(f"{path} cannot be read ({error.strerror}); name a .pt file") from None
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise PateError(
            f"{path} is no file of a tensor ({type(error).__name__}); write it with torch.save"
        ) from None
    if not isinstance(tensor, torch.Tensor):
        raise PateError(f"{path} holds a {type(tensor).__name__}; save a tensor (n, 1, 28, 28)")
    array: NDArray[Any] = tensor.detach().numpy()
    return array
