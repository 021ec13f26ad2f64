"""Small images as PNG files, by the standard library alone."""

from __future__ import annotations

import math
import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SIDE = 64
"""The longest side of a thumbnail in pixels; larger images lose pixels evenly."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _COLOUR = 0, 2


class ImageLayout(NamedTuple):
    """How a field holds images.

    Attributes
    ----------
    is_many
        Whether a value has several images, along its first dimension.
    channels
        The axis of the colours, counted from the end; None for grey images without such an axis.
    """

    is_many: bool
    channels: int | None


def find_image_layout(
    dtype: np.dtype[Any], shape: tuple[int, ...], *, ragged: bool, least: int = 4
) -> ImageLayout | None:
    """Return how the values of a field hold images; None for a field that holds none.

    Images are uint8 or floats, `(height, width)`, with one or three colours before or behind it.
    There may be one more dimension at the front, for several images, which may be ragged.

    Parameters
    ----------
    least
        The least number of pixels of a side; small matrices are seldom images.
    """
    if dtype != "uint8" and dtype.kind != "f":
        return None
    is_many = ragged
    if not is_many and not _is_image(shape, least):
        shape, is_many = shape[1:], True
    return ImageLayout(is_many, _channel_axis(shape)) if _is_image(shape, least) else None


def _is_image(shape: tuple[int, ...], least: int) -> bool:
    channels = _channel_axis(shape)
    sides = [side for axis, side in enumerate(shape) if channels is None or axis - 3 != channels]
    return len(sides) == 2 and min(sides) >= least


def _channel_axis(shape: tuple[int, ...]) -> int | None:
    return next((axis for axis in (-1, -3) if len(shape) == 3 and shape[axis] in {1, 3}), None)


def make_thumbnail(image: NDArray[Any], channels: int | None) -> bytes:
    """Return one image as a PNG file of at most 64 pixels a side.

    Floats are black at 0 and white at 1 if all are in between, else at their least and greatest.
    """
    import numpy as np  # listing a cache needs none

    if channels is not None:
        image = np.moveaxis(image, channels, -1)
    step = math.ceil(max(image.shape[:2]) / _SIDE)
    image = image[::step, ::step]
    image = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    return encode_png(image if image.dtype == np.uint8 else _as_bytes(image))


def _as_bytes(image: NDArray[Any]) -> NDArray[np.uint8]:
    import numpy as np  # as above

    with np.errstate(over="ignore"):  # a long double may be beyond float64
        values = np.nan_to_num(image.astype(np.float64), nan=0.0, posinf=1.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 1:  # whose distance may be infinite, but not that of their halves
        values = (values / 2 - low / 2) / ((high / 2 - low / 2) or 1.0)
    return np.asarray(np.clip(values * 255, 0, 255).round(), np.uint8)


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """Return an image, uint8 `(height, width)` or `(height, width, 3)`, as a PNG (RFC 2083)."""
    height, width = image.shape[:2]
    lines = b"".join(b"\0" + line.tobytes() for line in image)
    kind = _GREY if image.ndim == 2 else _COLOUR
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    data = zlib.compress(lines, 9)
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
