from dataclasses import replace

import numpy as np
import pytest

from datagen_core import Field, Schema
from datagen_images import ImagesError
from datagen_images.pictures.sample_rows import (
    ImageField,
    find_image_field,
    make_heat_map,
    make_rows,
    name_classes,
)

GREY = Field("uint8", (4, 5))
LABEL = Field("int64")


@pytest.mark.parametrize(
    ("field", "is_many", "channels"),
    [
        (GREY, False, None),
        (Field("float32", (4, 5)), False, None),
        (Field("uint8", (4, 5), ragged=True), True, None),
        (Field("uint8", (10, 4, 5)), True, None),
        (Field("uint8", (4, 5, 3)), False, -1),
        (Field("uint8", (4, 5, 1)), False, -1),
        (Field("float64", (3, 4, 5)), False, -3),
        (Field("uint8", (3, 4, 5), ragged=True), True, -3),
        (Field("uint8", (10, 3, 4, 5)), True, -3),
    ],
    ids=str,
)
def test_a_field_is_known_by_type_and_shape(field, is_many, channels):
    schema = Schema({"score": Field("float64"), "picture": field})
    assert find_image_field(schema) == ImageField("picture", is_many, channels)


@pytest.mark.parametrize(
    "field",
    [
        Field("int64", (4, 5)),
        Field("uint8", (4,)),
        Field("float64", (60,), ragged=True),
        Field("str"),
        Field("uint8", (2, 4, 5, 5, 5)),
    ],
    ids=str,
)
def test_other_fields_hold_no_images(field):
    with pytest.raises(ImagesError, match=r"hold no images .* they have v: "):
        find_image_field(Schema({"v": field}))


def test_between_two_fields_the_user_decides():
    schema = Schema({"before": GREY, "after": GREY})
    with pytest.raises(ImagesError, match="--field: before, after"):
        find_image_field(schema)
    assert find_image_field(schema, "after").name == "after"


def test_a_chosen_field_must_hold_images():
    with pytest.raises(ImagesError, match="field 'label' holds no images"):
        find_image_field(Schema({"image": GREY, "label": LABEL}), "label")


@pytest.mark.parametrize(
    ("image", "name", "label", "found"),
    [
        (GREY, "label", LABEL, "label"),
        (GREY, "labels", Field("uint8"), "labels"),
        (GREY, "label", Field("float64"), None),
        (GREY, "label", Field("int64", (3,)), None),
        (Field("uint8", (4, 5), ragged=True), "labels", Field("int64", ragged=True), "labels"),
        (Field("uint8", (4, 5), ragged=True), "label", LABEL, None),
    ],
)
def test_labels_are_found_where_each_image_has_one(image, name, label, found):
    assert find_image_field(Schema({"image": image, name: label})).labels == found


def test_many_images_make_a_row_each_sample():
    image = ImageField("images", is_many=True, labels="labels")
    clients = [
        {"images": np.full((n, 4, 5), n, np.uint8), "labels": np.arange(n)} for n in (2, 0, 5)
    ]
    rows = make_rows(image, clients, np.array([7, 8, 9]), columns=3)
    assert [row.title for row in rows] == ["sample 7", "sample 8", "sample 9"]
    assert [row.captions for row in rows] == [["0", "1"], [], ["0", "1", "2"]]
    assert [row.images.shape for row in rows] == [(2, 4, 5), (0, 4, 5), (3, 4, 5)]


def test_single_images_fill_rows():
    pairs = [(np.full((4, 5), n, np.uint8), np.int64(n)) for n in range(5)]
    rows = make_rows(ImageField("x", is_many=False, labels="y"), pairs, np.arange(5), columns=2)
    assert [row.title for row in rows] == ["sample 0", "sample 2", "sample 4"]
    assert [row.captions for row in rows] == [["0", "1"], ["2", "3"], ["4"]]
    assert rows[1].images[:, 0, 0].tolist() == [2, 3]


def test_floats_are_drawn_from_zero_to_one():
    image = ImageField("image", is_many=False)
    drawn = image.images_of({"image": np.array([[0, 0.5, 1]], np.float32)})
    assert drawn.tolist() == [[[0, 128, 255]]]
    assert drawn.dtype == np.uint8


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan, np.inf])
def test_floats_beyond_are_refused(value):
    with pytest.raises(ImagesError, match=r"field 'image' holds .* from 0 to 1"):
        ImageField("image", is_many=False).images_of({"image": np.array([[0, value]])})


@pytest.mark.parametrize("channels", [-1, -3])
def test_colours_come_last(channels):
    red = np.zeros((4, 5, 3), np.uint8)
    red[..., 0] = 255
    sample = {"image": np.moveaxis(red, -1, channels)}
    assert np.array_equal(ImageField("image", False, channels).images_of(sample)[0], red)


def test_a_single_colour_is_grey():
    images = ImageField("image", False, -3).images_of({"image": np.ones((1, 4, 5), np.uint8)})
    assert images.shape == (1, 4, 5)


LABELLED = ImageField("images", is_many=True, labels="labels")


def clients(*labels):
    return [{"images": np.zeros((0, 4, 5), np.uint8), "labels": np.array(y, int)} for y in labels]


def test_a_heat_map_counts_all_labels_of_a_sample():
    heat_map = make_heat_map(LABELLED, clients([0, 2, 2], [], [1]))
    assert heat_map.classes == ["0", "1", "2"]
    assert heat_map.counts.tolist() == [[1, 0, 2], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("labels", "wanted", "columns"),
    [
        (range(62), None, 62),
        (range(63), None, None),
        (range(63), True, 63),
        (range(3), False, None),
        ([5], None, 6),
    ],
)
def test_many_classes_are_drawn_on_demand(labels, wanted, columns):
    heat_map = make_heat_map(LABELLED, clients(labels), wanted=wanted)
    assert (heat_map and len(heat_map.classes)) == columns


@pytest.mark.parametrize(
    "image", [ImageField("images", is_many=True), ImageField("x", is_many=False, labels="y")]
)
def test_what_has_no_labels_of_many_images_has_no_heat_map(image):
    assert make_heat_map(image, []) is None
    with pytest.raises(ImagesError, match="only rows of many images with integer labels"):
        make_heat_map(image, [], wanted=True)


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"source": "fashion_mnist", "variant": None}, ["T-shirt/top", "Ankle boot", "10", "-1"]),
        ({"source": "emnist", "variant": "letters"}, ["N/A", "i", "j", "-1"]),
        ({"source": "mnist", "data_file": "sha256:0"}, ["0", "9", "10", "-1"]),
        ({"source": "sensor 5"}, ["0", "9", "10", "-1"]),
        ({"source": ["mnist"]}, ["0", "9", "10", "-1"]),
        ({}, ["0", "9", "10", "-1"]),
    ],
)
def test_classes_have_the_names_of_the_data_set(params, names):
    image = replace(LABELLED, classes=name_classes(params))

    assert [image.name_of(label) for label in (0, 9, 10, -1)] == names
