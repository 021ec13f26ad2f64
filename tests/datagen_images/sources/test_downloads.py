"""Downloads: from the address that works, compared with their hashes, kept whole or not at all."""

import sys
import tarfile
import zipfile

import numpy as np
import pytest

from cifar_files import RECORDS, pickle_content, write_cifar
from datagen_images import Download, ImagesError, load_images
from datagen_images.sources import catalogue, cifar
from datagen_images.sources import loading as sources
from idx_files import numbered_images, write_source
from published_files import import_torchvision, md5_of, serving

LABELS = np.array([3, 1, 4])


@pytest.fixture(autouse=True)
def isolated(tmp_path, monkeypatch):
    """No test finds images of this machine, or fetches any of the internet."""
    monkeypatch.delenv("DATAGEN_IMAGES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(catalogue, "_MIRRORS", {})
    monkeypatch.setattr(catalogue, "_ARCHIVES", {})


@pytest.fixture
def web(tmp_path):
    """A folder, and the address at which its files are published."""
    (tmp_path / "web").mkdir()
    with serving(tmp_path / "web") as address:
        yield tmp_path / "web", address


def publish_archive(monkeypatch, source, path, address):
    archive = Download((address + path.name,), md5_of(path))
    monkeypatch.setattr(catalogue, "_ARCHIVES", {source: archive})


@pytest.fixture
def emnist(web, tmp_path, monkeypatch):
    folder, address = web
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for part in ("train", "test"):
            write_source(tmp_path, numbered_images(3), LABELS, f"emnist-digits-{part}")
        for path in tmp_path.glob("emnist-*"):
            archive.write(path, f"gzip/{path.name}")
            path.unlink()
    publish_archive(monkeypatch, "emnist", folder / "gzip.zip", address)


@pytest.fixture
def cifar10(web, tmp_path, monkeypatch):
    folder, address = web
    monkeypatch.setattr(cifar, "BATCH", RECORDS)
    monkeypatch.setattr(catalogue, "_CIFAR_MD5", dict.fromkeys(catalogue._CIFAR_MD5))
    write_cifar(tmp_path / "made", pickle_content, "")
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "made", "cifar-10-batches-py")
    publish_archive(monkeypatch, "cifar10", folder / "cifar-10-python.tar.gz", address)


@pytest.fixture
def kmnist(web, monkeypatch):
    """Four files, of which the first address has none."""
    folder, address = web
    for prefix in ("train", "t10k"):
        write_source(folder, numbered_images(3), LABELS, prefix)
    sums = tuple(md5_of(folder / name) for name in catalogue._FILES)
    monkeypatch.setattr(catalogue, "_FILE_MD5", {"kmnist": sums})
    monkeypatch.setattr(catalogue, "_MIRRORS", {"kmnist": (f"{address}gone/", address)})
    return folder


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("source", "variant", "where"),
    [("emnist", "digits", "EMNIST/raw"), ("cifar10", None, "cifar-10-batches-py"),
     ("kmnist", None, "KMNIST/raw")],
)  # fmt: skip
def test_a_download_is_kept_for_both_parts(source, variant, where, request, tmp_path, monkeypatch):
    request.getfixturevalue(source)
    images = tmp_path / "images"
    images.mkdir()
    first = load_images(source, images, variant=variant)
    monkeypatch.setattr(sources, "downloading", None)
    second = load_images(source, images, "test", variant)

    assert first.where == second.where == images / where
    assert [path.name for path in images.iterdir()] == [where.split("/")[0]]  # no scratch left
    assert not {path.suffix for path in (images / where).iterdir()} & {".zip", ".tar", ".tmp"}


@pytest.mark.usefixtures("kmnist")
def test_downloads_are_kept_in_the_users_cache_and_open_to_its_readers(tmp_path):
    data = load_images("kmnist")

    assert np.array_equal(data.images, numbered_images(3))
    assert data.where == tmp_path / "xdg/datagen/images/KMNIST/raw"
    assert all(path.stat().st_mode & 0o044 for path in data.where.iterdir())


def test_what_has_another_hash_is_not_kept(kmnist, tmp_path):
    (kmnist / "t10k-labels-idx1-ubyte.gz").write_bytes(b"an error page")
    with pytest.raises(ImagesError) as caught:
        load_images("kmnist")
    message = str(caught.value)

    assert "\n" not in message
    assert "MD5 hash of downloaded file (t10k-labels-idx1-ubyte.gz) does not match" in message
    assert "put train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz into" in message
    assert files_below(tmp_path / "xdg") == []


def test_a_server_that_is_gone_is_one_line(kmnist, tmp_path):
    with serving(tmp_path) as address:
        pass
    gone = Download((f"{address}a.gz",), "0" * 32)
    with pytest.raises(ImagesError) as caught, sources.downloading([gone], tmp_path / "images"):
        pass

    assert "\n" not in str(caught.value)
    assert f"{address}a.gz: " in str(caught.value)
    assert list((tmp_path / "images").iterdir()) == []


@pytest.mark.usefixtures("kmnist")
def test_without_pooch_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImagesError, match=r"pooch is not installed; run: pip install 'datagen\[im"):
        load_images("kmnist")


def test_addresses_and_hashes_are_those_of_torchvision(monkeypatch):
    monkeypatch.undo()
    theirs = import_torchvision().datasets
    for source, name in {
        "fashion_mnist": "FashionMNIST",
        "kmnist": "KMNIST",
        "mnist": "MNIST",
    }.items():
        each = getattr(theirs, name)
        assert list(catalogue._MIRRORS[source]) == each.mirrors
        assert (
            list(zip(catalogue._FILES, catalogue._FILE_MD5[source], strict=True)) == each.resources
        )
    archives = {"emnist": (theirs.EMNIST.url, theirs.EMNIST.md5),
                "cifar10": (theirs.CIFAR10.url, theirs.CIFAR10.tgz_md5)}  # fmt: skip
    assert {name: (*one.urls, one.md5) for name, one in catalogue._ARCHIVES.items()} == archives
