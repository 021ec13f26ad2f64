"""What the tests of several commands share."""

from __future__ import annotations

import io
import sys

import click
import pytest

from datagen_core import generate
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
