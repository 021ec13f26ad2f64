"""Pools of candidates in files: ours, of bytes, and the original's, of floats."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import check_format, hash_file
from datagen_pate.errors import PateError
from datagen_pate.evaluation.distances import round_to_stored
from datagen_pate.files.sample_files import write_samples
from datagen_pate.files.torch_files import is_torch_file, read_tensors
from datagen_pate.files.writing import write_json, writing
from datagen_pate.pools.candidates import BLOCK, Block

FORMAT = "1.0"
"""The newest format of a recipe that is known; one without `format` has this one."""

_SIDE = 28
_SUFFIX = ".pt"  # of the original's pools
_ROUNDING = 1e-4  # how far floats may be outside [0, 1]


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates in a file, read when needed.

    Attributes
    ----------
    images
        uint8 or, in a pool of the original, float32 in [0, 1]; `(n, 28, 28)`, memory-mapped.
    recipe
        How it was made, according to its file; empty where unknown.
    """

    images: NDArray[Any]
    recipe: dict[str, Any]

    def __len__(self) -> int:
        return len(self.images)

    def iterate(
        self, block: int = BLOCK, *, as_floats: bool = False
    ) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the number of a block's first candidate, and its images.

        Images are uint8, rounded where necessary, or with `as_floats` float32 in [0, 1].
        """
        for start in range(0, len(self.images), block):
            images = np.asarray(self.images[start : start + block])
            is_float = images.dtype != np.uint8
            if as_floats:
                yield start, np.clip(images, 0, 1) if is_float else images.astype(np.float32) / 255
            else:
                yield start, round_to_stored(np.clip(images, 0, 1)) if is_float else images


def write_pool(path: Path, blocks: Iterable[Block], count: int, recipe: dict[str, Any]) -> str:
    """Write the images of a pool and its recipe, as they come; return the file's SHA-256.

    The file is an uncompressed `.npz` of two arrays: `images`, uint8 `(count, 28, 28)`, and
    `recipe`, the text of a JSON object. The same pool gives the same bytes. The file appears, or
    replaces an older one, only when whole.

    Parameters
    ----------
    path
        The file.
    blocks
        Those of `iterate_candidates`.
    count
        The number of candidates in all blocks.
    recipe
        How they were made, for the file.

    Raises
    ------
    PateError
        When it cannot be written, or the blocks hold more or fewer.
    """
    text = np.array(json.dumps(recipe, sort_keys=True), np.str_)
    with writing(path) as target, zipfile.ZipFile(target, "w") as archive:
        with archive.open(_member("recipe"), "w", force_zip64=True) as file:
            np.lib.format.write_array(file, text, allow_pickle=False)
        with archive.open(_member("images"), "w", force_zip64=True) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, _SIDE, _SIDE)}
            np.lib.format.write_array_header_1_0(file, header)
            for images in _take_images(blocks, count):
                file.write(np.ascontiguousarray(images, np.uint8).data)
    return hash_file(path)


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{name}.npy")  # with the same date in all files


def _take_images(blocks: Iterable[Block], count: int) -> Iterator[NDArray[Any]]:
    written = 0
    for _, _, images in blocks:
        yield images
        written += len(images)
    if written != count:
        raise PateError(f"the blocks hold {written} candidates, not {count}; give all of them")


def write_original_pool(
    path: Path, blocks: Iterable[Block], count: int, sidecar: dict[str, Any]
) -> str:
    """Write a pool as the original does, and its `.json` beside it; return the pool's SHA-256.

    That is a tensor of float32 `(count, 1, 28, 28)` in [0, 1]: four times as many bytes.

    Parameters
    ----------
    path, blocks, count
        As of `write_pool`; images may be floats.
    sidecar
        The content of the `.json`; `shape` is added.
    """
    write_samples(path, count, _take_images(blocks, count))
    write_json(path.with_suffix(".json"), {**sidecar, "shape": [count, 1, _SIDE, _SIDE]})
    return hash_file(path)


def read_pool(path: Path) -> Pool:
    """Return the pool in a file, ours or the original's.

    Raises
    ------
    PateError
        When it cannot be read, has another shape, or holds numbers outside [0, 1].
    """
    if not path.is_file():
        raise PateError(f"{path} does not exist; make a pool with: datagen pate candidates")
    is_original = path.suffix == _SUFFIX or is_torch_file(path)
    pool = _read_original(path) if is_original else _read_ours(path)
    _check(pool, path)
    return pool


def _read_ours(path: Path) -> Pool:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            recipe = json.loads(str(content["recipe"]))
        check_format(path, recipe.get("format"), FORMAT)
        return Pool(_map_member(path, "images.npy"), recipe)
    except OSError as error:
        raise PateError(f"{path} cannot be read ({error.strerror or error})") from error
    except (ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise PateError(f"{path} is not a pool of datagen pate candidates: {error}") from error


def _map_member(path: Path, name: str) -> NDArray[Any]:
    """Return an array of an uncompressed archive without reading it."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        member = archive.getinfo(name)
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name} is compressed")
        file.seek(member.header_offset + 26)  # two lengths, of name and extra field, then both
        file.seek(sum(np.frombuffer(file.read(4), "<u2").tolist()), os.SEEK_CUR)
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        return np.memmap(path, dtype, "r", file.tell(), shape)


def _read_original(path: Path) -> Pool:
    tensor = read_tensors(path, "a pool of candidates", mapped=True)
    shape = tuple(getattr(tensor, "shape", ()))
    if len(shape) != 4 or shape[1:] != (1, _SIDE, _SIDE) or not tensor.is_floating_point():
        raise PateError(f"{path} is not a pool: it has shape {shape}, not float (n, 1, 28, 28)")
    sidecar = path.with_suffix(".json")
    recipe = json.loads(sidecar.read_text()) if sidecar.is_file() else {}
    return Pool(tensor.float().numpy()[:, 0], recipe)


def _check(pool: Pool, path: Path) -> None:
    images = pool.images
    if images.ndim != 3 or images.shape[1:] != (_SIDE, _SIDE) or not len(images):
        raise PateError(
            f"{path} is not a pool: its images have shape {images.shape}, not (n, 28, 28)"
        )
    if images.dtype == np.uint8:
        return
    for start in range(0, len(images), BLOCK):
        part = images[start : start + BLOCK]
        # `not (… and …)` also refuses NaN, which `(… or …)` would not
        if not (part.min() >= -_ROUNDING and part.max() <= 1 + _ROUNDING):
            span = f"{part.min():g} to {part.max():g}"
            raise PateError(f"{path}: images from {start} hold {span}; they must be from 0 to 1")
