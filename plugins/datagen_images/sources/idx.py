"""IDX, the file format of MNIST and its kin, read without torch.

A file is two zero bytes, one byte for the type (8: unsigned byte), one for the number of
dimensions, each dimension as a big-endian 32-bit integer, and the values in C order: "The IDX file
format" at the end of http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen_images.errors import ImagesError

_GZIP = b"\x1f\x8b"
_BYTES = b"\0\0\x08"


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the array in an IDX file of unsigned bytes, gzip or not: uint8, read-only.

    Raises
    ------
    ImagesError
        When the file cannot be read, is cut off or damaged, or holds another type than bytes.
    """
    return decode_idx(read_content(path), path)


def read_content(path: Path) -> bytes:
    """Return the content of a file, decompressed if it starts like gzip.

    Raises
    ------
    ImagesError
        When the file cannot be read or decompressed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImagesError(f"{path} cannot be read: {error.strerror}") from error
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ImagesError.damaged(path, str(error)) from error


def decode_idx(content: bytes, path: Path) -> NDArray[np.uint8]:
    """Return the array in the content of the IDX file `path`: uint8, read-only.

    Raises
    ------
    ImagesError
        When it is not an IDX file of unsigned bytes, or its size differs from its header.
    """
    if content[:3] != _BYTES or len(content) < 4:
        raise ImagesError.damaged(path, "it does not start like an IDX file of bytes")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ImagesError.damaged(path, "it ends within its header")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    held = len(content) - start
    if held != prod(shape):
        raise ImagesError.damaged(
            path, f"it holds {held} values where its header says {prod(shape)}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
