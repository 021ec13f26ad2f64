"""Fonts that can draw characters, those that cannot, and those that are used at all."""

import sys

import numpy as np
import pytest

from datagen_core import DatagenError
from datagen_pate.errors import PateError
from datagen_pate.public import glyphs, load_public
from datagen_pate.public.glyphs import BOX, draw_characters, find_fonts


def named(*names):
    found = {path.name: path for path in find_fonts()}
    return [found[name] for name in names if name in found]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install one more font for the user, which is not matplotlib's; return its folder."""
    font = pytest.importorskip("PIL.ImageFont").load_default(20)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".fonts" / "truetype"
    folder.mkdir(parents=True)
    (folder / "Other.TTF").write_bytes(font.font_bytes)
    return folder


def draw_public(fonts=None):
    return load_public("glyphs", 200, fonts=fonts)


def test_fonts_of_the_user_change_nothing_by_default(tmp_path, monkeypatch, installed):
    here = draw_public()
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))

    assert here.sha256 == draw_public().sha256
    assert all("mpl-data" in path.parts for path in find_fonts())


@pytest.mark.parametrize("everything", [True, False])
def test_further_fonts_are_used_when_they_are_asked_for(installed, everything):
    default, more = draw_public(), draw_public("all" if everything else installed)
    names, known = ([font["name"] for font in each.notes["fonts"]] for each in (more, default))

    assert more.sha256 != default.sha256
    assert names[: len(known)] == known
    assert any("Aileron" in name for name in names[len(known) :])


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(glyphs, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(DatagenError, match=r"^matplotlib is not .*pip install 'datagen\[plots\]'$"):
        draw_public("all")


def test_folder_without_fonts_is_refused(tmp_path):
    with pytest.raises(PateError, match="file; name a folder of fonts") as caught:
        draw_public(tmp_path)

    assert caught.value.exit_code == 2


def test_characters_fill_their_box():
    for font in draw_characters("A0", named("DejaVuSans.ttf")):
        for shape in font.shapes:
            rows, columns = (np.flatnonzero(shape.any(axis=axis)) for axis in (1, 0))
            assert max(np.ptp(rows), np.ptp(columns)) + 1 == BOX


def test_font_counts_once():
    fonts = named("DejaVuSans.ttf")

    assert len(draw_characters("A0", fonts * 2)) == len(fonts)


@pytest.mark.parametrize("name", ["cmex10.ttf", "cmsy10.ttf", "STIXNonUni.ttf"])
def test_fonts_of_other_signs_are_left_out(name):
    with pytest.raises(PateError, match="none of the fonts has"):
        draw_characters("ABCabc0123", named(name))


def test_file_that_is_no_font_is_left_out(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")

    with pytest.raises(PateError, match="none of the fonts has"):
        draw_characters("A0", [tmp_path / "broken.ttf"])
