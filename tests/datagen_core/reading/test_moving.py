"""Which raw samples a move takes: a number, a fraction, a random choice, or these."""

from __future__ import annotations

from itertools import product

import pytest

from datagen_core import Cache, SplitError, generate
from datagen_core.errors import CacheError, ConfigurationError, InsufficientSamplesError
from datagen_core.ranges import IntervalSet
from datagen_core.reading.moving import find_similar, redraw
from datagen_core.store.assignments import Ledger
from datagen_core.store.ledger import publish_ledger, read_ledger
from generators_for_tests import sine


@pytest.fixture
def made(cache):
    return generate(sine, 30, executor="inline", cache=cache)


@pytest.fixture
def swept(cache):
    for left in (-3, -2, 0):
        generate(sine, 10, {"left": left}, executor="inline", cache=cache)
    return Cache(cache)["sine"]


@pytest.mark.parametrize(
    ("fraction", "moved"), [(0.8, 24), (1, 30), (0.05, 2), (0.049, 1), (0.35, 11), (1e-1, 3)]
)
def test_a_fraction_is_one_of_the_raw_samples_rounded(made, fraction, moved):
    assert len(made.move(split="train", fraction=fraction)) == moved


def test_a_fraction_is_exact(cache):
    made = generate(sine, 100, executor="inline", cache=cache)

    assert len(made.move(split="train", fraction=0.07)) == 7
    assert len(made.move(split="train", fraction=0.5)) == 47  # of 93


def test_a_random_choice_is_repeated_by_its_seed(made, tmp_path):
    other = generate(sine, 30, executor="inline", cache=tmp_path / "other")
    for each in (made, other):
        each.move(5, "test")
    drawn = made.move(10, "train", random=True, seed=7)

    assert other.move(10, "train", random=True, seed=7) == drawn
    assert made.move(5, "train", random=True) != other.move(5, "train", random=True)


def test_a_random_choice_is_recorded_so_that_it_is_drawn_again(made):
    made.move(3, "test")
    made.move(10, "train", random=True, seed=7)
    made.exclude([29], "bad")
    made.move(5, "train", random=True)
    made.move(2, "test")
    generate(sine, 10, executor="inline", cache=made.paths.root.parents[1])
    ledger = read_ledger(made.paths)

    first = ledger.draws[0]
    assert (first.seed, first.samples, first.split) == (7, 10, "train")
    for each in ledger.draws:
        taken, again = redraw(ledger, each, made.record.digest)
        assert (len(taken), taken) == (each.samples, again)


def test_indices_are_moved_in_their_order(made):
    assert str(made.move(indices=[7, 5, 20], split="bad")) == "5, 7, 20"
    assert str(made.move(indices=[5, 3], split="bad")) == "3"
    assert made["bad"].indices.tolist() == [5, 7, 20, 3]
    assert not made.move(indices=[3], split="bad")
    assert read_ledger(made.paths).generation == 2


def test_indices_that_are_not_raw_are_listed_and_none_is_moved(made):
    made.move(5, "train")
    made.exclude([9], "bad")
    with pytest.raises(SplitError) as caught:
        made.move(indices=[3, 9, 12, 40], split="test")

    assert "40 (not there), 9 (excluded), 3 (in train); nothing was moved" in str(caught.value)
    assert made.counts == {"raw": 24, "train": 5}


def test_samples_that_an_import_holds_back_are_not_chosen(made):
    held = {"other": IntervalSet([(0, 10)])}
    publish_ledger(made.paths, Ledger().follow("1", held=held))
    with pytest.raises(SplitError, match="3 \\(held back by an import\\)"):
        made.move(indices=[3], split="test")
    made.move(5, "train", random=True)
    ledger = read_ledger(made.paths)

    taken, again = redraw(ledger, ledger.draws[0], made.record.digest)
    assert taken == again
    assert not taken & held["other"]


def test_a_total_counts_what_is_there(made):
    assert len(made.move(7, "train", total=True)) == 7
    assert len(made.move(10, "train", total=True)) == 3
    assert not made.move(10, "train", total=True)
    assert not made.move(5, "train", total=True)
    assert len(made.move(split="train", fraction=0.5, total=True)) == 5
    assert read_ledger(made.paths).generation == 3


def test_a_total_that_there_is_not_moves_nothing(made):
    made.move(20, "test")
    with pytest.raises(InsufficientSamplesError):
        made.move(split="train", fraction=0.8, total=True)


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (None, {}),
        (5, {"fraction": 0.5}),
        (5, {"indices": [1]}),
        (0, {}),
        (None, {"fraction": 0}),
        (None, {"fraction": 1.01}),
        (None, {"fraction": float("nan")}),
        (None, {"fraction": True}),
        (None, {"fraction": 0.01}),
        (5, {"seed": 3}),
        (5, {"random": True, "seed": -1}),
        (None, {"indices": [1], "random": True}),
        (None, {"indices": [1], "total": True}),
        (None, {"indices": []}),
        (None, {"indices": [-1]}),
        (None, {"indices": [True]}),
    ],
)
def test_words_that_make_no_sense_are_refused(made, n, words):
    with pytest.raises(CacheError) as caught:
        made.move(n, "train", **words)

    assert caught.value.exit_code == 2
    assert made.counts == {"raw": 30}


@pytest.mark.parametrize("split", ["raw", "excluded", "a/b", "", None])
def test_no_split_is_called_so(made, split):
    with pytest.raises((SplitError, ConfigurationError)):
        made.move(5, split)


def test_all_sets_or_those_that_fit_are_moved(swept):
    moved = swept.move(4, "train", sets=["left=-*"])

    assert {number: str(samples) for number, samples in moved.items()} == {0: "0-3", 1: "0-3"}
    assert swept.move(4, "train", total=True)[2]
    assert [each.counts["train"] for each in swept.values()] == [4, 4, 4]
    assert sum(len(each) for each in swept.move(split="test", fraction=0.5, random=True).values())


def test_what_looks_like_an_interrupted_call_needs_total(swept):
    swept.move(4, "train", sets=["0"])
    with pytest.raises(SplitError, match="train has 4 samples in 1 of 3 sets"):
        swept.move(4, "train")

    assert [len(each) for each in swept.move(4, "train", total=True).values()] == [0, 4, 4]


def test_nothing_is_moved_where_one_set_has_too_few(swept):
    swept.move(8, "test", sets=["1"])
    with pytest.raises(InsufficientSamplesError):
        swept.move(4, "train")

    assert all("train" not in each.counts for each in swept.values())


@pytest.mark.parametrize(
    ("split", "known"),
    [
        *product(["trian", "Train", "TRAIN", "tran", "trains", "trein", "tarin"], ["train"]),
        ("tset", "test"), ("va1", "val"), ("rwa", "raw"), ("train-a", "train_a"),
    ],
)  # fmt: skip
def test_names_that_may_be_mistyped_are_similar(split, known):
    assert list(find_similar(split, [known])) == [known]


@pytest.mark.parametrize(
    ("split", "known"),
    [("train", "train"), ("test", "train"), ("fold1", "fold2"), ("fold1", "fold12"), ("a", "b"),
     ("test1", "test"), ("abcd", "badc"), ("a/b", "ab")],
)  # fmt: skip
def test_other_names_are_not(split, known):
    assert not list(find_similar(split, [known]))
