"""What notebooks and browsers show: whatever a cache holds, it stays text."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import datagen_core
import generators_for_tests as generators
from datagen_core import Cache, generate
from datagen_core.reading.notebooks import html_table
from datagen_core.store import documents
from datagen_core.store.assignments import RAW
from planted_html import PLANTED, parse
from view_parts import part, published

ROOT = Path(__file__).parents[1]
SOURCES = [path for name in ("datagen_core", "plugins") for path in (ROOT / name).rglob("*.py")]
TABLES = {"Cache", "Dataset", "ParamSet", "Samples", "View"}
PLACE = PLANTED.replace("/", "|")  # as the name of a folder


class Odd(datagen_core.Params):
    """A parameter that is any text."""

    label: str = ""


@datagen_core.generator(5, Odd)
def odd(size, start):
    """Make samples of up to three rows."""
    for index in range(start, start + size):
        yield {"x": np.arange(index % 4)}


@pytest.fixture
def made(tmp_path):
    made = generate(odd, 12, {"label": PLANTED}, executor="inline", cache=tmp_path / PLACE)
    made.move(5, "train")
    return made


def show(shown):
    return " ".join(parse(shown._repr_html_(), {"svg"}).words)


def test_tables_show_planted_text_as_text(made, tmp_path):
    cache = Cache(tmp_path / PLACE)

    assert PLACE in show(cache)
    assert PLANTED in show(cache["odd"])
    assert PLANTED in show(made)
    assert "x" in show(made["train"])
    assert "x" in show(made.samples)


def test_notebooks_show_samples_images_and_what_was_swept(tmp_path):
    for left in (0, 1):
        sine = generate(generators.sine, 20, {"left": left}, executor="inline", cache=tmp_path)
    made = generate(generators.images, 20, executor="inline", cache=tmp_path)

    x, _ = sine[RAW][0]
    assert f"{x:.4g}" in show(sine[RAW])
    assert "all 20 samples" in show(sine)
    assert "sine 2 left" in show(Cache(tmp_path))
    assert "left=1 raw 20" in show(Cache(tmp_path)["sine"])
    assert made._repr_html_().count('alt="image of sample') == 16 + 5
    assert len(made._repr_html_()) < 20_000


def test_sets_without_samples_and_damaged_ones_are_shown(made):
    for path in made.paths.shards.iterdir():
        path.write_bytes(b"")
    assert "Not looked at: DamagedFileError" in show(Cache(made.paths.root.parents[1])["odd"][0])

    for path in made.paths.shards.iterdir():
        path.unlink()
    assert "raw 0" in show(Cache(made.paths.root.parents[1])["odd"][0])


def test_views_show_planted_text_as_text(made):
    users = {PLANTED: [(11, 2)], "a": [(3, 1)]}

    assert "all" in show(view := published(made, all=part(**users)))
    assert "2 samples" in show(view["all"])


def test_errors_in_tables_are_text(made, tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)
    made.paths.params.write_text(PLANTED)

    assert PLACE in show(Cache(tmp_path / PLACE)["odd"])


def test_every_part_of_a_table_is_escaped():
    found = parse(html_table(PLANTED, [PLANTED], [[PLANTED], [Path(PLANTED)]]))

    assert found.words[1:] == [PLANTED] * 4  # behind the style
    assert found.elements == {"div", "style", "strong", "table", "thead", "tbody", "tr", "th", "td"}


def test_every_table_and_page_is_tested_here_or_beside_its_plugin():
    trees = [ast.parse(path.read_text()) for path in SOURCES]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    owners = {
        each.name
        for each in classes
        for part in each.body
        if isinstance(part, ast.FunctionDef) and part.name == "_repr_html_"
    }
    templates = {path.name for path in (ROOT / "plugins").rglob("*.html")}
    writers = {path.parent.name for path in SOURCES if "write_page(" in path.read_text()}

    assert owners == TABLES
    assert not templates
    assert writers == {"cards", "cli", "pages", "report"}
