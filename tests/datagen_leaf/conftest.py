"""What tests of LEAF's preprocessing share: a small set, and the whole of `datagen` on it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import datagen_core
from datagen_core.cli import main

PARAMS = {"num_dim": 3, "prob_clusters": [0.5, 0.5], "stream": "leaf", "min_samples": 1}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache with 40 tasks of 1 to 200 rows, in shards of 15 tasks and fewer."""
    cache = tmp_path_factory.mktemp("leaf") / "cache"
    for n in (15, 10, 15):
        params = {**PARAMS, "max_samples": 200}
        make = {"params": params, "seed": 3, "executor": "inline", "cache": cache}
        datagen_core.generate("leaf_synthetic", n, **make)
    return cache


@pytest.fixture
def cache(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy that a test may change, and that commands use."""
    monkeypatch.setenv("DATAGEN_CACHE", str(tmp_path / "cache"))
    return shutil.copytree(made, tmp_path / "cache")


@pytest.fixture
def tasks(cache: Path) -> Any:
    """Return the parameter set with the 40 tasks."""
    return datagen_core.Cache(cache)["leaf_synthetic"][0]


@pytest.fixture
def datagen(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return `datagen("leaf", "stats", …)`, which returns what is printed; errors fail the test."""

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["datagen", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            raise AssertionError(end.code, capsys.readouterr().err) from None
        return capsys.readouterr().out

    return run


@pytest.fixture
def views(datagen: Callable[..., str]) -> Callable[..., list[Any]]:
    """Return `views("-s", "iid")`: what `leaf preprocess` tells of each stage."""

    def run(*arguments: object) -> list[Any]:
        told = datagen("leaf", "preprocess", "leaf_synthetic", *arguments, "--json")
        found: list[Any] = json.loads(told)
        return found

    return run
