"""What the tests of several commands share."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import click
import numpy as np
import pytest

from datagen_core import Cache, Ragged, generate
from exported_tables import own_table, tables
from generators_for_tests import count, sine

SLOW = """
import time
import datagen_core

@datagen_core.generator(1)
def slow(start):
    time.sleep(0.2)
    yield 1.0, float(start)
"""


class Terminal(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self):
        return True


@pytest.fixture
def on_terminal(monkeypatch, run_cli):
    """Return `run_cli`, on a terminal of 80 columns, with its answer on stdout as lines."""

    def run(*arguments, columns=80):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        return click.unstyle(run_cli(*arguments).out).splitlines()

    return run


@pytest.fixture
def made(cache):
    for n in (20, 10):
        made = generate(sine, n, executor="inline", cache=cache)
    return made


@pytest.fixture
def type_in(monkeypatch):
    return lambda text: monkeypatch.setattr(sys, "stdin", Terminal(text))


@pytest.fixture
def filled(cache):
    made = generate(sine, 30, executor="inline", cache=cache)
    made.move(10, "train")
    generate(sine, 12, {"left": 0, "label": "a b"}, seed=7, executor="inline", cache=cache)
    generate(count, 5, executor="inline", cache=cache)
    return made


@pytest.fixture
def slow(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    return f"{tmp_path / 'slow.py'}:slow"


@pytest.fixture
def generate_inline(run_cli):
    return lambda *arguments: run_cli("generate", *arguments, "--executor", "inline")


@pytest.fixture
def make_set(cache):
    """Return a function that makes samples of a generator and returns their parameter set."""

    def make(recipe, n=3):
        generate(recipe, n, executor="inline", cache=cache)
        return Cache(cache)[recipe.name][0]

    return make


@pytest.fixture
def users(make_set):
    """Return a set with the view `mine`: the part train with the user b, test with a and b."""
    param_set = make_set(tables)
    one = Ragged(np.array([2, 0]), np.array([0, 2]))
    row = Ragged(np.array([1, 0]), np.array([0, 2]))
    two = Ragged(np.array([0, 2]), np.array([0, 1, 2]))
    first = Ragged(np.array([0, 0]), np.array([0, 1, 2]))
    train = {"users": ["b"], "sample": one, "row": row}
    test = {"users": ["a", "b"], "sample": two, "row": first}
    param_set.publish_view("mine", {"made": "by hand"}, {"train": train, "test": test})
    return param_set


@pytest.fixture
def with_table(monkeypatch):
    point = SimpleNamespace(name="tables", load=lambda: own_table)

    def entry_points(group, name=None):
        return [point] if (group, name) == ("datagen.tables", "tables") else []

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)


@pytest.fixture
def two_sets(cache):
    for seed in (0, 1):
        generate(tables, 3, seed=seed, executor="inline", cache=cache)
