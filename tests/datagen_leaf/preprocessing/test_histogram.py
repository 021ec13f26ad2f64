import sys

import numpy as np
import pytest

from datagen_core import DatagenError
from datagen_leaf.preprocessing.histogram import _round_step, draw_histogram
from datagen_leaf.preprocessing.statistics import describe_sizes

Image = pytest.importorskip("PIL.Image")

BLUE, ORANGE = (0x44, 0x72, 0xA8), (0xC0, 0x80, 0x3A)


def drawn(sizes, path):
    draw_histogram(describe_sizes(sizes), path, "a title")
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def area(pixels, color):
    return int((pixels == color).all(axis=-1).sum())


def test_bars_are_as_high_as_their_bins(tmp_path):
    pixels = drawn([10] * 30 + [50] * 15 + [500] * 30, tmp_path / "sizes.png")

    assert area(pixels, BLUE) == pytest.approx(1.5 * area(pixels, ORANGE), rel=0.02)


@pytest.mark.parametrize("sizes", [[3], [300], [10] * 100_000])
def test_any_sizes_can_be_drawn(tmp_path, sizes):
    pixels = drawn(sizes, tmp_path / "sizes.png")

    assert (area(pixels, ORANGE) > 0) == (sizes[0] > 200)


@pytest.mark.parametrize(
    ("highest", "step"),
    [(1, 1), (6, 1), (7, 2), (13, 5), (429, 100), (700, 200), (10**6, 2 * 10**5)],
)
def test_lines_are_at_round_numbers(highest, step):
    assert _round_step(highest) == step


def test_without_pillow_the_way_out_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(DatagenError, match=r"pip install 'datagen\[images\]'"):
        draw_histogram(describe_sizes([1]), tmp_path / "sizes.png", "")
