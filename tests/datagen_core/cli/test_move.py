"""`datagen move`."""

from __future__ import annotations

import pytest

from datagen_core import Cache, generate
from datagen_core.reading.moving import read_choice, take
from datagen_core.store.ledger import read_ledger
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
    ("typed", "code", "train"), [("y\n", 0, 7), ("n\n", 1, 0), ("\n", 1, 0), ("", 1, 0)]
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


@pytest.fixture
def swept(cache):
    for left in (-3, -2, 0):
        generate(sine, 10, {"left": left}, executor="inline", cache=cache)
    return Cache(cache)["sine"]


def test_a_random_choice_is_told_with_its_seed(run_cli, made):
    answer = run_cli("move", "sine", "train", "--fraction", 0.8, "--random", "--seed", 7)

    assert answer.code == 0
    assert answer.out.startswith("moved 24 samples (")
    assert answer.out.endswith("into train at random (seed 7); sine 0 now has raw 6, train 24\n")
    again = run_cli("move", "sine", 2, "test", "--random", "--json").json
    assert again["seed"] == read_ledger(made.paths).draws[-1].seed


def test_indices_are_given_as_people_write_them(run_cli, made, tmp_path):
    (tmp_path / "list").write_text("25\n27-28\n")
    words = ("--indices", "5,7,10-12", "--indices", f"@{tmp_path / 'list'}")
    answer = run_cli("move", "sine", "bad", *words)

    assert answer.out.startswith("moved 8 samples (5, 7, 10-12, 25, 27-28) into bad;")
    assert run_cli("move", "sine", "test", "--indices", "7").code == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give a number, a fraction, or indices"),
        ((5, "train", "more"), "too many words: 5 train more"),
        ((5, "train", "--fraction", 0.5), "give a number, a fraction, or indices"),
        (("train", "--fraction", "half"), "'half' is not a valid float"),
        ((5, "train", "--seed", 3), "a seed is for a random choice"),
        (("train", "--indices", "3", "--random"), "leave out what is random"),
        ((5, "raw"), "cannot be moved back into 'raw'"),
        ((5, "Raw"), "looks like 'raw'; if it is meant, say so with --new-split"),
    ],
)
def test_what_makes_no_sense_is_one_line(run_cli, made, words, message):
    answer = run_cli("move", "sine", *(words or ["train"]))

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert message in answer.err
    assert made.counts == {"raw": 30}


def test_a_name_like_that_of_a_split_of_any_set_is_asked_about(run_cli, swept, type_in):
    swept[1].move(5, "train")
    answer = run_cli("move", "sine", 5, "trian", "-p", 0, "-y")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "'trian' is a new split, and looks like 'train', which sine 1 has" in answer.err
    type_in("n\ny\n")
    refused = run_cli("move", "sine", 5, "Train", "-p", 0)
    assert refused.code == 1
    assert refused.err.endswith("datagen: no split 'Train' was made\n")

    type_in("y\ny\n")
    assert run_cli("move", "sine", 5, "Train", "-p", 0).code == 0
    assert run_cli("move", "sine", 2, "Train", "-p", 2, "-y").code == 0  # a name that there is
    assert run_cli("move", "sine", 2, "tran", "-p", 2, "--new-split", "-y").code == 0


def test_all_sets_are_moved_by_one_command(run_cli, swept):
    answer = run_cli("move", "sine", 4, "train", "--all-sets")
    assert answer.out.splitlines()[2].endswith("sine 2 now has raw 6, train 4")
    some = run_cli("move", "sine", 5, "train", "-p", "left=-*", "--total", "--json").json

    assert [(row["set"], row["moved"]) for row in some] == [(0, [[4, 5]]), (1, [[4, 5]])]
    assert run_cli("move", "sine", 6, "train", "--all-sets").code == 2
    assert run_cli("move", "sine", 6, "train", "--all-sets", "--total").code == 0
    assert [each.counts["train"] for each in swept.values()] == [6, 6, 6]


def test_several_sets_are_confirmed_once(run_cli, swept, type_in):
    type_in("y\n")
    answer = run_cli("move", "sine", "train", "--fraction", 0.5, "--all-sets")

    assert "Move 15 of 30 raw samples of 3 parameter sets of sine into 'train'" in answer.err
    assert [each.counts["train"] for each in swept.values()] == [5, 5, 5]


def test_several_sets_that_fit_are_not_taken_for_one(run_cli, swept):
    answer = run_cli("move", "sine", 5, "train", "-p", "right=1.0")

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "choose one with -p NUMBER, or all that fit with --all-sets" in answer.err


def test_what_became_impossible_meanwhile_keeps_no_other_set(run_cli, swept, monkeypatch):
    def take_from_one(param_set, choice):
        if param_set.number == 1:
            take(param_set, read_choice(9, "test"))
        return take(param_set, choice)

    monkeypatch.setattr("datagen_core.reading.moving.take", take_from_one)
    answer = run_cli("move", "sine", 4, "train", "--all-sets", "--json")

    assert (answer.code, [row["set"] for row in answer.json]) == (3, [0, 2])


def test_one_set_of_several_that_has_too_few_keeps_all_as_they_are(run_cli, swept):
    swept[1].move(8, "test")
    answer = run_cli("move", "sine", 4, "train", "--all-sets")

    assert (answer.code, answer.err.count("\n")) == (3, 1)
    assert all("train" not in each.counts for each in swept.values())


def test_show_tells_of_random_choices(run_cli, made):
    run_cli("move", "sine", 10, "train")
    run_cli("move", "sine", 5, "test", "--random", "--seed", 7)

    (shown,) = run_cli("show", "sine", "-p", 0, "--json").json["draws"]
    assert (shown["split"], shown["samples"], shown["seed"], shown["raw"]) == ("test", 5, 7, 20)
    assert "draws" in run_cli("show", "sine", "-p", 0).out
