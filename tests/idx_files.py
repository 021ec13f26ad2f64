"""Small IDX files for tests of image sources."""

import gzip
import struct
from pathlib import Path

import numpy as np


def idx_content(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_idx(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = idx_content(array)
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    return path


def write_source(
    folder: Path, images: np.ndarray, labels: np.ndarray, prefix: str = "train", suffix: str = ".gz"
) -> None:
    write_idx(folder / f"{prefix}-images-idx3-ubyte{suffix}", images)
    write_idx(folder / f"{prefix}-labels-idx1-ubyte{suffix}", labels)


def numbered_images(n: int) -> np.ndarray:
    """Images that tell themselves and their orientation apart: pixel (0, 1) is their number."""
    images = np.zeros((n, 28, 28), np.uint8)
    images[:, 0, 1] = np.arange(n)
    return images
