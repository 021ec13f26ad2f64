"""What notebooks and browsers show: whatever a cache holds, it stays text."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache, generate
from datagen_core.reading.notebooks import html_table
from datagen_core.store import documents
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
    return " ".join(parse(shown._repr_html_()).words)


def test_tables_show_planted_text_as_text(made, tmp_path):
    cache = Cache(tmp_path / PLACE)

    assert PLACE in show(cache)
    assert PLANTED in show(cache["odd"])
    assert PLANTED in show(made)
    assert "x" in show(made["train"])
    assert "x" in show(made.samples)


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

    assert found.words == [PLANTED] * 4
    assert found.elements == {"table", "caption", "tr", "th", "td"}


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
    writers = {path.parent.name for path in SOURCES if "render_page(" in path.read_text()}

    assert owners == TABLES
    assert templates == {"base.html", "macros.html", "page.html"}
    assert writers == {"pages", "report"}
