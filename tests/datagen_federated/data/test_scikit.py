import sys

import numpy as np
import pytest

from datagen_core import DatagenError
from datagen_federated.data import DataError, load_data, loading

pytest.importorskip("sklearn")


@pytest.fixture(autouse=True)
def _nothing_kept():
    loading._load.cache_clear()


@pytest.mark.parametrize(
    ("name", "train", "test", "classes"),
    [
        ("iris", (120, 4), [10, 10, 10], ("setosa", "versicolor", "virginica")),
        ("wine", (142, 13), [12, 14, 10], ("class_0", "class_1", "class_2")),
        ("breast_cancer", (455, 30), [42, 72], ("malignant", "benign")),
    ],
)
def test_tables_of_classes(name, train, test, classes):
    data = load_data(name)
    assert data.x.shape == train
    assert data.x.dtype == np.float32
    assert np.abs(data.x.mean(axis=0)).max() < 1e-5
    assert data.x.std(axis=0) == pytest.approx(1, abs=1e-4)
    assert np.bincount(data.y_test).tolist() == test
    assert data.classes == classes


def test_digits_are_images():
    data = load_data("digits")
    assert data.x.shape == (1438, 8, 8)
    assert (data.x.dtype, data.x.min(), data.x.max()) == (np.uint8, 0, 255)
    assert len(data.x_test) == 359
    assert data.classes == tuple("0123456789")


def test_diabetes_is_scaled_on_its_training_part_alone():
    data = load_data("diabetes", scaler="none")
    assert (data.task, data.x.shape, data.x_test.shape) == ("regression", (354, 10), (88, 10))
    ages = np.r_[data.x[:, 0], data.x_test[:, 0]]
    assert (ages.min(), ages.max()) == (19, 79)  # years
    assert set(data.x[:, 1]) == {1, 2}
    assert (data.y.dtype, data.y.max()) == (np.float32, 341)


def test_a_data_set_has_one_task():
    with pytest.raises(DataError, match="iris is for classification, not regression"):
        load_data("iris", task="regression")
    assert load_data("iris", task="classification").task == "classification"


def test_california_housing_is_not_downloaded(tmp_path, monkeypatch):
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    with pytest.raises(
        DataError, match=r"california_housing is not in .*fetch_california_"
    ) as caught:
        load_data("california_housing")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_california_housing_is_read_from_the_folder_of_downloads(tmp_path, monkeypatch):
    import joblib

    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    rows = np.random.default_rng(0).uniform(1, 9, (50, 9))
    joblib.dump(rows, tmp_path / "cal_housing_py3.pkz", compress=6)
    data = load_data("california_housing")
    assert (data.task, data.x.shape) == ("regression", (40, 8))
    assert set(data.y) <= set((rows[:, 0] / 100000).astype(np.float32))


def test_a_missing_scikit_learn_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DatagenError, match=r"pip install 'datagen\[sklearn\]'") as refused:
        load_data("iris")
    assert refused.value.exit_code == 2
