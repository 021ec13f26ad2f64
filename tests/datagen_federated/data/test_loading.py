import os
import sys
from pathlib import Path

import numpy as np
import pytest

from cifar_files import RECORDS, write_cifar
from datagen_federated.data import DATASETS, DataError, load_data, loading
from datagen_images import load_images
from datagen_images.sources import cifar
from idx_files import numbered_images, write_source

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
needs_fashion_mnist = pytest.mark.skipif(
    not DEBIAN.exists() and "CI" not in os.environ,
    reason="needs Debian's package dataset-fashion-mnist",
)


@pytest.fixture(autouse=True)
def isolated(tmp_path, monkeypatch):
    """No test sees images of another, or this machine's."""
    monkeypatch.setenv("DATAGEN_IMAGES", str(tmp_path))
    loading._load.cache_clear()
    yield
    loading._load.cache_clear()


@needs_fashion_mnist
def test_fashion_mnist_has_its_own_test_part():
    data = load_data("fashion_mnist")
    assert (data.x.shape, data.x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert data.x.dtype == np.uint8
    assert np.array_equal(data.y, load_images("fashion_mnist").labels)
    assert data.classes[9] == "Ankle boot"
    assert data.notes == ()


def test_letters_of_emnist_are_numbered_from_zero(tmp_path):
    labels = np.repeat(np.arange(1, 27), 2)
    for part in ("train", "test"):
        write_source(tmp_path, numbered_images(52), labels, f"emnist-letters-{part}")
    data = load_data("emnist", variant="letters")
    assert np.array_equal(data.y, labels - 1)
    assert data.classes[:2] == ("a", "b")
    assert data.notes[0].startswith("the 26 classes of 'y' were numbered: 1 -> 0, 2 -> 1")


def test_cifar10_is_in_colour(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "BATCH", RECORDS)
    write_cifar(tmp_path)
    data = load_data("cifar10")
    assert data.x.shape == (5 * RECORDS, 32, 32, 3)
    assert data.x_test.shape == (RECORDS, 32, 32, 3)


def test_arrays_are_read_only(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.eye(9), y=np.arange(9) % 3, site=np.arange(9))
    data = load_data("npz", file=tmp_path / "d.npz")
    arrays = [data.x, data.y, data.x_test, data.y_test, data.columns["site"]]
    assert not any(array.flags.writeable for array in arrays)
    with pytest.raises(TypeError, match="does not support item assignment"):
        data.columns["site"] = None


def test_the_same_request_is_read_once(tmp_path):
    path = tmp_path / "d.npz"
    np.savez(path, x=np.eye(9), y=np.arange(9) % 3)
    first = load_data("npz", file=path)
    assert load_data("npz", file=str(path)) is first
    assert load_data("npz", file=path, scaler="none") is not first


def test_a_file_that_was_written_again_is_read_again(tmp_path):
    path = tmp_path / "d.npz"
    np.savez(path, x=np.eye(9), y=np.arange(9) % 3)
    first = load_data("npz", file=path)
    np.savez(path, x=np.eye(9, 5), y=np.arange(9) % 3)
    assert (first.x.shape[1], load_data("npz", file=path).x.shape[1]) == (9, 5)


def test_the_test_part_does_not_depend_on_the_scaler(tmp_path):
    path = tmp_path / "d.npz"
    x = np.arange(40.0).reshape(20, 2)
    np.savez(path, x=x, y=x[:, 0])
    plain, scaled = (load_data("npz", file=path, scaler=name) for name in ("none", "minmax"))
    assert np.array_equal(plain.y_test, scaled.y_test)
    assert np.array_equal(plain.x_test[:, 0], plain.y_test)


def test_the_scale_of_a_regression_target_is_that_of_training(tmp_path):
    values = np.random.default_rng(0).normal(7, 3, 50)
    np.savez(tmp_path / "d.npz", x=values[:, None], y=values)
    data = load_data("npz", file=tmp_path / "d.npz")
    assert data.target_scale == pytest.approx((data.y.mean(), data.y.std()), rel=1e-6)
    assert set(data.y) | set(data.y_test) == set(values.astype(np.float32))


@pytest.mark.parametrize(
    ("dataset", "options", "message"),
    [
        ("minst", {}, "no data set 'minst'; did you mean 'mnist'"),
        ("iris", {"scaler": "robust"}, "no scaler 'robust'; There are: standard, minmax, none"),
        ("iris", {"task": "clustering"}, "no task 'clustering'"),
        ("iris", {"test_size": 0}, "test_size should be between 0 and 1, not 0"),
        ("iris", {"test_size": 1.0}, "between 0 and 1, not 1.0"),
        ("iris", {"test_size": float("nan")}, "between 0 and 1, not nan"),
        ("iris", {"file": "x.csv"}, "file is for csv and npz files; leave it out for iris"),
        ("iris", {"target": "y"}, "target is for csv and npz files"),
        ("iris", {"id_column": "y"}, "id_column is for csv and npz files"),
        ("iris", {"variant": "letters"}, "only emnist has variants"),
        ("emnist", {}, "emnist needs a variant"),
        ("csv", {}, "csv needs a file"),
        ("npz", {"file": "/no/such.npz"}, "/no/such.npz does not exist; name another"),
        ("csv", {"file": "/"}, "/ is a folder"),
        ("csv", {"file": os.devnull}, "does not exist"),
    ],
)
def test_a_wrong_request_is_refused_in_one_line(dataset, options, message):
    with pytest.raises(DataError, match=message) as caught:
        load_data(dataset, **options)
    assert "\n" not in str(caught.value)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "t.csv").touch()
    with pytest.raises(DataError, match=r"t\.csv is empty"):
        load_data("csv", file=tmp_path / "t.csv")


def test_files_need_neither_scikit_learn_nor_torch(tmp_path, monkeypatch):
    for name in ("sklearn", "torch", "torchvision", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "t.csv").write_text("a,y\n1,0\n2,1\n3,0\n4,1\n")
    assert load_data("csv", file=tmp_path / "t.csv").classes == ("0", "1")


def test_every_data_set_has_a_reader():
    images = {"fashion_mnist", "mnist", "kmnist", "emnist", "cifar10"}
    assert set(DATASETS) == images | set(loading._READERS)
