"""`datagen prune`."""

from __future__ import annotations

import os
import time

import click
import pytest

from datagen_core import Cache, generate, generator
from datagen_core.store.open_folders import Folder
from generators_for_tests import sine
from private_sets import SOURCE


def let_age(paths, days):
    then = time.time() - days * 86_400
    for each in (paths.root, *paths.root.rglob("*")):
        os.utime(each, (then, then))


@pytest.fixture
def aged(cache):
    """Return four sets; number k was changed 30 k days ago, and the last ones are large."""
    for left in range(4):
        count = 5 if left < 2 else 5000
        made = generate(sine, count, {"left": -left}, executor="inline", cache=cache)
        let_age(made.paths, 30 * left + 1)
    return Cache(cache)["sine"]


@pytest.mark.parametrize(
    ("words", "removed"),
    [
        (["--older-than", "45d"], [2, 3]),
        (["--older-than", "4w"], [1, 2, 3]),
        (["--larger-than", "80kB"], [2, 3]),
        (["--larger-than", "80kB", "--older-than", "2000h"], [3]),
        (["--state", "complete", "-p", "left=0"], [0]),
        (["--state", "holes"], []),
    ],
)  # fmt: skip
def test_sets_that_meet_all_conditions_are_removed(run_cli, aged, cache, words, removed):
    shown = run_cli("prune", *words, "--dry-run", "--json").json
    answer = run_cli("prune", *words, "-y", "--json").json

    assert [row["number"] for row in shown["sets"]] == removed
    assert [row["number"] for row in answer["sets"] if row["removed"]] == removed
    assert list(Cache(cache)["sine"]) == [n for n in range(4) if n not in removed]


def test_nothing_is_removed_without_a_condition(run_cli, aged):
    assert run_cli("prune", "sine", "-y").code == 2
    assert "say which sets to remove" in run_cli("prune", "-p", 0, "-y").err


@pytest.mark.parametrize("words", ["--older-than 90", "--older-than -1d", "--larger-than 1e400GB",
                                   "--larger-than much", "--state lost"])  # fmt: skip
def test_a_slip_is_one_line(run_cli, aged, words):
    answer = run_cli("prune", *words.split(), "-y")

    assert (answer.code, answer.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(("typed", "left"), [("y\n", 2), ("n\n", 4)])
def test_what_is_to_go_is_shown_and_confirmed(run_cli, aged, cache, type_in, typed, left):
    type_in(typed)
    answer = run_cli("prune", "--older-than", "45d")

    assert "left=-2" in answer.out
    assert "2 to remove, " in answer.out
    assert "Remove 2 parameter sets for good?" in answer.err
    assert len(Cache(cache)["sine"]) == left


def test_sets_that_are_used_stay(run_cli, aged):
    aged[0].move(5, "train")
    frozen = aged[0]["train"].freeze()
    (aged[1].paths.views / "niid-01234567").mkdir(parents=True)
    answer = run_cli("prune", "--older-than", "0h", "-y", "--json").json

    assert {row["number"]: row["reasons"] for row in answer["kept"]} == {
        0: [f"train is frozen as {frozen.digest[:12]}"],
        1: ["views: niid-01234567"],
    }
    assert [row["number"] for row in answer["sets"] if row["removed"]] == [2, 3]


def test_a_set_of_a_live_run_stays(run_cli, cache):
    found = {}

    @generator(batch_size=5)
    def kept(params, size, rng):
        found["answer"] = run_cli("prune", "--older-than", "0h", "-y")
        yield from ({"x": float(each)} for each in range(size))

    generate(kept, 5, executor="inline", cache=cache)

    assert "kept 0 stays: runs that are alive; end them first" in found["answer"].out
    assert len(Cache(cache)["kept"][0].existing) == 5


def test_a_private_set_needs_a_word_more(run_cli, cache, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "votes.py").write_text(SOURCE)
    generate(f"{tmp_path / 'votes.py'}:votes", 5, executor="inline", cache=cache)

    assert "votes 0 stays: private" in run_cli("prune", "--state", "private", "-y").out
    assert run_cli("prune", "--state", "private", "--private", "-y").out.endswith("votes 0\n")


def test_a_set_that_changes_meanwhile_stays(run_cli, aged, type_in, monkeypatch):
    def answer(*_, **__):
        aged[3].move(1, "train")
        return True

    type_in("")
    monkeypatch.setattr(click, "confirm", answer)
    shown = run_cli("prune", "--older-than", "45d")

    assert shown.out.endswith("removed sine 2\n")
    assert "sine 3 stays: it was changed meanwhile" in shown.err


def test_a_call_that_is_killed_is_repeated(run_cli, aged, cache, monkeypatch):
    def die(self, name):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "remove", die)
        assert run_cli("prune", "--older-than", "45d", "-y").code == 130
    (grave,) = aged[0].paths.temporary.iterdir()
    grave.rename(str(grave).replace(f"~{os.getpid()}~", "~4194303~"))  # of another process
    again = run_cli("prune", "--older-than", "45d", "-y")

    assert again.out.endswith("removed sine 3\n")
    assert list(aged[0].paths.temporary.iterdir()) == []


def test_a_dry_run_changes_no_file(run_cli, aged, cache):
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    run_cli("prune", "--older-than", "0h", "--dry-run")

    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before


def test_what_cannot_be_looked_at_stays(run_cli, aged, monkeypatch):
    monkeypatch.setattr("datagen_core.store.documents._RETRIES", 1)
    os.truncate(aged[2].paths.run(0).record, 10)
    let_age(aged[2].paths, 60)
    answer = run_cli("prune", "--older-than", "45d", "-y", "--json")

    assert [row["number"] for row in answer.json["sets"]] == [3]
    assert (answer.code, "is damaged" in answer.err) == (1, True)


def test_what_may_not_be_read_keeps_its_own_set_alone(run_cli, aged, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path) == str(aged[2].paths.shards):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    answer = run_cli("prune", "--older-than", "45d", "--dry-run")

    assert "1 to remove" in answer.out
    assert f"sine 2 is left out: {aged[2].paths.shards} cannot be read" in answer.err


def test_json_names_what_it_tells_as_list_does(run_cli, aged):
    (row, *_) = run_cli("prune", "--state", "complete", "--dry-run", "--json").json["sets"]
    (listed, *_) = run_cli("list", "--json").json

    assert {key: row[key] for key in row.keys() & listed.keys()} == {
        key: listed[key] for key in row.keys() & listed.keys()
    }
    assert row.keys() - listed.keys() == {"disk", "idle_seconds", "removed"}
