import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datagen_pictures import PictureError, Row, count_labels, draw_rows, encode_png

IMAGES = np.full((2, 28, 28), 100, np.uint8)
TOP = 12 + 4  # below the numbers of classes
LEFT = 4 + 2 * 60 + 4  # of the cells, beside two images
CELL = 12
TALL = 56 + 4


def draw(*labels, images=IMAGES):
    heat_map = count_labels([np.array(row, int) for row in labels])
    png = encode_png(draw_rows([Row(images)] * len(labels), heat_map=heat_map))
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture)[..., :3]


def cell(picture, row, column):
    """The inside of a cell, without its lines."""
    x, y = LEFT + column * CELL, TOP + row * TALL
    return picture[y + 1 : y + 55, x + 1 : x + CELL]


def test_the_shade_is_the_share_of_the_class():
    picture = draw([0, 0, 1, 3], [2] * 10, [])
    shades = [
        [np.unique(cell(picture, row, column)).tolist() for column in range(4)] for row in range(3)
    ]
    assert shades == [
        [[127], [191], [255], [191]],  # of 256 shades
        [[255], [255], [0], [255]],
        [[255]] * 4,
    ]  # fmt: skip


def test_images_stay_where_they_are_below_the_numbers_of_classes():
    picture = draw([0, 1])
    assert (picture[TOP : TOP + 56, 4:60] == 100).all()
    assert (picture[:TOP, LEFT : LEFT + CELL] < 128).any()  # 0
    assert (picture[:TOP, LEFT + CELL : LEFT + 2 * CELL] < 128).any()  # 1
    assert (picture[:TOP, : LEFT - 4] == 255).all()


def test_the_number_of_labels_follows_its_row():
    after = slice(LEFT + 2 * CELL + 2, None)
    few, many = draw([0, 1]), draw([0, 1] * 5000)
    inked = [
        np.flatnonzero((each[TOP : TOP + 56, after] < 128).any(axis=(0, 2))) for each in (few, many)
    ]
    assert 0 < np.ptp(inked[0]) < np.ptp(inked[1])
    assert (many[TOP:, after][:, -4:] == 255).all()  # nothing is cut off


def test_cells_are_as_wide_as_the_numbers_of_classes():
    assert count_labels([np.array([10**6, -5])]).classes == (-5, 10**6)
    assert draw([10**6, -5]).shape[1] > LEFT + 2 * 36


def test_colours_stay_beside_a_heat_map():
    red = np.zeros((2, 28, 28, 3), np.uint8)
    red[..., 0] = 255
    picture = draw([0, 0, 1, 1], [0], images=red)
    assert picture[TOP + 5, 5].tolist() == [255, 0, 0]
    assert np.unique(cell(picture, 0, 1)).tolist() == [127]


@pytest.mark.parametrize(
    ("labels", "end"), [([0, 1], "50 %"), ([3], "100 %"), (range(62), "5 %"), ([], "5 %")]
)
def test_a_scale_says_which_share_is_black(labels, end):
    figure = draw_rows([Row(IMAGES)], heat_map=count_labels([np.array(labels, int)]))
    (cells,) = [each for each in figure.artists if hasattr(each, "get_clim")]

    assert [text.get_text() for text in figure.texts][-2:] == [
        end,
        "share of the row's labels   0 %",
    ]
    assert cells.get_clim() == (0, float(end.removesuffix(" %")) / 100)


def test_a_title_is_above_all_and_cut_between_words():
    title = "image_partition 1: source=kmnist scheme=dirichlet alpha=0.5; 2 of 10 clients of raw"
    plain = draw_rows([Row(IMAGES)])
    figure = draw_rows([Row(IMAGES)], title=title)
    lines = [text.get_text() for text in figure.texts if text.get_text()]

    assert " ".join(lines) == title
    assert len(lines) == 2
    assert figure.get_figheight() > plain.get_figheight()
    assert figure.get_figwidth() * 128 == 360


def test_a_heat_map_has_a_row_for_each_row():
    with pytest.raises(PictureError, match="2 rows cannot have a heat map of 1 rows"):
        draw_rows([Row(IMAGES)] * 2, heat_map=count_labels([np.array([1])]))


@given(st.lists(st.lists(st.integers(-3, 100), max_size=30), min_size=1, max_size=5))
def test_every_label_is_counted_once(rows):
    heat_map = count_labels([np.array(row, int) for row in rows])
    assert heat_map.totals.tolist() == [len(row) for row in rows]
    for row, counts, shares in zip(rows, heat_map.counts, heat_map.shares, strict=True):
        assert counts.tolist() == [row.count(label) for label in heat_map.classes]
        assert shares.sum() == pytest.approx(1 if row else 0)
