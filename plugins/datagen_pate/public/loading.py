"""Public images by the name of their source."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from datagen_images import load_images
from datagen_pate.errors import PateError
from datagen_pate.public.glyphs import draw_glyphs
from datagen_pate.public.handwritten import draw_digits
from datagen_pate.public.images import CHARACTERS, PublicImages
from datagen_pate.public.omniglot import draw_omniglot, find_omniglot

PublicSource = Literal["mix", "glyphs", "digits", "omniglot", "emnist", "kmnist"]
"""What a decoder can be trained on."""

DEFAULT_SIZE = 16_000
"""So many images are drawn where a number is not given."""

_EIGHTHS = {"glyphs": 3, "omniglot": 2, "digits": 3}  # of the mix


def load_public(
    source: str = "mix",
    size: int | None = None,
    seed: int = 42,
    *,
    variant: str | None = None,
    folder: Path | None = None,
) -> PublicImages:
    """Return public images for a decoder.

    EMNIST is published with rows for columns; here it is upright, as MNIST is. Its digits are not
    disjoint from MNIST: both were cut from the same forms, NIST's Special Database 19, partly by
    the same writers. Whoever's private data are MNIST takes `letters`, the default, or another
    source; a decoder of `balanced` or `digits` may have seen private images.

    Parameters
    ----------
    source
        `mix`: `glyphs`, `digits` and, where it is at hand, `omniglot`, as 3, 3 and 2 parts.
        `glyphs`: characters in this machine's fonts. `digits`: scikit-learn's handwritten digits,
        drawn larger. `omniglot`: characters of 50 alphabets. `emnist`, `kmnist`: as published.
        All but the last three are drawn here and need no download.
    size
        How many. None: 16,000 of those that are drawn, and all of those that are published.
    seed
        Of all randomness: what is drawn, or which of the published images are taken.
    variant
        Which selection of EMNIST; `letters` where it is not given.
    folder
        Where to look for published files first; see `datagen_images.load_images`.

    Raises
    ------
    PateError
        When there is no such source, or fewer images than asked for.
    ImagesError
        When the files of a published source cannot be had.
    """
    if source not in get_args(PublicSource):
        known = ", ".join(get_args(PublicSource))
        raise PateError(f"there is no public source {source!r}; use one of {known}")
    if variant is not None and source != "emnist":
        raise PateError(f"only emnist has variants; leave --variant out for {source}")
    if size is not None and size < 1:
        raise PateError(f"the size is at least 1 image, not {size}")
    rng = np.random.default_rng(np.random.SeedSequence([seed, *source.encode()]))
    if source in {"emnist", "kmnist"}:
        return _load_published(source, size, rng, variant, folder)
    return _draw(source, DEFAULT_SIZE if size is None else size, rng, folder)


def _draw(source: str, count: int, rng: np.random.Generator, folder: Path | None) -> PublicImages:
    if source == "mix":
        return _draw_mix(count, rng, folder)
    if source == "omniglot":
        return draw_omniglot(count, rng, folder)
    return draw_glyphs(count, rng) if source == "glyphs" else draw_digits(count, rng)


def _draw_mix(count: int, rng: np.random.Generator, folder: Path | None) -> PublicImages:
    eighths = {name: part for name, part in _EIGHTHS.items() if name != "omniglot"}
    eighths = _EIGHTHS if find_omniglot(folder) else eighths
    streams = dict(zip(_EIGHTHS, rng.spawn(len(_EIGHTHS)), strict=True))
    counts = _apportion(count, list(eighths.values()))
    parts = [
        _draw(name, share, streams[name], folder)
        for name, share in zip(eighths, counts, strict=True)
        if share
    ]
    return _shuffle(_join(parts), rng)


def _apportion(count: int, shares: Sequence[int]) -> list[int]:
    ends = (np.cumsum([0, *shares]) * count // sum(shares)).tolist()
    return [stop - start for start, stop in pairwise(ends)]


def _join(parts: list[PublicImages]) -> PublicImages:
    """Return all parts, with the classes of EMNIST balanced and one for all other characters."""
    classes = (*CHARACTERS, "omniglot")
    labels = [_translate(part, classes) for part in parts]
    notes: dict[str, Any] = {
        part.source: {"images": len(part.images), **part.notes} for part in parts
    }
    images = np.concatenate([part.images for part in parts])
    return PublicImages(images, np.concatenate(labels), classes, "mix", {"parts": notes})


def _translate(part: PublicImages, classes: tuple[str, ...]) -> NDArray[np.int64]:
    table = np.array([classes.index(name) for name in part.classes], np.int64)
    return table[part.labels]


def _shuffle(public: PublicImages, rng: np.random.Generator) -> PublicImages:
    return public.take(rng.permutation(len(public.images)))


def _load_published(
    source: str,
    size: int | None,
    rng: np.random.Generator,
    variant: str | None,
    folder: Path | None,
) -> PublicImages:
    chosen: Any = (variant or "letters") if source == "emnist" else None
    loaded = load_images(source, folder, "train", chosen)  # type: ignore[arg-type]
    held = len(loaded.images)
    if size is not None and size > held:
        raise PateError(f"{source} has {held} images, not {size}; ask for at most so many")
    rows = np.sort(rng.permutation(held)[:size]) if size is not None else np.arange(held)
    notes: dict[str, Any] = {"variant": chosen, "published": held}
    if chosen is not None and chosen != "letters":
        notes["warning"] = "EMNIST's digits and MNIST are cut from the same forms: not disjoint"
    name = " ".join(filter(None, (source, chosen)))
    public = PublicImages(loaded.images, loaded.labels, loaded.classes, name, notes)
    return public.take(rows)
