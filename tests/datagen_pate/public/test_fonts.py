"""Fonts that can draw characters, and those that cannot."""

import numpy as np
import pytest

from datagen_pate.errors import PateError
from datagen_pate.public.fonts import BOX, draw_characters, find_fonts


def named(*names):
    found = {path.name: path for path in find_fonts()}
    return [found[name] for name in names if name in found]


def test_there_are_fonts_without_any_file():
    assert draw_characters("A0")


def test_characters_fill_their_box():
    for font in draw_characters("A0", named("DejaVuSans.ttf")):
        for shape in font.shapes:
            rows, columns = (np.flatnonzero(shape.any(axis=axis)) for axis in (1, 0))
            assert max(np.ptp(rows), np.ptp(columns)) + 1 == BOX


def test_font_counts_once():
    fonts = named("DejaVuSans.ttf")

    assert len(draw_characters("A0", fonts * 2)) == len(fonts)


@pytest.mark.parametrize("name", ["cmex10.ttf", "cmsy10.ttf", "STIXNonUni.ttf"])
def test_fonts_of_other_signs_are_left_out(name, tmp_path):
    with pytest.raises(PateError, match="no font here"):
        draw_characters("ABCabc0123", named(name))


def test_file_that_is_no_font_is_left_out(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")

    with pytest.raises(PateError, match="no font here"):
        draw_characters("A0", [tmp_path / "broken.ttf"])
