"""`datagen move`."""

from __future__ import annotations

import pytest

from datagen_core import generate
from generators_for_tests import sine


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
