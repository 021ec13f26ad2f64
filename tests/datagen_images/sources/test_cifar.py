import gzip
import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest

from cifar_files import (
    RECORDS,
    binary_content,
    colour_images,
    pickle_content,
    write_cifar,
)
from datagen_images import ImagesError, load_images
from datagen_images.sources import catalogue, cifar
from datagen_images.sources import loading as sources
from published_files import import_torchvision

IMAGES = colour_images(RECORDS)
LABELS = np.array([6, 9, 9, 4])
PICKLES = "cifar-10-batches-py"
BINARIES = "cifar-10-batches-bin"


@pytest.fixture(autouse=True)
def isolated(tmp_path, monkeypatch):
    """Batches are small; no test finds images of this machine, or fetches any."""
    monkeypatch.delenv("DATAGEN_IMAGES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(cifar, "BATCH", RECORDS)
    monkeypatch.setattr(sources, "downloading", no_network)


def no_network(downloads, folder):
    raise ImagesError("no network")


@pytest.fixture
def any_checksum(monkeypatch):
    """Let the small files pass for the published ones."""
    names = dict.fromkeys(catalogue._CIFAR_MD5)
    monkeypatch.setattr(catalogue, "_CIFAR_MD5", names)


@pytest.mark.parametrize(
    ("decode", "encode"),
    [
        (cifar.decode_cifar_binary, binary_content),
        (cifar.decode_cifar_pickle, pickle_content),
        (
            cifar.decode_cifar_pickle,
            lambda x, y: pickle.dumps({"data": x.transpose(0, 3, 1, 2).reshape(-1, 3072),
                                       "labels": y.tolist()}, protocol=4),
        ),
    ],
    ids=["binary", "python 2", "python 3"],
)  # fmt: skip
def test_both_forms_hold_images_and_labels(decode, encode):
    images, labels = decode(encode(IMAGES, LABELS), Path("batch"))
    assert np.array_equal(images, IMAGES)
    assert labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("layout", ["", "cifar10", BINARIES, f"cifar10/{BINARIES}"])
def test_binary_batches_may_be_laid_out_in_four_ways(tmp_path, layout):
    write_cifar(tmp_path / "here" / layout)
    train = load_images("cifar10", tmp_path / "here")
    test = load_images("cifar10", tmp_path / "here", "test")
    assert train.where == tmp_path / "here" / layout
    assert train.images[:, 0, 1, 0].tolist() == list(range(5 * RECORDS))
    assert test.labels.tolist() == [0, 1, 2, 3]
    assert np.array_equal(test.images, colour_images(6 * RECORDS)[-RECORDS:])


@pytest.mark.usefixtures("any_checksum")
@pytest.mark.parametrize("layout", ["", "cifar10", PICKLES, f"cifar10/{PICKLES}"])
def test_python_batches_may_be_laid_out_in_four_ways(tmp_path, layout):
    write_cifar(tmp_path / "here" / layout, pickle_content, "")
    train = load_images("cifar10", tmp_path / "here")
    assert train.where == tmp_path / "here" / layout
    assert np.array_equal(train.images, colour_images(6 * RECORDS)[:-RECORDS])


def test_binary_is_preferred(tmp_path):
    write_cifar(tmp_path / PICKLES, pickle_content, "")
    write_cifar(tmp_path / BINARIES)
    assert load_images("cifar10", tmp_path).where == tmp_path / BINARIES


def test_arrays_are_typed_contiguous_and_read_only(tmp_path):
    write_cifar(tmp_path)
    data = load_images("cifar10", tmp_path)
    assert (data.images.dtype, data.labels.dtype) == (np.uint8, np.int64)
    assert data.images.flags.c_contiguous
    assert not data.images.flags.writeable
    assert not data.labels.flags.writeable
    assert data.classes[:3] == ("airplane", "automobile", "bird")


def test_incomplete_batches_are_not_taken(tmp_path):
    write_cifar(tmp_path)
    (tmp_path / "data_batch_4.bin").unlink()
    with pytest.raises(ImagesError, match="cifar10 train was not found"):
        load_images("cifar10", tmp_path)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_python_batch_is_known_by_its_checksum(tmp_path, suffix):
    write_cifar(tmp_path, pickle_content, "")
    if suffix:
        (tmp_path / "test_batch.gz").write_bytes(gzip.compress(b"other"))
        (tmp_path / "test_batch").unlink()
    with pytest.raises(ImagesError, match=r"not what was published as cifar10 test: it has MD5"):
        load_images("cifar10", tmp_path, "test")


def test_the_published_checksum_is_accepted(tmp_path, monkeypatch):
    write_cifar(tmp_path, pickle_content, "")
    found = hashlib.md5((tmp_path / "test_batch").read_bytes()).hexdigest()
    monkeypatch.setitem(catalogue._CIFAR_MD5, "test_batch", found)
    assert load_images("cifar10", tmp_path, "test").labels.tolist() == [0, 1, 2, 3]


class Call:
    """Its pickle runs a command, if nobody stops it."""

    def __reduce__(self):
        return print, ("this must not be printed",)


@pytest.mark.parametrize(
    "thing", [Call(), np.dtype, Path("/"), len], ids=["call", "type", "path", "function"]
)
def test_a_pickle_builds_arrays_and_nothing_else(thing, capsys):
    content = pickle.dumps({"data": thing, "labels": [0]}, protocol=4)
    with pytest.raises(ImagesError, match="batch is damaged: ") as caught:
        cifar.decode_cifar_pickle(content, Path("batch"))
    assert "\n" not in str(caught.value)
    assert not capsys.readouterr().out


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_cut_batch_is_refused_in_both_forms(cut):
    for decode, encode in (
        (cifar.decode_cifar_binary, binary_content),
        (cifar.decode_cifar_pickle, pickle_content),
    ):
        with pytest.raises(ImagesError, match=r"batch is damaged: .*; fetch it again"):
            decode(encode(IMAGES, LABELS)[:cut], Path("batch"))


@pytest.mark.parametrize(
    ("images", "labels"),
    [(IMAGES[:3], LABELS[:3]), (IMAGES, LABELS[:3]), (IMAGES, LABELS / 2), (IMAGES, LABELS - 5)],
)
def test_a_pickle_of_other_content_is_refused(images, labels):
    with pytest.raises(ImagesError, match=r"damaged: it (does not hold 4 images|has labels from)"):
        cifar.decode_cifar_pickle(pickle_content(images, labels), Path("batch"))


def test_a_label_beyond_the_classes_is_refused(tmp_path):
    write_cifar(tmp_path)
    content = binary_content(IMAGES, np.array([0, 1, 2, 10]))
    (tmp_path / "test_batch.bin").write_bytes(content)
    with pytest.raises(ImagesError, match="the label 10 where there are 10 classes"):
        load_images("cifar10", tmp_path, "test")


def test_cifar10_has_no_variants(tmp_path):
    with pytest.raises(ImagesError, match="leave variant out for cifar10"):
        load_images("cifar10", tmp_path, variant="letters")


def test_a_failed_download_says_which_files_go_where(tmp_path):
    with pytest.raises(ImagesError) as caught:
        load_images("cifar10")
    message = str(caught.value)
    assert "put data_batch_1, data_batch_2, data_batch_3, data_batch_4 and data_batch_5" in message
    assert str(tmp_path / "xdg/datagen/images" / PICKLES) in message


def test_checksums_are_those_of_torchvision():
    theirs = import_torchvision().datasets.CIFAR10
    assert dict(theirs.train_list + theirs.test_list) == catalogue._CIFAR_MD5


@pytest.mark.usefixtures("any_checksum")
def test_torchvision_reads_the_same(tmp_path, monkeypatch):
    write_cifar(tmp_path / PICKLES, pickle_content, "")
    names = {"label_names": list(catalogue._CLASSES["cifar10"])}
    (tmp_path / PICKLES / "batches.meta").write_bytes(pickle.dumps(names))
    module = import_torchvision().datasets.cifar
    monkeypatch.setattr(module, "check_integrity", lambda *arguments: True)
    theirs = module.CIFAR10(tmp_path)
    ours = load_images("cifar10", tmp_path)
    assert np.array_equal(ours.images, theirs.data)
    assert ours.labels.tolist() == theirs.targets
