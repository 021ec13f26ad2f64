"""Pictures of a page as PNG files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen_pate.report.distribution import Distribution
from datagen_pictures import (
    BLUE,
    GREEN,
    ORANGE,
    Bars,
    Mark,
    Row,
    draw_bars,
    draw_histogram,
    draw_rows,
    encode_png,
)


def draw_classes(by_class: Sequence[NDArray[np.uint8]]) -> bytes:
    """Return a PNG with a row for each class.

    Raises
    ------
    PictureError
        When there are no images at all.
    """
    rows = [Row(images, title=f"class {label}") for label, images in enumerate(by_class)]
    return encode_png(draw_rows(rows))


def draw_counts(counts: NDArray[np.int64], private: NDArray[np.int64] | None) -> bytes:
    """Return a PNG of the share of each class, beside that of private images where it is known."""
    groups = [_show_shares(counts, "images of the set", BLUE)]
    if private is not None:
        groups.append(_show_shares(private, "private images", ORANGE))
    names = [str(label) for label in range(len(counts))]
    return encode_png(draw_bars(groups, names, ("class", "share, %")))


def _show_shares(counts: NDArray[np.int64], name: str, colour: str) -> Bars:
    total = int(counts.sum())
    return Bars(100 * counts / max(total, 1), colour, f"{name}: {total}")


def draw_distribution(values: Distribution, title: str, marks: Sequence[Mark]) -> bytes:
    """Return a PNG of a distribution: drawn images below, steered ones on top of them.

    Parameters
    ----------
    marks
        Lines to draw, such as thresholds.
    """
    drawn, steered = values.counts
    stacks = [Bars(drawn, BLUE, "drawn")]
    if steered.any():
        stacks.append(Bars(steered, GREEN, "steered"))
    return encode_png(draw_histogram(values.edges, stacks, (title, "images"), marks))
