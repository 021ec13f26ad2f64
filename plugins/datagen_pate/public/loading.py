"""Public images by the name of their source."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from datagen_images import load_images
from datagen_pate.errors import ArgumentError
from datagen_pate.public.glyphs import draw_glyphs
from datagen_pate.public.handwriting import draw_digits, draw_omniglot, find_omniglot
from datagen_pate.public.images import CHARACTERS, PublicImages

PublicSource = Literal["mix", "glyphs", "digits", "omniglot", "emnist", "kmnist"]
"""What a decoder can be trained on."""

DEFAULT_SIZE = 16_000
"""How many images are drawn where no number is given."""

_EIGHTHS = {"glyphs": 3, "omniglot": 2, "digits": 3}  # of the mix


class _Places(NamedTuple):
    """Where published files and further fonts are looked for."""

    folder: Path | None
    fonts: str | Path | None


def load_public(
    source: str = "mix",
    size: int | None = None,
    seed: int = 42,
    *,
    variant: str | None = None,
    folder: Path | None = None,
    fonts: str | Path | None = None,
) -> PublicImages:
    """Return public images for a decoder.

    Images that are drawn here are the same on every machine, for the same arguments and versions
    of packages.

    EMNIST is published with rows for columns; here it is upright, as MNIST is. Its digits are not
    disjoint from MNIST: both were cut from the same forms, NIST's Special Database 19, partly by
    the same writers. For private data from MNIST use `letters`, the default, or another source; a
    decoder of `balanced` or `digits` may have seen private images.

    Parameters
    ----------
    source
        `mix`: `glyphs`, `digits` and, where its files are on this machine, `omniglot`, as 3, 3 and
        2 parts. `glyphs`: characters in the fonts that come with matplotlib. `digits`:
        scikit-learn's handwritten digits, drawn larger. `omniglot`: characters of 50 alphabets.
        `emnist`, `kmnist`: as published. All but the last three are drawn here and need no
        download.
    size
        Number of images. None: 16,000 of a source that is drawn, all of one that is published.
    seed
        Of all randomness: drawing, or the choice among published images.
    variant
        The selection of EMNIST; None: `letters`.
    folder
        Where to look for published files first; see `datagen_images.load_images`.
    fonts
        Fonts for `mix` and `glyphs` besides matplotlib's: a folder, or `all` for those of this
        machine.

    Raises
    ------
    ArgumentError
        When the source is unknown, has fewer images than asked for, or does not take an option.
    ImagesError
        When the files of a published source cannot be found or downloaded.
    MissingPackageError
        When a package that the source needs is not installed.
    """
    if source not in get_args(PublicSource):
        known = ", ".join(get_args(PublicSource))
        raise ArgumentError(f"the public source {source!r} is unknown; use one of {known}")
    if variant is not None and source != "emnist":
        raise ArgumentError(f"only emnist has variants; leave --variant out for {source}")
    if fonts is not None and source not in {"mix", "glyphs"}:
        raise ArgumentError(f"only mix and glyphs use fonts; leave --fonts out for {source}")
    if size is not None and size < 1:
        raise ArgumentError(f"the size is at least 1 image, not {size}")
    rng = np.random.default_rng(np.random.SeedSequence([seed, *source.encode()]))
    if source in {"emnist", "kmnist"}:
        return _load_published(source, size, rng, variant, folder)
    return _draw(source, DEFAULT_SIZE if size is None else size, rng, _Places(folder, fonts))


def _draw(source: str, count: int, rng: np.random.Generator, places: _Places) -> PublicImages:
    if source == "mix":
        return _draw_mix(count, rng, places)
    if source == "omniglot":
        return draw_omniglot(count, rng, places.folder)
    return draw_glyphs(count, rng, places.fonts) if source == "glyphs" else draw_digits(count, rng)


def _draw_mix(count: int, rng: np.random.Generator, places: _Places) -> PublicImages:
    eighths = {name: part for name, part in _EIGHTHS.items() if name != "omniglot"}
    eighths = _EIGHTHS if find_omniglot(places.folder) else eighths
    streams = dict(zip(_EIGHTHS, rng.spawn(len(_EIGHTHS)), strict=True))
    counts = _apportion(count, list(eighths.values()))
    parts = [
        _draw(name, share, streams[name], places)
        for name, share in zip(eighths, counts, strict=True)
        if share
    ]
    public = _join(parts)
    return public.take(rng.permutation(len(public.images)))


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
        raise ArgumentError(f"{source} has {held} images, not {size}; ask for at most {held}")
    rows = np.sort(rng.permutation(held)[:size]) if size is not None else np.arange(held)
    notes: dict[str, Any] = {"variant": chosen, "published": held}
    if chosen is not None and chosen != "letters":
        notes["warning"] = "EMNIST's digits and MNIST are cut from the same forms: not disjoint"
    name = " ".join(filter(None, (source, chosen)))
    public = PublicImages(loaded.images, loaded.labels, loaded.classes, name, notes)
    return public.take(rows)
