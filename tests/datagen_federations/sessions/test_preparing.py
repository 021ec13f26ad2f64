"""The clients' data of a run on one machine."""

import numpy as np
import pytest

from datagen_core import DatagenError
from datagen_federations.errors import TrainingError
from datagen_federations.roles.arrays import as_classes, as_inputs, count_classes
from datagen_federations.sessions.preparing import prepare_clients
from datagen_partitions.client_files import ImagePartitionParams, read_client


@pytest.fixture
def params(tmp_path):
    """Return a function that binds parameters for 60 rows of 3 numbers with these labels."""

    def bind(labels=None, **given):
        np.save(tmp_path / "x.npy", np.arange(180, dtype=np.float64).reshape(60, 3))
        np.save(tmp_path / "y.npy", np.arange(60) % 4 if labels is None else labels)
        files = {name: str(tmp_path / f"{name[0]}.npy") for name in ("x_", "y_")}
        given = {"data_file": files["x_"], "label_file": files["y_"], "clients": 3, **given}
        return ImagePartitionParams.bind(given, "image_partition")

    return bind


def test_each_client_gets_a_folder_and_what_it_has_is_counted(tmp_path, params):
    clients = prepare_clients(tmp_path / "data", params(), 7)
    read = [read_client(tmp_path / "data" / name) for name in clients.names]

    assert clients.names == ("client_0", "client_1", "client_2")
    assert (clients.shape, clients.classes) == ((3,), 4)
    for data, counts in zip(read, clients.counts, strict=True):
        assert np.bincount(data.train[1], minlength=4).tolist() == counts.tolist()
    assert clients.counts.sum() == 48


def test_the_seed_decides_who_gets_what(tmp_path, params):
    rows = [
        read_client(prepare_clients(tmp_path / str(place), params(), seed).folder / "client_0")
        for place, seed in enumerate((1, 1, 2))
    ]

    assert np.array_equal(rows[0].train[0], rows[1].train[0])
    assert not np.array_equal(rows[0].train[0], rows[2].train[0])


def test_classes_that_a_client_has_not_are_counted_as_zero(tmp_path, params):
    clients = prepare_clients(tmp_path / "data", params(scheme="labels", clients=4), 0)

    assert clients.counts.shape == (4, 4)
    assert np.count_nonzero(clients.counts, axis=1).tolist() == [1] * 4


@pytest.mark.parametrize("labels", [[0.0, 2.0], [False, True], np.array([[1], [2]], np.uint8)])
def test_whole_numbers_of_any_kind_are_classes(labels):
    classes = as_classes(np.array(labels))

    assert classes.dtype == np.int64
    assert classes.tolist() == [int(label) for label in np.ravel(labels)]


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [([0, -1], "-1"), ([0.0, 1.5], "1.5"), ([0.0, np.nan], "nan"), ([np.inf], "inf"),
     (["a", "b"], "'a'"), ([2**40], str(2**40)), ([2.0**70], "1.18")],
)  # fmt: skip
def test_other_labels_are_one_line_that_shows_one(labels, wrong):
    with pytest.raises(TrainingError) as caught:
        as_classes(np.array(labels))

    assert str(caught.value).startswith(f"labels should be whole numbers from 0, not {wrong}")


def test_wrong_labels_of_a_file_are_told_before_anything_is_written(tmp_path, params):
    with pytest.raises(DatagenError, match="-3"):
        prepare_clients(tmp_path / "data", params(np.full(60, -3)), 0)

    assert not (tmp_path / "data").exists()


def test_there_are_two_classes_at_the_least():
    assert count_classes(np.array([0, 0])) == 2
    assert count_classes(np.array([], np.int64)) == 2
    assert count_classes(np.array([0, 6])) == 7


def test_inputs_are_float32_in_a_row():
    inputs = as_inputs(np.arange(6, dtype=np.uint8).reshape(2, 3).T)

    assert inputs.dtype == np.float32
    assert inputs.flags.c_contiguous
