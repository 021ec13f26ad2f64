"""Arrays in npy files."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from datagen_partitions.errors import DataError


def read_npy(path: Path, title: object, advice: str) -> NDArray[Any]:
    """Return the numbers in an npy file.

    Parameters
    ----------
    path
        The file.
    title, advice
        The file's name in messages, and the next step.

    Raises
    ------
    DataError
        When it cannot be read as npy, or holds anything but numbers of at most 64 bits.
    """
    try:
        with path.open("rb") as file:
            _check_size(file)
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, EOFError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it ends early"
        raise DataError(f"{title} cannot be read as npy: {reason}; {advice}") from error
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise DataError(f"{title} holds {array.dtype}, not numbers of at most 64 bits; {advice}")
    return array


def _check_size(file: BinaryIO) -> None:
    """Refuse a header that claims more bytes than there are: NumPy allocates them at once."""
    form = np.lib.format
    is_first = form.read_magic(file) == (1, 0)
    read_header = form.read_array_header_1_0 if is_first else form.read_array_header_2_0
    shape, _, dtype = read_header(file)
    claimed = math.prod(shape) * dtype.itemsize
    there = os.fstat(file.fileno()).st_size - file.tell()
    if claimed > there and not dtype.hasobject:
        raise ValueError(f"its header claims {claimed} bytes, and there are {there}")
    file.seek(0)
