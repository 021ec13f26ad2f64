import io
import zipfile

import numpy as np
import pytest

from datagen_federated.data import DataError, load_data

IMAGES = np.arange(12 * 16, dtype=np.uint8).reshape(12, 4, 4)
TABLE = np.linspace(0, 1, 24, dtype=np.float32).reshape(12, 2)
LABELS = np.arange(12) % 3


@pytest.fixture
def save(tmp_path):
    def save(**arrays):
        np.savez(tmp_path / "d.npz", **arrays)
        return tmp_path / "d.npz"

    return save


@pytest.mark.parametrize(
    "x", [IMAGES, IMAGES.reshape(12, 2, 8), np.zeros((12, 4, 4, 3), np.uint8)], ids=np.shape
)
def test_images_stay_bytes(save, x):
    data = load_data("npz", file=save(x=x, y=LABELS), test_size=0.25)
    assert data.x.dtype == np.uint8
    assert data.x.shape == (9, *x.shape[1:])
    assert np.bincount(data.y_test).tolist() == [1, 1, 1]


def test_a_single_channel_is_grey(save):
    assert load_data("npz", file=save(x=IMAGES[..., None], y=LABELS)).x.shape[1:] == (4, 4)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8", "bool"])
def test_tables_become_scaled_floats(save, dtype):
    x = (np.arange(24).reshape(12, 2) % 5).astype(dtype)
    data = load_data("npz", file=save(x=x, y=LABELS))
    assert data.x.dtype == data.x_test.dtype == np.float32
    assert data.x.mean(axis=0) == pytest.approx([0, 0], abs=1e-6)


def test_a_test_part_of_its_own_is_taken_as_it_is(save):
    path = save(x=TABLE, y=LABELS, x_test=TABLE[:5], y_test=LABELS[:5])
    data = load_data("npz", file=path, scaler="none")
    assert np.array_equal(data.x, TABLE)
    assert np.array_equal(data.x_test, TABLE[:5])
    assert data.y_test.tolist() == [0, 1, 2, 0, 1]


def test_classes_of_the_test_part_alone_are_dropped_and_said(save):
    path = save(x=TABLE, y=LABELS + 5, x_test=TABLE[:5], y_test=np.array([7, 9, 5, 4, 9]))
    data = load_data("npz", file=path, scaler="none")
    assert data.y_test.tolist() == [2, 0]
    assert np.array_equal(data.x_test, TABLE[[0, 2]])
    assert data.notes == (
        "the 3 classes of 'y' were numbered: 5 -> 0, 6 -> 1, 7 -> 2",
        "3 test samples were dropped, since no training sample is of their class: 4, 9",
    )


def test_further_columns_follow_the_training_part(save):
    path = save(x=IMAGES, y=LABELS, writer=np.arange(12), kind=np.array(["a", "b"] * 6), odd=TABLE)
    data = load_data("npz", file=path, id_column="writer")
    assert sorted(data.columns) == ["kind", "writer"]
    assert np.array_equal(data.x, IMAGES[data.columns["writer"]])
    (note,) = data.notes
    assert note.startswith("the array 'odd' of shape (12, 2) is not used")


def test_the_target_may_have_another_name(save):
    path = save(x=TABLE, y=LABELS, age=TABLE[:, 0])
    data = load_data("npz", file=path, target="age")
    assert data.task == "regression"
    assert list(data.columns) == ["y"]


@pytest.mark.parametrize(
    "y", [LABELS.astype("S"), LABELS.astype(str), LABELS == 1], ids=["S", "U", "bool"]
)
def test_labels_may_be_text_or_truth_values(save, y):
    data = load_data("npz", file=save(x=TABLE, y=y))
    assert data.classes in {("0", "1", "2"), ("False", "True")}
    assert data.y.dtype == np.int64


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"x": TABLE}, {}, "no array 'y'; There are: x"),
        ({"X": TABLE, "y": LABELS}, {}, "no array 'x'"),
        ({"x": TABLE, "y": LABELS}, {"target": "age"}, "no array 'age'; There are: x, y"),
        ({"x": TABLE, "y": LABELS[:11]}, {}, "12 samples in x, but 11 in y"),
        ({"x": TABLE, "y": LABELS, "x_test": TABLE}, {}, r"no array 'y_test'; did you mean '\w+'"),
        (
            {"x": TABLE, "y": LABELS, "x_test": TABLE[:, :1], "y_test": LABELS},
            {},
            r"shape \(2,\) in x, but \(1,\) in x_test",
        ),
        ({"x": TABLE, "y": np.eye(12)}, {}, r"y of shape \(12, 12\)"),
        ({"x": TABLE[:, 0], "y": LABELS}, {}, r"x of float32 \(12,\); it takes images"),
        ({"x": IMAGES / 255, "y": LABELS}, {}, r"x of float64 \(12, 4, 4\)"),
        ({"x": TABLE[:0], "y": LABELS[:0]}, {}, r"x of float32 \(0, 2\)"),
        ({"x": TABLE.astype(str), "y": LABELS}, {}, "x of <U"),
        ({"x": TABLE, "y": LABELS * 1j}, {}, "'y' holds complex128"),
        ({"x": TABLE, "y": LABELS}, {"id_column": "z"}, "no column 'z'"),
        ({"x": np.full((12, 2), np.nan), "y": LABELS}, {}, "feature 1 is nan .* in sample 1"),
        ({"x": TABLE, "y": np.where(LABELS, 1.5, np.nan)}, {}, "'y' is nan in row 1"),
        ({"x": TABLE, "y": LABELS.astype(object)}, {}, "cannot be read as npz: Object arrays"),
        (
            {"x": TABLE, "y": LABELS, "x_test": TABLE, "y_test": LABELS + 9},
            {},
            "no test sample is of a class",
        ),
        (
            {"x": TABLE, "y": LABELS, "x_test": TABLE, "y_test": LABELS.astype(str)},
            {},
            "'y' is text in one part and numbers in the other",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(save, arrays, options, message):
    with pytest.raises(DataError, match=message) as caught:
        load_data("npz", file=save(**arrays), **options)
    assert "\n" not in str(caught.value)


def npy():
    file = io.BytesIO()
    np.save(file, TABLE)
    return file.getvalue()


def cut_npz():
    file = io.BytesIO()
    np.savez_compressed(file, x=TABLE, y=LABELS)
    return file.getvalue()[:200]


def zipped_text():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x", "no array")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "cannot be read as npz"),
        (b"PK\x03\x04", "cannot be read as npz"),
        (npy(), "holds a single array"),
        (cut_npz(), "cannot be read as npz"),
        (zipped_text(), "no array 'x'"),
    ],
    ids=["text", "start", "npy", "cut", "zip"],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "d.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_data("npz", file=path)
