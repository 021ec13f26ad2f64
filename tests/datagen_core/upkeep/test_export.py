"""Where exports are written: whole or not at all, by formats of our own and of plugins."""

from __future__ import annotations

import json
import sys
from importlib.metadata import EntryPoint
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datagen_core
from datagen_core import Cache
from datagen_core.reading import tables
from datagen_core.reading.samples import Samples
from datagen_core.upkeep import export as exporting


@datagen_core.generator(4)
def plain(size, start):
    for index in range(start, start + size):
        yield np.full((2, 2), index), float(index)


@pytest.fixture
def made(cache):
    """Return a parameter set of three samples."""
    datagen_core.generate(plain, 3, executor="inline", cache=cache)
    return Cache(cache)["plain"][0]


def test_nothing_is_replaced_unless_forced(made, run_cli, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("mine")
    answer = run_cli("export", "plain", "--format", "csv", path)

    assert (answer.code, path.read_text()) == (2, "mine")
    assert "t.csv exists; choose another name, or replace it with --force" in answer.err
    run_cli("export", "plain", "--format", "csv", path, "--force")
    assert len(path.read_text().splitlines()) == 4


def test_an_export_never_lists_the_indices_of_all_samples(made, run_cli, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_MOST_SAMPLES", 2)
    monkeypatch.setattr(Samples, "indices", property(lambda self: pytest.fail("all are listed")))
    answer = run_cli("export", "plain", "--format", "csv", tmp_path / "t.csv")

    assert answer.code == 0, answer.err
    rows = (tmp_path / "t.csv").read_text().splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == ["0", "1", "2"]


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 20), st.integers(1, 9))
def test_blocks_have_a_bounded_number_of_rows_and_of_samples(lengths, rows, samples):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_ROWS", rows)
        patch.setattr(tables, "_MOST_SAMPLES", samples)
        cuts = list(tables._cuts(Lengths(lengths)))

    assert (cuts[0], cuts[-1], cuts) == (0, len(lengths), sorted(cuts))
    assert all(high - low <= samples for low, high in pairwise(cuts))
    assert all(sum(lengths[low:high]) <= rows + 9 for low, high in pairwise(cuts))


class Lengths(list):
    """Stands for samples of a ragged field."""

    schema = datagen_core.Schema({"r": datagen_core.Field("int8", ragged=True)})

    def lengths(self):
        return np.array(self, np.int64)


def write_folder(path, selection, *, names="a b", fail="no"):
    """Write a folder with files, as a format of a plugin may."""
    path.mkdir()
    for name in names.split():
        (path / name).write_text(json.dumps(len(selection.parts["all"])))
    if fail == "yes":
        message = "disk on fire"
        raise datagen_core.DatagenError(message)


@pytest.fixture
def folder_format(monkeypatch):
    """Install the format `folder` and the broken one `broken`, as plugins would."""
    points = [
        EntryPoint("folder", f"{__name__}:write_folder", exporting.GROUP),
        EntryPoint("broken", "no_such_module:write", exporting.GROUP),
    ]
    monkeypatch.setitem(sys.modules, __name__, sys.modules[write_folder.__module__])
    monkeypatch.setattr(
        "importlib.metadata.entry_points",
        lambda group: points if group == exporting.GROUP else [],
    )


@pytest.fixture
def export(made, run_cli, tmp_path, folder_format):
    return lambda *words: run_cli("export", "plain", "--format", "folder", tmp_path / "out", *words)


def test_formats_of_plugins_get_options(export, tmp_path):
    assert export("-o", "names=x y z").code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["x", "y", "z"]
    assert "it has names, fail" in export("--force", "-o", "other=1").err


def test_a_folder_is_replaced_as_a_whole(export, tmp_path):
    export("-o", "names=a b stale")
    export("-o", "names=a b stale", "--force")

    assert len(list((tmp_path / "out").iterdir())) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "out"]


def test_a_folder_with_other_things_is_never_replaced(export, tmp_path):
    export("-o", "names=a b precious")
    answer = export("--force")

    assert "holds 'precious', which is not part of this format" in answer.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "b", "precious"]


def test_an_empty_folder_is_taken(export, tmp_path):
    (tmp_path / "out").mkdir()

    assert export().code == 0
    assert (tmp_path / "out" / "a").read_text() == "3"


def test_what_fails_leaves_nothing(export, tmp_path):
    assert "disk on fire" in export("-o", "fail=yes").err
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_a_missing_folder_is_said(made, run_cli, tmp_path):
    answer = run_cli("export", "plain", "--format", "csv", tmp_path / "no" / "t.csv")

    assert "no is not a folder; make it first" in answer.err


def test_a_broken_plugin_is_one_line(made, run_cli, tmp_path, folder_format):
    answer = run_cli("export", "plain", "--format", "broken", tmp_path / "t.csv")

    assert "format 'broken' does not load: ModuleNotFoundError" in answer.err
