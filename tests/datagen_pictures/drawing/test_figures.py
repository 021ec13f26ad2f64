"""Pictures are written whole, the same ones as the same bytes."""

import numpy as np
import pytest
from PIL import Image

from datagen_pictures import (
    Curve,
    Curves,
    LabelCounts,
    PictureError,
    check_picture_path,
    draw_overview,
    save_figure,
)


@pytest.fixture
def draw():
    def overview(names=("client_1", "client_2")):
        rounds, scores = np.arange(1, 4), np.array([0.5, 0.7, np.nan])
        curves = [Curve(rounds, scores + 0.1 * place, name) for place, name in enumerate(names)]
        counts = LabelCounts(["a", "b", "c"], np.arange(6).reshape(2, 3), names)
        return draw_overview(Curves(curves, "Accuracy"), counts, "a title")

    return overview


def test_a_png_is_a_picture_of_that_size(draw, tmp_path):
    figure = draw()
    save_figure(figure, tmp_path / "run.png")
    with Image.open(tmp_path / "run.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))

    height, width = (round(150 * inches) for inches in figure.get_size_inches()[::-1])
    assert abs(pixels.shape[0] - height) <= 1
    assert abs(pixels.shape[1] - width) <= 1
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 100, "not blank"


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_the_same_picture_is_the_same_file(draw, tmp_path, form):
    first, second = tmp_path / f"first.{form}", tmp_path / f"second.{form}"
    save_figure(draw(), first)
    save_figure(draw(), second)

    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("form", "date"), [("svg", b"<dc:date>"), ("pdf", b"CreationDate")])
def test_files_hold_no_date(draw, tmp_path, form, date):
    save_figure(draw(), tmp_path / f"run.{form}")

    assert date not in (tmp_path / f"run.{form}").read_bytes()


def test_the_users_style_changes_nothing(draw, tmp_path):
    import matplotlib as mpl

    save_figure(draw(), tmp_path / "plain.png")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 20}):
        save_figure(draw(), tmp_path / "styled.png")

    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "styled.png").read_bytes()


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_names_that_no_font_has_are_drawn_all_the_same(draw, tmp_path, form):
    save_figure(draw(names=["工場", r"$\frac{$"]), tmp_path / f"run.{form}")

    assert (tmp_path / f"run.{form}").stat().st_size > 1000


def test_an_older_file_is_replaced(draw, tmp_path):
    (tmp_path / "run.png").write_text("old")
    save_figure(draw(), tmp_path / "run.png")

    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["run.png"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device"), "cannot be written: No space left on device"),
        (
            ValueError("Image size of 9x99999999 pixels is too large"),
            "too large; draw less at once",
        ),
    ],
)
def test_a_failure_keeps_the_older_file(draw, tmp_path, monkeypatch, error, message):
    figure = draw()
    (tmp_path / "run.png").write_text("old")

    def fail(file, **_):
        file.write(b"half")
        raise error

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(PictureError, match=message):
        save_figure(figure, tmp_path / "run.png")

    assert (tmp_path / "run.png").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run.png"]


@pytest.mark.parametrize("name", ["run.jpg", "run", "run.png.gz", ".png"])
def test_other_names_are_refused(draw, tmp_path, name):
    for refuse in (check_picture_path, lambda path: save_figure(draw(), path)):
        with pytest.raises(PictureError, match=r"give it a name that ends in .png, .svg or .pdf"):
            refuse(tmp_path / name)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PictureError, match="missing is not a folder; make it first"):
        check_picture_path(tmp_path / "missing" / "run.png")

    assert list(tmp_path.iterdir()) == []
