"""`datagen move`, `preprocess`, `verify`, `compact` and `rm`."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

import generators_for_tests
from datagen_core import Cache, generate
from datagen_core.store import shards
from generators_for_tests import sine

FILE = Path(generators_for_tests.__file__)


class Terminal(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self):
        return True


@pytest.fixture
def made(cache):
    for n in (20, 10):
        made = generate(sine, n, executor="inline", cache=cache)
    return made


@pytest.fixture
def type_in(monkeypatch):
    return lambda text: monkeypatch.setattr(sys, "stdin", Terminal(text))


def test_a_move_is_told(run_cli, made):
    answer = run_cli("move", "sine", 7, "train", "-y")

    assert answer.code == 0
    assert answer.out == "moved 7 samples (0-6) into train; sine 0 now has raw 23, train 7\n"


@pytest.mark.parametrize("selector", ["0", "left=-1", "noise=0.1,label=none", "seed=0"])
def test_a_set_is_chosen_in_all_ways(run_cli, made, cache, selector):
    generate(sine, 5, {"left": 0}, seed=1, executor="inline", cache=cache)

    assert run_cli("move", "sine", 7, "train", "-p", selector, "-y").code == 0
    assert made.counts["train"] == 7


def test_a_set_is_chosen_by_its_digest(run_cli, made):
    assert run_cli("move", "sine", 7, "train", "-p", made.record.digest[:8], "-y").code == 0


def test_a_script_moves_without_being_asked(run_cli, made):
    answer = run_cli("move", "sine", 7, "train", "--json")

    assert answer.json == {"set": 0, "split": "train", "moved": [[0, 7]],
                           "splits": {"raw": 23, "train": 7}}  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "code", "train"), [("y\n", 0, 7), ("n\n", 130, 0), ("\n", 130, 0)]
)
def test_on_a_terminal_a_move_is_confirmed(run_cli, made, type_in, typed, code, train):
    type_in(typed)
    answer = run_cli("move", "sine", 7, "train")

    assert answer.code == code
    assert "Move 7 of 30 raw samples of sine 0 (defaults) into 'train', for good?" in answer.err
    assert made.counts.get("train", 0) == train


def test_a_move_of_too_many_is_not_even_asked_for(run_cli, made, type_in):
    type_in("y\n")
    answer = run_cli("move", "sine", 31, "train")

    assert (answer.code, answer.err.count("\n")) == (3, 1)


def test_a_split_is_preprocessed_and_extended(run_cli, made, cache):
    run_cli("move", "sine", 20, "train", "-y")
    first = run_cli("preprocess", "sine", "square_both", "train", 12, "-p", 0)
    second = run_cli("preprocess", f"{FILE}:sine", "square_both", "train", 20)
    X, _y = Cache(cache)["sine"][0]["train"]["square_both"].get(20)

    assert first.out == "square_both: 12 samples of train, 12 of them new\n"
    assert second.out == "square_both: 20 samples of train, 8 of them new\n"
    assert X.tolist() == (made["train"].get(20)[0] ** 2).tolist()


def test_a_good_cache_is_verified(run_cli, made):
    answer = run_cli("verify", "--resample", 5)

    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "sine 0: 2 files, 5 samples made anew: good\n"
    assert run_cli("verify", "sine", "-p", 0, "--json").json[0]["problems"] == []


def test_a_damaged_shard_fails_verification_and_is_named(run_cli, made, monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    path = min(made.paths.shards.iterdir())
    os.truncate(path, 100)
    answer = run_cli("verify")

    assert answer.code == 5
    assert str(path) in answer.err
    assert path.stat().st_size == 100


def test_compaction_joins_files_and_keeps_samples(run_cli, made):
    before = made["raw"].get()[0].tolist()
    answer = run_cli("compact", "sine", "--grace", 0)

    assert answer.out == "sine 0: 1 packs written, 2 shards removed, 0 wait for the grace period\n"
    assert made["raw"].get()[0].tolist() == before
    assert run_cli("verify").code == 0


def test_a_set_is_removed_for_good(run_cli, made, cache):
    answer = run_cli("rm", "sine", "-y")

    assert (answer.code, answer.out) == (0, "removed sine 0\n")
    assert list(Cache(cache)) == []
    assert list(cache.rglob("*.h5")) == []


@pytest.mark.parametrize(("typed", "left"), [("y\n", 0), ("n\n", 1)])
def test_a_removal_is_confirmed(run_cli, made, cache, type_in, typed, left):
    type_in(typed)
    answer = run_cli("rm", "sine")

    assert "Remove sine 0 (defaults; raw 30) for good?" in answer.err
    assert len(Cache(cache)) == left


def test_a_removed_set_can_be_begun_again(run_cli, made, cache):
    digest = made.record.digest
    for _ in range(2):
        run_cli("rm", "sine", "-y")
        again = generate(sine, 5, executor="inline", cache=cache)

    assert (again.number, again.record.digest, again.counts) == (0, digest, {"raw": 5})


def test_a_removal_that_was_interrupted_stands_in_nobodys_way(run_cli, made):
    grave = made.paths.root.with_name(f".removed-0123abcd-{made.paths.root.name}")
    (grave / "shards").mkdir(parents=True)

    assert run_cli("rm", "sine", "-y").code == 0
    assert not grave.exists()
