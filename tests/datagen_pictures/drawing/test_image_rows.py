import io
import sys

import numpy as np
import pytest
from PIL import Image

from datagen_core.errors import MissingPackageError
from datagen_pictures import PictureError, Row, draw_grid, draw_rows, encode_png, save_figure

GREY = np.full((3, 28, 28), 100, np.uint8)


def pixels_of(figure):
    """The red of each pixel, int `(height, width)`."""
    with Image.open(io.BytesIO(encode_png(figure))) as picture:
        return np.asarray(picture)[..., 0]


def test_the_grid_has_room_for_all_images():
    sheet = pixels_of(draw_grid(GREY, columns=2, scale=3))
    assert sheet.shape == (4 + 2 * (84 + 4), 4 + 2 * (84 + 4))


def test_images_are_enlarged_unchanged_and_in_order():
    images = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2)
    sheet = pixels_of(draw_grid(images, columns=2, scale=2))
    assert sheet[4:8:2, 4:8:2].tolist() == [[0, 1], [2, 3]]
    assert sheet[4:8:2, 12:16:2].tolist() == [[4, 5], [6, 7]]
    assert sheet[12:16:2, 4:8:2].tolist() == [[8, 9], [10, 11]]
    assert (sheet[12:, 12:] == 255).all()  # no fourth image


def test_labels_are_drawn_below_their_images():
    plain, labelled = pixels_of(draw_grid(GREY)), pixels_of(draw_grid(GREY, labels=[7, "bag", ""]))
    assert len(labelled) > len(plain)
    below = labelled[4 + 56 :]
    assert (below[:, :60] < 128).any()
    assert (below[:, 124:] == 255).all()  # an empty label


def test_long_labels_do_not_overlap():
    texts = ("1", "Ankle boot, left", "Ankle boot, left, of leather")
    short, long, longer = (pixels_of(draw_grid(GREY, labels=[text] * 3)) for text in texts)
    assert short.shape[1] < long.shape[1] < longer.shape[1]
    assert (longer[4 + 56 :, -4:] == 255).all()  # nothing is cut off


def test_titled_rows_may_differ_in_length():
    sheet = pixels_of(draw_rows([Row(GREY[:1], title="client 0"), Row(GREY, title="client 1")]))
    left = sheet[:, : -3 * 60]
    assert (left < 128).any()
    assert (sheet[4:60, -60:-4] == 255).all()
    assert (sheet[64:120, -60:-4] == 100).all()


def test_an_empty_row_keeps_its_title():
    sheet = pixels_of(draw_rows([Row(GREY[:0], title="client 0"), Row(GREY, title="client 1")]))
    assert (sheet[:60] < 128).any()


def test_colours_stay():
    red = np.zeros((1, 4, 4, 3), np.uint8)
    red[..., 0] = 255
    with Image.open(io.BytesIO(encode_png(draw_grid(red, scale=1)))) as picture:
        assert picture.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (GREY[:0], {}, "at least one image"),
        (GREY[0], {}, r"takes uint8 .*; not uint8 \(28, 28\)"),
        (GREY / 255, {}, "not float64"),
        (np.zeros((1, 4, 4, 2), np.uint8), {}, r"not uint8 \(1, 4, 4, 2\)"),
        (GREY, {"scale": 0}, "at least 1, not 0"),
        (GREY, {"columns": 0}, "at least 1 column, not 0"),
        (GREY, {"labels": [1]}, "3 images cannot have 1 labels"),
        (GREY, {"columns": 3, "labels": [1, 2, 3, 4]}, "3 images cannot have 4 labels"),
    ],
)
def test_what_cannot_be_drawn_is_refused(images, options, message):
    with pytest.raises(PictureError, match=message):
        draw_grid(images, **options)


def test_rows_of_different_sizes_are_refused():
    with pytest.raises(PictureError, match="all of one size"):
        draw_rows([Row(GREY), Row(np.zeros((1, 4, 4), np.uint8))])


def test_a_missing_matplotlib_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match=r"matplotlib .*pip install 'datagen\[plots\]'"):
        draw_grid(GREY)


def test_a_saved_picture_replaces_the_older_one(tmp_path):
    path = tmp_path / "sheet.png"
    for columns in (1, 3):
        save_figure(draw_grid(GREY, columns), path)
    assert path.read_bytes() == encode_png(draw_grid(GREY, 3))
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_below_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PictureError, match=r"file/sheet.png cannot be written: (File|Not a)"):
        save_figure(draw_grid(GREY), tmp_path / "file" / "sheet.png")


def test_a_missing_folder_is_made(tmp_path):
    path = tmp_path / "missing" / "sheet.png"
    save_figure(draw_grid(GREY), path)
    assert path.read_bytes() == encode_png(draw_grid(GREY))
