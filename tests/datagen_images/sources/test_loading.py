import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from datagen_images import ImagesError, load_images
from datagen_images.sources import loading as sources
from idx_files import numbered_images, write_idx, write_source
from published_files import import_torchvision

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
needs_fashion_mnist = pytest.mark.skipif(
    not DEBIAN.exists() and "CI" not in os.environ,
    reason="needs Debian's package dataset-fashion-mnist",
)


@pytest.fixture(autouse=True)
def isolated(tmp_path, monkeypatch):
    """No test finds images of this machine, or fetches any."""
    monkeypatch.delenv("DATAGEN_IMAGES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(sources, "downloading", no_network)


def no_network(downloads, folder):
    raise ImagesError("there is no network\nin tests")


LABELS = np.array([3, 1, 4])


@pytest.mark.parametrize("layout", ["", "kmnist", "KMNIST/raw"])
def test_a_local_folder_may_be_laid_out_in_three_ways(tmp_path, layout):
    write_source(tmp_path / "here" / layout, numbered_images(3), LABELS)
    data = load_images("kmnist", tmp_path / "here")
    assert np.array_equal(data.images, numbered_images(3))
    assert data.labels.tolist() == [3, 1, 4]
    assert data.where == tmp_path / "here" / layout


def test_the_arrays_have_their_types_and_are_read_only(tmp_path):
    write_source(tmp_path, numbered_images(3), LABELS)
    data = load_images("kmnist", tmp_path)
    assert (data.images.dtype, data.labels.dtype) == (np.uint8, np.int64)
    assert not data.images.flags.writeable
    assert not data.labels.flags.writeable
    assert [data.classes[label] for label in data.labels] == ["tsu", "ki", "na"]


def test_unpacked_files_are_read_too(tmp_path):
    write_idx(tmp_path / "t10k-images-idx3-ubyte", numbered_images(2))
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", np.array([0, 9]))
    assert load_images("kmnist", tmp_path, part="test").labels.tolist() == [0, 9]


def test_the_environment_names_the_folder(tmp_path, monkeypatch):
    write_source(tmp_path / "images", numbered_images(3), LABELS)
    monkeypatch.setenv("DATAGEN_IMAGES", str(tmp_path / "images"))
    assert load_images("kmnist").where == tmp_path / "images"


def test_local_comes_before_debian_and_debian_before_downloads(tmp_path):
    places = ["local", "debian/kmnist", "xdg/datagen/images/KMNIST/raw"]
    for place in reversed(places):
        write_source(tmp_path / place, numbered_images(3), LABELS)
    (tmp_path / "empty").mkdir()
    assert load_images("kmnist", tmp_path / "local").where == tmp_path / places[0]
    assert load_images("kmnist", tmp_path / "empty").where == tmp_path / places[1]
    (tmp_path / "debian").rename(tmp_path / "gone")
    assert load_images("kmnist").where == tmp_path / places[2]


def test_emnist_comes_upright(tmp_path):
    upright = numbered_images(3)
    write_source(tmp_path, upright.swapaxes(1, 2), LABELS, "emnist-letters-train")
    data = load_images("emnist", tmp_path, variant="letters")
    assert np.array_equal(data.images, upright)
    assert [data.classes[label] for label in data.labels] == ["c", "a", "d"]


@pytest.mark.parametrize(
    ("variant", "count"),
    [("balanced", 47), ("bymerge", 47), ("byclass", 62), ("digits", 10), ("letters", 27),
     ("mnist", 10)],
)  # fmt: skip
def test_emnist_has_the_classes_of_torchvision(tmp_path, variant, count):
    write_source(tmp_path, numbered_images(3), LABELS, f"emnist-{variant}-test")
    classes = load_images("emnist", tmp_path, "test", variant).classes
    assert len(classes) == count
    published = import_torchvision().datasets.EMNIST.classes_split_dict[variant]
    assert list(classes) == published


@pytest.mark.parametrize(
    ("images", "labels", "problem"),
    [
        (np.zeros((2, 28, 28)), np.zeros(3), r"labels of shape \(3,\)"),
        (np.zeros((2, 28, 27)), np.zeros(2), r"images of shape \(2, 28, 27\)"),
        (np.zeros((2, 28)), np.zeros(2), r"images of shape \(2, 28\)"),
        (np.zeros(()), np.zeros(()), r"images of shape \(\)"),
        (np.zeros((0, 28, 28)), np.zeros(0), r"images of shape \(0, 28, 28\)"),
        (np.zeros((2, 28, 28)), np.array([0, 10]), "the label 10 where there are 10 classes"),
    ],
)
def test_files_that_cannot_be_the_data_set_are_refused(tmp_path, images, labels, problem):
    write_source(tmp_path, images, labels)
    with pytest.raises(ImagesError, match=problem):
        load_images("kmnist", tmp_path)


def test_other_files_under_a_known_name_are_refused(tmp_path):
    write_source(tmp_path, numbered_images(3), LABELS)
    with pytest.raises(ImagesError, match=r"not what was published as mnist train: .* SHA-256"):
        load_images("mnist", tmp_path)


@needs_fashion_mnist
@pytest.mark.parametrize("source", ["kmnist", "mnist"])
def test_fashion_mnist_is_not_taken_for_another(source):
    with pytest.raises(ImagesError, match="it belongs to fashion_mnist"):
        load_images(source, DEBIAN)


@needs_fashion_mnist
@pytest.mark.parametrize(("part", "n"), [("train", 60000), ("test", 10000)])
def test_fashion_mnist_of_debian(part, n):
    data = load_images("fashion_mnist", DEBIAN, part)
    assert data.images.shape == (n, 28, 28)
    assert np.bincount(data.labels).tolist() == [n // 10] * 10


@needs_fashion_mnist
def test_torchvision_reads_the_same(tmp_path):
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        array = sources.decode_idx(sources.read_content(DEBIAN / f"{name}.gz"), DEBIAN)
        for part in (name, name.replace("t10k", "train")):  # torchvision looks for all four
            write_idx(tmp_path / "FashionMNIST" / "raw" / part, array)
    theirs = import_torchvision().datasets.FashionMNIST(tmp_path, train=False)
    ours = load_images("fashion_mnist", tmp_path, "test")
    assert np.array_equal(ours.images, theirs.data.numpy())
    assert np.array_equal(ours.labels, theirs.targets.numpy())
    assert list(ours.classes) == theirs.classes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["cifar"],
            "no image data set 'cifar'; use one of cifar10, emnist, fashion_mnist, kmnist, mnist",
        ),
        (["mnist", None, "valid"], "no part 'valid'; use one of train, test"),
        (["emnist"], "emnist needs a variant: balanced, "),
        (["emnist", None, "train", "greek"], "no variant 'greek'"),
        (["mnist", None, "train", "letters"], "only emnist has variants"),
        (["mnist", "/no/such/folder"], "no folder /no/such/folder"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ImagesError, match=message):
        load_images(*arguments)


def test_a_missing_folder_of_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("DATAGEN_IMAGES", "/no/such/folder")
    with pytest.raises(ImagesError, match="that DATAGEN_IMAGES names"):
        load_images("kmnist")


def test_a_failed_download_says_which_files_go_where(tmp_path):
    with pytest.raises(ImagesError) as caught:
        load_images("emnist", variant="digits")
    message = str(caught.value)
    assert "\n" not in message
    assert "in tests" in message  # the last line of the reason
    assert "emnist-digits-train-images-idx3-ubyte.gz" in message
    assert str(tmp_path / "xdg/datagen/images/EMNIST/raw") in message


def test_local_files_need_no_torch(tmp_path):
    write_source(tmp_path, numbered_images(3), LABELS)
    code = (
        "import sys; sys.modules['torch'] = sys.modules['torchvision'] = None\n"
        "import datagen_images; print(datagen_images.load_images('kmnist', sys.argv[1]).labels)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.check_output(command, text=True) == "[3 1 4]\n"
