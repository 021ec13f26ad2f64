"""Public images of every source that needs no download."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from datagen_images import Download, downloading
from datagen_images.sources import loading as sources
from datagen_pate.errors import ArgumentError, PateError
from datagen_pate.public import handwriting, load_public
from idx_files import numbered_images, write_source
from published_files import md5_of, serving


@pytest.fixture(autouse=True)
def isolated(tmp_path, monkeypatch):
    """No test finds images of this machine, or fetches any."""
    monkeypatch.delenv("DATAGEN_IMAGES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "debian")
    for module in (sources, handwriting):
        monkeypatch.setattr(module, "downloading", no_network)


def no_network(downloads, folder):
    raise PateError("there is no network\nin tests")


def write_omniglot(folder, count=6):
    image = pytest.importorskip("PIL.Image")
    drawn = np.full((105, 105), 255, np.uint8)
    drawn[20:80, 50:56] = 0  # a stroke, black on white
    for number in range(count):
        part = folder / "omniglot-py" / "images_background" / "Greek" / "character01"
        part.mkdir(parents=True, exist_ok=True)
        image.fromarray(drawn).save(part / f"{number}.png")


def recognise(images, known):
    """Return the digit that the most similar known image shows."""
    likeness = as_rows(images) @ as_rows(known.images).T
    likeness[:, known.labels > 9] = -1  # letters
    return known.labels[likeness.argmax(axis=1)]


def as_rows(images):
    """Return blurred images, `(n, 784)`, so that products of rows are correlations."""
    images = images.astype(float)
    for axis in (1, 2):
        for _ in range(2):
            images = images + np.roll(images, 1, axis) + np.roll(images, -1, axis)
    rows = images.reshape(len(images), -1)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("source", ["mix", "glyphs", "digits"])
def test_images_are_like_mnist(source):
    public = load_public(source, 400)
    columns = public.images.astype(float).sum(axis=(0, 1))

    assert public.images.shape == (400, 28, 28)
    assert public.images.dtype == np.uint8
    assert 0.1 < public.images.mean() / 255 < 0.17  # of MNIST it is .13
    assert abs((columns * np.arange(28)).sum() / columns.sum() - 13.5) < 0.5
    assert public.images[:, 0].max() < 128  # a margin


@pytest.mark.parametrize("source", ["mix", "glyphs", "digits"])
def test_same_seed_is_the_same_images(source):
    hashes = [load_public(source, 30, seed).sha256 for seed in (1, 1, 2)]

    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(("source", "classes"), [("glyphs", 47), ("digits", 10)])
def test_classes_are_about_equally_often(source, classes):
    public = load_public(source, 470)
    counts = np.bincount(public.labels, minlength=classes)

    assert len(public.classes) == classes
    assert counts.min() >= 0.5 * 470 / classes


def test_glyphs_name_their_fonts():
    fonts = load_public("glyphs", 10).notes["fonts"]

    assert fonts
    assert all(len(font["sha256"]) == 64 for font in fonts)


def test_mix_is_half_glyphs_and_half_digits():
    parts = load_public("mix", 81).notes["parts"]

    assert {name: part["images"] for name, part in parts.items()} == {"glyphs": 40, "digits": 41}


def test_mix_has_omniglot_where_it_is_at_hand(tmp_path):
    write_omniglot(tmp_path)
    public = load_public("mix", 80, folder=tmp_path)

    assert {name: part["images"] for name, part in public.notes["parts"].items()} == {
        "glyphs": 30,
        "omniglot": 20,
        "digits": 30,
    }
    assert (public.labels == public.classes.index("omniglot")).sum() == 20


def test_omniglot_is_white_on_black_and_upright(tmp_path):
    write_omniglot(tmp_path)
    images = load_public("omniglot", 12, folder=tmp_path).images

    assert images[:, 14, 13:15].min() > 128
    assert images[:, :, :8].max() < 128


def test_omniglot_is_downloaded_once(tmp_path, monkeypatch):
    write_omniglot(tmp_path / "made")
    made = tmp_path / "made" / "omniglot-py"
    archive = shutil.make_archive(str(tmp_path / "images_background"), "zip", made)
    with serving(tmp_path) as address, monkeypatch.context() as patch:
        published = Download((f"{address}images_background.zip",), md5_of(Path(archive)))
        patch.setattr(handwriting, "_ARCHIVE", published)
        patch.setattr(handwriting, "downloading", downloading)
        first = load_public("omniglot", 12, folder=tmp_path / "images")

    again = load_public("omniglot", 12, folder=tmp_path / "images")
    assert np.array_equal(first.images, again.images)
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["omniglot-py"]


def test_omniglot_that_is_nowhere_is_one_line():
    with pytest.raises(PateError, match=r"download failed.*put its folder images_background"):
        load_public("omniglot", 10)


def test_handwritten_digits_are_upright():
    printed = load_public("glyphs", 1000)
    digits = load_public("digits", 300)
    upright, transposed = (
        (recognise(images, printed) == digits.labels).mean()
        for images in (digits.images, digits.images.swapaxes(1, 2))
    )

    assert upright > 0.25  # by chance it is .1
    assert transposed < 0.15


def test_emnist_is_turned_upright(tmp_path):
    digits = load_public("digits", 300, seed=1)
    stored = digits.images.swapaxes(1, 2)  # as EMNIST is published
    write_source(tmp_path, stored, digits.labels, "emnist-digits-train")
    loaded = load_public("emnist", variant="digits", folder=tmp_path)
    known = load_public("digits", 900, seed=2)

    assert (recognise(loaded.images, known) == loaded.labels).mean() > 0.7
    assert (recognise(stored, known) == loaded.labels).mean() < 0.3
    assert "not disjoint" in loaded.notes["warning"]


def test_letters_of_emnist_are_the_default(tmp_path):
    write_source(tmp_path, numbered_images(3), np.array([1, 2, 26]), "emnist-letters-train")
    public = load_public("emnist", folder=tmp_path)

    assert [public.classes[label] for label in public.labels] == ["a", "b", "z"]
    assert "warning" not in public.notes


def test_size_takes_a_part_of_what_is_published(tmp_path):
    write_source(tmp_path, numbered_images(9), np.arange(9))
    public = load_public("kmnist", 4, folder=tmp_path)

    assert len(public.images) == len(np.unique(public.labels)) == 4


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("mnist", {}, "public source 'mnist' is unknown; use one of mix, glyphs"),
        ("digits", {"variant": "letters"}, "only emnist has variants"),
        ("digits", {"fonts": "all"}, "only mix and glyphs use fonts"),
        ("digits", {"size": 0}, "at least 1"),
        ("kmnist", {"size": 10}, "kmnist has 9 images, not 10"),
    ],
)
def test_mistake_is_one_line(tmp_path, source, options, message):
    write_source(tmp_path, numbered_images(9), np.arange(9))

    with pytest.raises(ArgumentError, match=message):
        load_public(source, folder=tmp_path, **options)
