"""Images as PNG files: another library reads what was written."""

from __future__ import annotations

import io

import numpy as np
import pytest

from datagen_core import Field
from datagen_core.pages.images import encode_png, find_image_layout, make_thumbnail


def read(png):
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(png))
    image.load()
    return np.asarray(image)


@pytest.mark.parametrize("shape", [(5, 7), (1, 1), (5, 7, 3)])
def test_what_is_written_is_read(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)

    assert np.array_equal(read(encode_png(image)), image)


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (Field("uint8", (28, 28)), (False, None)),
        (Field("uint8", (28, 28), ragged=True), (True, None)),
        (Field("float32", (3, 32, 32)), (False, -3)),
        (Field("uint8", (10, 32, 32, 3)), (True, -1)),
        (Field("float64", (60,), ragged=True), None),
        (Field("float64", (3, 3)), None),
        (Field("int64", (28, 28)), None),
        (Field(str), None),
    ],
)
def test_fields_that_hold_images_are_known_by_type_and_shape(field, found):
    assert find_image_layout(field.dtype, field.shape, ragged=field.ragged) == found


def test_thumbnails_are_small_and_show_floats_from_black_to_white():
    large = read(make_thumbnail(np.zeros((3, 500, 300), np.uint8), -3))
    unit = read(make_thumbnail(np.array([[0.0, 0.5], [0.25, 1.0]]), None))
    widest = read(make_thumbnail(np.array([[-1e308, 0.0], [np.inf, 1e308]]), None))
    wide = read(make_thumbnail(np.array([[-10.0, 0.0], [np.nan, 10.0]]), None))

    assert large.shape == (63, 38, 3)
    assert unit.tolist() == [[0, 128], [64, 255]]
    assert widest.tolist() == [[0, 128], [128, 255]]
    assert wide.tolist() == [[0, 128], [128, 255]]
