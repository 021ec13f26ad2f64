"""What the tests of private sets share: a home for keys, a generator, and its calls."""

from __future__ import annotations

import pytest

from datagen_core import generate
from private_sets import SOURCE


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def source(tmp_path):
    (tmp_path / "votes.py").write_text(SOURCE)
    return f"{tmp_path / 'votes.py'}:votes"


@pytest.fixture
def make(source, cache):
    def make(n=12, params=None, **options):
        options = {"executor": "inline", "cache": cache, **options}
        return generate(source, n, params, **options)

    return make


@pytest.fixture
def calls(tmp_path):
    """Return a function that counts the batches that were made so far."""
    return lambda: len((tmp_path / "made.txt").read_text().splitlines())
