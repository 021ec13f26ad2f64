"""Image data sets by name: found or downloaded, read, and checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from datagen_core import DatagenError
from datagen_core.files import expand_home, user_cache
from datagen_images.errors import ImagesError
from datagen_images.sources.catalogue import (
    AnySource,
    Form,
    Part,
    Publication,
    Variant,
    find_publication,
)
from datagen_images.sources.cifar import decode_cifar_binary, decode_cifar_pickle
from datagen_images.sources.downloads import downloading
from datagen_images.sources.idx import decode_idx, read_content

_Scalar = TypeVar("_Scalar", bound=np.generic)

ENVIRONMENT = "DATAGEN_IMAGES"
"""The variable with the folder of image data sets. No parameter names it: the data are the same
anywhere."""

DEBIAN = Path("/usr/share/datasets")
"""Folder of Debian's packages of data sets, such as `dataset-fashion-mnist`."""


@dataclass(frozen=True, eq=False)
class Images:
    """One part of an image data set. The arrays are read-only.

    Attributes
    ----------
    images
        uint8 `(n, 28, 28)`, upright, 0 for the background; of CIFAR-10 `(n, 32, 32, 3)`, red,
        green and blue.
    labels
        int64 `(n,)`, as published: those of EMNIST letters start at 1.
    classes
        The name of each label; `classes[label]`.
    where
        The folder from which they were read.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    where: Path


def load_images(
    source: AnySource,
    folder: str | Path | None = None,
    part: Part = "train",
    variant: Variant | None = None,
) -> Images:
    """Return one part of an image data set.

    Its files are looked for in `folder`, in Debian's folder of data sets, and in the folder of
    earlier downloads. If none of these has them, pooch downloads them. They are IDX files, or
    batches of CIFAR-10's binary or python version, gzip or not.

    Parameters
    ----------
    source
        `cifar10`, `emnist`, `fashion_mnist`, `kmnist` or `mnist`.
    folder
        The folder with the files, directly, in a folder `<source>/`, or where torchvision puts them
        (`FashionMNIST/raw/`, `cifar-10-batches-py/`). None for that in the environment variable
        DATAGEN_IMAGES.
    part
        `train` or `test`.
    variant
        The selection of EMNIST; None for other data sets.

    Raises
    ------
    ImagesError
        When the files are neither found nor downloaded, are damaged, or are not those published.
    """
    publication = find_publication(source, part, variant)
    chosen = _chosen_folder(folder)
    files = _find(publication, chosen) or _download(publication, chosen or user_cache("images"))
    images, labels = _read(publication, files)
    where = files.paths[0].parent
    _check(publication, where, images, labels)
    if publication.is_transposed:
        images = images.swapaxes(1, 2)
    images = np.ascontiguousarray(images)
    return Images(_frozen(images), _frozen(labels.astype(np.int64)), publication.classes, where)


@dataclass(frozen=True)
class _Files:
    """Files of one form that were found: `paths` in the order of `form.files`."""

    form: Form
    paths: tuple[Path, ...]


def _chosen_folder(folder: str | Path | None) -> Path | None:
    named = folder if folder is not None else os.environ.get(ENVIRONMENT) or None
    if named is None:
        return None
    chosen = expand_home(named)
    if not chosen.is_dir():
        origin = "" if folder is not None else f" that {ENVIRONMENT} names"
        raise ImagesError(f"there is no folder {chosen}{origin}; make it, or name another")
    return chosen


def _find(publication: Publication, chosen: Path | None) -> _Files | None:
    """Return the files from the first folder that has all of one form."""
    candidates = (
        _find_form(form, folder)
        for place in _places(publication, chosen)
        for form in publication.forms
        for folder in (place / form.folder, place)
    )
    return next(filter(None, candidates), None)


def _find_form(form: Form, folder: Path) -> _Files | None:
    paths = tuple(path for name in form.files if (path := _file(folder, name)) is not None)
    return _Files(form, paths) if len(paths) == len(form.files) else None


def _places(publication: Publication, chosen: Path | None) -> Iterator[Path]:
    # Bare files come last: all data sets but EMNIST have the same file names.
    if chosen is not None:
        yield chosen / publication.folder
        yield chosen / publication.source
        yield chosen
    yield DEBIAN / publication.source.replace("_", "-")
    yield user_cache("images") / publication.folder


def _file(folder: Path, name: str) -> Path | None:
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _download(publication: Publication, folder: Path) -> _Files:
    """Download all parts, into the folder below `folder` where torchvision looks for them too.

    Files appear under their names only when they are complete, since other processes may look for
    them at the same time.
    """
    form = publication.forms[-1]
    inner = Path(publication.folder) / form.folder
    where = folder / inner
    try:
        with downloading(publication.downloads, folder) as files:
            where.mkdir(parents=True, exist_ok=True)
            for path in (file for file in files if file.match(_PATTERNS[form.format])):
                path.replace(where / path.name)
    except (OSError, DatagenError) as error:
        raise ImagesError(_advice(publication, where, error)) from error
    return _find_form(form, where) or _Files(form, tuple(where / name for name in form.files))


_PATTERNS = {"idx": "*-ubyte*", "cifar-py": "*_batch*"}  # all parts and variants


def _advice(publication: Publication, where: Path, error: Exception) -> str:
    reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
    form = publication.forms[-1]
    suffix = ".gz" if form.format == "idx" else ""
    names = [f"{name}{suffix}" for name in form.files]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return (
        f"{publication} was not found and its download failed ({reason}); put {listed} into "
        f"{where}, or let {ENVIRONMENT} name a folder that has them"
    )


def _read(publication: Publication, files: _Files) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images and labels as they are in the files."""
    decode = _DECODERS[files.form.format]
    decoded = [
        decode(_read_published(publication, name, path), path)
        for name, path in zip(files.form.files, files.paths, strict=True)
    ]
    if files.form.format == "idx":
        images, labels = decoded
        return images, labels
    images, labels = (np.concatenate(arrays) for arrays in zip(*decoded, strict=True))
    return images, labels


_DECODERS: dict[str, Callable[[bytes, Path], Any]] = {
    "cifar-bin": decode_cifar_binary,
    "cifar-py": decode_cifar_pickle,
    "idx": decode_idx,
}


def _read_published(publication: Publication, name: str, path: Path) -> bytes:
    content = read_content(path)
    try:
        publication.check_content(name, content)
    except ValueError as error:
        advice = f"replace it, or keep {publication.source} in a folder {publication.source}/"
        raise ImagesError(
            f"{path} is not what was published as {publication}: {error}; {advice}"
        ) from None
    return content


def _check(
    publication: Publication, where: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> None:
    """Refuse complete files that cannot be this data set."""
    n = labels.size
    classes = len(publication.classes)
    if images.shape != (n, *publication.image_shape) or labels.shape != (n,) or n == 0:
        problem = f"images of shape {images.shape} and labels of shape {labels.shape}"
    elif labels.max() >= classes:
        problem = f"the label {labels.max()} where there are {classes} classes"
    else:
        return
    raise ImagesError(
        f"{where} does not hold {publication}: it has {problem}; put the right files there"
    )


def _frozen(array: NDArray[_Scalar]) -> NDArray[_Scalar]:
    array.setflags(write=False)
    return array
