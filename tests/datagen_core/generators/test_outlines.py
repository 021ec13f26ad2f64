"""What the text of a file says of generators, of which no line is run."""

from __future__ import annotations

import re
import sys

import pytest

from datagen_core.generators.installed import find_module
from datagen_core.generators.outlines import outline_generator, outline_names
from datagen_core.generators.registry import load_generator

FILE = """
from __future__ import annotations
import enum
from typing import Annotated, Literal, Optional
import datagen_core
from datagen_core import generator
from beside import Kind, Colour as Color

raise SystemExit("this file must not be run")

Mode = Literal["fast", "slow"]

class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2

class Solver(datagen_core.Params):
    order: Literal[1, 2] = 1
    dt: float = 0.1

class Base(datagen_core.Params):
    left: float = 0

class WideParams(Base):
    mode: Mode = "fast"
    level: Level = Level.LOW
    flag: bool = False
    maybe: Optional[bool] = None
    kind: Kind | None = None
    color: Annotated[Color, "described"] = Color.RED
    solver: Solver = Solver()
    odd: Literal[tuple(range(3))] = 0

@datagen_core.generator(5, WideParams)
def wide(size):
    yield 1, 2

@generator(params=Base, name="renamed")
def other(size):
    yield 1, 2

@generator()
def bare(size):
    yield 1, 2
"""
BESIDE = """
from enum import Enum
from typing import Literal
Kind = Literal["a", "b"]

class Colour(Enum):
    RED = "red"
    BLUE = "blue"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "generators.py").write_text(FILE)
    (tmp_path / "beside.py").write_text(BESIDE)
    return tmp_path


def test_parameters_come_with_the_values_of_their_types(folder):
    assert outline_generator("wide", folder) == {
        "left": (),
        "mode": ("fast", "slow"),
        "level": ("1", "2"),
        "flag": ("true", "false"),
        "maybe": ("true", "false"),
        "kind": ("a", "b"),
        "color": ("red", "blue"),
        "solver": (),
        "solver.order": ("1", "2"),
        "solver.dt": (),
        "odd": ("",),
    }


def test_generators_are_known_by_their_names(folder, monkeypatch):
    monkeypatch.chdir(folder)

    assert {"wide", "renamed", "bare"} <= set(outline_names())
    assert outline_generator("renamed") == {"left": ()}
    assert outline_generator("generators.py:renamed") == {"left": ()}
    assert not outline_generator("bare")
    assert not outline_generator("nobody")


@pytest.mark.parametrize("content", [b"def (", b"\0", b"\xff\xfe", b"x = 1"])
def test_a_file_that_cannot_be_read_has_no_generators(tmp_path, content):
    (tmp_path / "generators.py").write_bytes(content)

    assert not outline_generator("wide", tmp_path)
    assert outline_names(tmp_path) == outline_names(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["fedprox_synthetic", "image_partition", "leaf_synthetic"])
def test_parameters_of_plugins_are_those_that_they_have(name):
    before = set(sys.modules)
    outline = outline_generator(name)

    assert not {each for each in set(sys.modules) - before if re.match("datagen_(?!core)", each)}
    fields = load_generator(name).generator.params_type.model_fields
    assert [each for each in outline if "." not in each] == list(fields)


def test_types_that_contain_themselves_end(tmp_path):
    (tmp_path / "generators.py").write_text(
        "from datagen_core import Params, generator\n"
        "class Tree(Params):\n    inner: Tree | None = None\n    n: int = 0\n"
        "Loop = Loop\n"
        "class Odd(Params):\n    x: Loop = 1\n    tree: Tree = None\n"
        "@generator(1, Odd)\ndef odd():\n    yield 1, 2\n"
    )

    assert "tree.inner.n" in outline_generator("odd", tmp_path)


def test_modules_are_found_without_an_import():
    assert find_module("xml.dom.minidom").name == "minidom.py"
    assert find_module("xml.dom").name == "__init__.py"
    assert find_module("no_such_package.at_all") is None
