"""Arrays in npy files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_federated.data.errors import DataError


def read_npy(path: Path, title: object, advice: str) -> NDArray[Any]:
    """Return the numbers in an npy file.

    Parameters
    ----------
    path
        The file.
    title, advice
        What messages call it, and say to do.

    Raises
    ------
    DataError
        When it is no such file, or holds anything but numbers of at most 64 bits.
    """
    try:
        with path.open("rb") as file:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it ends early"
        message = f"{title} cannot be read as npy: {reason}; {advice}"
        raise DataError(message) from error
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        message = f"{title} holds {array.dtype}, not numbers of at most 64 bits; {advice}"
        raise DataError(message)
    return array
