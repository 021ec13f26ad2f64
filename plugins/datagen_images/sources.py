"""Image data sets by name: found, read and checked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from datagen_images.catalogue import Part, Publication, Source, Variant, find_publication
from datagen_images.errors import ImagesError
from datagen_images.idx import decode_idx, read_content
from datagen_images.torchvision_import import import_torchvision

_Scalar = TypeVar("_Scalar", bound=np.generic)

ENVIRONMENT = "DATAGEN_IMAGES"
"""Names the folder with image data sets; no parameter does, for data are the same anywhere."""

DEBIAN = Path("/usr/share/datasets")
"""Where Debian's packages put data sets, `dataset-fashion-mnist` among them."""

SIDE = 28
"""Every image of every data set has this many rows and columns."""


@dataclass(frozen=True, eq=False)
class Images:
    """One part of an image data set. The arrays are read-only.

    Attributes
    ----------
    images
        uint8 `(n, 28, 28)`, upright, 0 for the background.
    labels
        int64 `(n,)`, as published: those of EMNIST letters start at 1.
    classes
        The name of each label; `classes[label]`.
    where
        The folder that they were read from.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    where: Path


def load_images(
    source: Source,
    folder: str | Path | None = None,
    part: Part = "train",
    variant: Variant | None = None,
) -> Images:
    """Return one part of an image data set.

    Its two files are looked for in `folder`, in Debian's folder of data sets, and in the folder of
    earlier downloads. Only when they lie nowhere, torchvision downloads them. They are IDX
    files, gzip or not, and are read without torchvision, which would need them unpacked.

    Parameters
    ----------
    source
        `emnist`, `fashion_mnist`, `kmnist` or `mnist`.
    folder
        Holds the files themselves, or in a folder `<source>/`, or as torchvision lays them out
        (`FashionMNIST/raw/`). None: the environment variable DATAGEN_IMAGES names it.
    part
        `train` or `test`.
    variant
        Which selection of EMNIST; None for all other data sets.

    Raises
    ------
    ImagesError
        When the files cannot be had, are damaged, or are not what was published.
    """
    publication = find_publication(source, part, variant)
    chosen = _chosen_folder(folder)
    files = _find(publication, chosen) or _download(publication, chosen or _download_folder())
    images, labels = (_read(publication, path) for path in files)
    where = files[0].parent
    _check(publication, where, images, labels)
    if publication.is_transposed:
        images = np.ascontiguousarray(images.swapaxes(1, 2))
    return Images(_frozen(images), _frozen(labels.astype(np.int64)), publication.classes, where)


def _chosen_folder(folder: str | Path | None) -> Path | None:
    named = folder if folder is not None else os.environ.get(ENVIRONMENT) or None
    if named is None:
        return None
    chosen = Path(named).expanduser()
    if not chosen.is_dir():
        origin = "" if folder is not None else f" that {ENVIRONMENT} names"
        message = f"there is no folder {chosen}{origin}; make it, or name another"
        raise ImagesError(message)
    return chosen


def _download_folder() -> Path:
    # XDG Base Directory Specification: a cache is what can be fetched again.
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "datagen" / "images"


def _find(publication: Publication, chosen: Path | None) -> tuple[Path, Path] | None:
    """Return images and labels from the first folder that has both."""
    for place in _places(publication, chosen):
        images, labels = _file(place, publication.images), _file(place, publication.labels)
        if images is not None and labels is not None:
            return images, labels
    return None


def _places(publication: Publication, chosen: Path | None) -> Iterator[Path]:
    # Bare files come last: all data sets but EMNIST have the same file names.
    if chosen is not None:
        yield chosen / publication.torchvision_class / "raw"
        yield chosen / publication.source
        yield chosen
    yield DEBIAN / publication.source.replace("_", "-")
    yield _download_folder() / publication.torchvision_class / "raw"


def _file(folder: Path, name: str) -> Path | None:
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _download(publication: Publication, folder: Path) -> tuple[Path, Path]:
    """Fetch images and labels through torchvision into `<folder>/<its class>/raw`.

    They appear under their names only when they are whole, since other processes may look for them
    at the same time.
    """
    where = folder / publication.torchvision_class / "raw"
    try:
        where.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as scratch:
            for path in _fetch(publication, scratch).glob("*-ubyte"):  # all parts and variants
                path.replace(where / path.name)
    except Exception as error:  # network, disk, archive, no torchvision: all end in one line
        raise ImagesError(_advice(publication, where, error)) from error
    return where / publication.images, where / publication.labels


def _fetch(publication: Publication, root: str) -> Path:
    dataset_type = getattr(import_torchvision().datasets, publication.torchvision_class)
    split = {} if publication.variant is None else {"split": publication.variant}
    dataset = dataset_type(root, train=publication.part == "train", download=True, **split)
    return Path(dataset.raw_folder)


def _advice(publication: Publication, where: Path, error: Exception) -> str:
    reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
    return (
        f"{publication} was not found and its download failed ({reason}); put "
        f"{publication.images}.gz and {publication.labels}.gz into {where}, "
        f"or let {ENVIRONMENT} name a folder that has them"
    )


def _read(publication: Publication, path: Path) -> NDArray[np.uint8]:
    content = read_content(path)
    array = decode_idx(content, path)
    try:
        publication.check_content(path.name, content)
    except ValueError as error:
        advice = f"replace it, or keep {publication.source} in a folder {publication.source}/"
        message = f"{path} is not what was published as {publication}: {error}; {advice}"
        raise ImagesError(message) from None
    return array


def _check(
    publication: Publication, where: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> None:
    """Refuse files that are whole but cannot be this data set."""
    n = labels.size
    classes = len(publication.classes)
    if images.shape != (n, SIDE, SIDE) or labels.shape != (n,) or n == 0:
        problem = f"images of shape {images.shape} and labels of shape {labels.shape}"
    elif labels.max() >= classes:
        problem = f"the label {labels.max()} where there are {classes} classes"
    else:
        return
    message = f"{where} does not hold {publication}: it has {problem}; put the right files there"
    raise ImagesError(message)


def _frozen(array: NDArray[_Scalar]) -> NDArray[_Scalar]:
    array.setflags(write=False)
    return array
