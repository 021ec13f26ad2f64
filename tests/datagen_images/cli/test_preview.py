import re
import shutil
import sys
from importlib.metadata import entry_points

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import datagen_core
from datagen_images.cli.preview import preview
from idx_files import numbered_images, write_source


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cache with 4 clients of a KMNIST of 40 images, and with data that are no images."""
    folder = tmp_path_factory.mktemp("made")
    write_source(folder, numbered_images(40), np.arange(40) % 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATAGEN_IMAGES", str(folder))
        params = {"source": "kmnist", "clients": 4}
        datagen_core.generate("image_partition", 4, params, executor="inline", cache=folder / "c")
    for other in (waves, squares):
        datagen_core.generate(other, 3, executor="inline", cache=folder / "c")
    return folder / "c"


@datagen_core.generator()
def waves(size, start):
    for i in range(start, start + size):
        yield {"x": np.arange(5) + i}


@datagen_core.generator()
def squares(size, start):
    for i in range(start, start + size):
        yield {"image": np.full((4, 4), i, np.uint8), "label": np.int64(i)}


@pytest.fixture
def cache(made, tmp_path):
    """A copy that the test may change."""
    return shutil.copytree(made, tmp_path / "cache")


def draw(cache, path, *arguments, name="image_partition"):
    command = [name, "--cache", str(cache), "-o", str(path), *arguments]
    return CliRunner().invoke(preview, command, catch_exceptions=False)


module = sys.modules["datagen_images.cli.preview"]
KMNIST = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
HEAD = 12 + 4  # a line of the title


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def test_every_client_is_a_row(cache, tmp_path):
    path = tmp_path / "clients.png"
    assert draw(cache, path, "--no-heat-map").output == f"{path}\n"
    width, height = size_of(path)
    tile = 2 * 28 + 4
    assert height == HEAD + 4 * (tile + 12) + 4
    assert 10 * tile < width < 10 * tile + 80  # and the titles
    assert not list(tmp_path.glob(".*"))


def test_options_bound_what_is_drawn(cache, tmp_path):
    path = tmp_path / "clients.png"
    draw(cache, path, "-n", "2", "--images", "3", "-p", "source=kmnist", "--no-heat-map")
    width, height = size_of(path)
    assert height == 2 * HEAD - 4 + 2 * (2 * 28 + 4 + 12) + 4
    assert width == 360  # for the title, which has two lines


def test_rows_are_clients_and_classes_have_names(cache, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "save_figure", lambda figure, path: drawn.append(figure))
    draw(cache, tmp_path / "mapped.png", "--images", "1")
    texts = [text.get_text() for text in drawn[0].texts]
    labels = datagen_core.Cache(cache)["image_partition"][0]["raw"][0]["labels"]

    assert texts[0].startswith("image_partition 0: source=kmnist")
    assert " ".join(texts).count("4 of 4 clients of raw") == 1
    assert {"client 0", "client 1", *KMNIST} <= {*texts}
    assert texts[texts.index("client 0") + 1] == KMNIST[labels[0]]
    (cells,) = [each for each in drawn[0].artists if hasattr(each, "get_clim")]
    assert (
        cells.get_array()[:10].tolist()
        == (np.bincount(labels, minlength=10) / len(labels)).tolist()
    )


def test_a_heat_map_of_single_images_is_refused(cache, tmp_path):
    with pytest.raises(datagen_core.DatagenError, match="leave --heat-map out"):
        draw(cache, tmp_path / "s.png", "--heat-map", name="squares")
    assert draw(cache, tmp_path / "s.png", name="squares").exit_code == 0


def test_a_split_has_its_own_samples(cache, tmp_path):
    datagen_core.Cache(cache)["image_partition"][0].move(1, "test")
    pictures = [tmp_path / "raw.png", tmp_path / "test.png"]
    for path in pictures:
        draw(cache, path, "--split", path.stem, "--no-heat-map")
    assert [size_of(path)[1] for path in pictures] == [HEAD + 3 * 72 + 4, HEAD + 72 + 4]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("waves", [], r"these samples hold no images .* they have x: int64 \(5\)"),
        ("image_partition", ["--field", "labels"], "field 'labels' holds no images"),
        ("image_partition", ["--split", "train"], "no split 'train'"),
        ("image_partition", ["-p", "7"], "number 7"),
        ("nothing", [], "no data set 'nothing'"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(cache, tmp_path, name, arguments, message):
    with pytest.raises(datagen_core.DatagenError, match=message) as caught:
        draw(cache, tmp_path / "sheet.png", *arguments, name=name)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "sheet.png").exists()


def test_among_several_sets_one_is_to_be_chosen(cache, tmp_path):
    datagen_core.generate(squares, 3, seed=1, executor="inline", cache=cache)
    words = r"squares has 2 parameter sets: 0 \(defaults\), 1 \(seed=1\); choose one with -p NUMBER"
    with pytest.raises(datagen_core.DatagenError, match=words):
        draw(cache, tmp_path / "sheet.png", name="squares")


def test_an_empty_split_is_said(cache, tmp_path):
    datagen_core.Cache(cache)["image_partition"][0].move(4, "test")
    with pytest.raises(datagen_core.DatagenError, match="split 'raw' of image_partition has no"):
        draw(cache, tmp_path / "sheet.png")


def test_only_png_files_are_written(cache, tmp_path):
    answer = draw(cache, tmp_path / "notes.txt")
    assert answer.exit_code == 2
    assert re.search(r"notes.txt is not a PNG file; .* \.png", answer.output)


def test_the_command_is_found_by_its_entry_point():
    (point,) = entry_points(group="datagen.commands", name="preview")
    assert point.load() is preview
