"""Split ledgers are joined, and samples are in no split that they are not to be in."""

from __future__ import annotations

import shutil

import pytest

from datagen_core import Cache, SplitError
from datagen_core.store.ledger import change_ledger, read_ledger
from datagen_core.upkeep.audit import audit
from datagen_core.upkeep.merging import ledgers, sets
from datagen_core.upkeep.merging.caches import import_cache
from datagen_core.upkeep.merging.ledgers import hold
from datagen_core.upkeep.preprocess import preprocess
from datagen_core.upkeep.verify import verify
from generators_for_tests import sine
from joined_caches import is_sound, make, values


def test_split_ledgers_are_joined(cache, other):
    make(cache, 20).move(5, "train")
    made = make(other, 40)
    made.exclude(range(5), "bad")
    made.move(10, "test")
    made.move(5, "train")
    (found,) = import_cache(other, cache=cache)
    here = Cache(cache)["sine"][0]

    assert [str(each.samples) for each in found.refused] == ["0-4"]
    assert here.counts == {"raw": 20, "train": 10, "test": 10}
    assert list(here["train"].get(10)[0][5:]) == list(made["train"].get(5)[0])


def test_samples_in_two_splits_stay_where_they_are_and_are_listed(cache, other):
    make(cache, 40).move(10, "train")
    made = make(other, 60)
    made.move(15, "test")
    before = read_ledger(Cache(cache)["sine"][0].paths)
    (found,) = import_cache(other, cache=cache)

    assert [(str(each.samples), each.reason) for each in found.refused] == [
        ("0-9", "in train here and in test there")
    ]
    after = read_ledger(Cache(cache)["sine"][0].paths)
    assert after.splits == {**before.splits, "test": ((10, 15),)}
    assert len(Cache(cache)["sine"][0].existing) == 60


def test_a_split_keeps_its_order(cache, other):
    made = make(other, 30)

    def assign(ledger, operation):
        splits = {"train": ((20, 30), (0, 5))}
        return ledger.follow(operation, splits=splits), None

    change_ledger(made.paths, assign)
    import_cache(other, cache=cache)

    assert (values(Cache(cache)["sine"][0], "train") == values(made, "train")).all()


def test_nothing_that_comes_is_raw_before_it_is_in_its_split(cache, other, monkeypatch):
    make(cache, 20)
    make(other, 40).move(40, "test")
    seen = []

    def join(paths, *options):
        seen.append(Cache(cache)["sine"][0].counts)
        return real(paths, *options)

    real = sets.join_ledgers
    monkeypatch.setattr(sets, "join_ledgers", join)
    import_cache(other, cache=cache)

    assert seen == [{"raw": 20}]
    assert Cache(cache)["sine"][0].counts == {"raw": 0, "test": 40}


def test_what_a_killed_import_holds_back_is_reported_and_released(cache, other):
    here = make(cache, 20)
    there = make(other, 40)
    there.move(30, "test")
    hold(here.paths, [read_ledger(there.paths)], str(other))
    make(cache, 20)
    (problem,) = verify(Cache(cache)["sine"][0]).problems

    assert "samples 20-29 of sine 0 are held back" in problem
    assert f"datagen import {other} sine" in problem
    assert Cache(cache)["sine"][0].counts["raw"] == 30
    import_cache(other, cache=cache)
    assert Cache(cache)["sine"][0].counts == {"raw": 10, "test": 30}
    assert is_sound(cache)


def test_a_ledger_that_holds_nothing_is_one_of_before(cache, other):
    make(cache, 20)
    there = make(other, 40)
    there.move(30, "test")
    import_cache(other, cache=cache)
    documents = [path.read_text() for path in sorted(cache.glob("sine/*/splits/*.json"))]

    assert ['"format": "3.0"' in each for each in documents] == [True, False]


def test_a_split_that_was_relabelled_there_is_relabelled_here(cache, other):
    make(cache, 20).move(5, "tset")
    made = make(other, 40)
    made.move(10, "tset")
    preprocess(made, sine.preprocessors["square_both"], "tset", 10)
    made.relabel("tset", "test", "a slip")
    (found,) = import_cache(other, cache=cache)
    here = Cache(cache)["sine"][0]

    assert (found.refused, here.counts) == ([], {"raw": 30, "test": 10})
    assert len(here["test"]["square_both"].get(10)[0]) == 10
    with pytest.raises(SplitError, match="retired"):
        here.move(1, "tset")


def test_a_name_that_is_retired_here_stays_retired(cache, other):
    made = make(cache, 20)
    made.move(5, "tset")
    made.relabel("tset", "test", "a slip")
    there = make(other, 40)
    there.move(10, "tset")
    preprocess(there, sine.preprocessors["square_both"], "tset", 10)
    (found,) = import_cache(other, cache=cache)

    assert (found.refused, made.counts) == ([], {"raw": 30, "test": 10})
    assert len(made["test"]["square_both"].get(10)[0]) == 10


def test_samples_that_lie_scattered_come_along(cache, other):
    made = make(other, 2000)
    made.move(1000, "train", random=True, seed=3)
    make(cache, 10)
    (found,) = import_cache(other, cache=cache)
    here = Cache(cache)["sine"][0]

    assert (found.refused, found.splits) == ([], {"train": 1000})
    assert (values(here, "train") == values(made, "train")).all()
    shutil.rmtree(other)
    assert is_sound(cache)


def test_a_change_between_two_looks_is_no_other_branch(cache, monkeypatch):
    made = make(cache, 20)
    made.move(5, "train")
    before = read_ledger(made.paths)
    made.move(5, "train")
    monkeypatch.setattr(ledgers, "read_ledger", lambda _: before)

    assert ledgers.read_branches(made.paths) == [before]


def test_names_that_splits_got_in_either_cache_are_those_of_both(cache, other):
    make(cache, 40).move(10, "train")
    made = make(other, 40)
    made.move(10, "train")
    made.move(5, "test")
    here = Cache(cache)["sine"][0]
    here.relabel("train", "fit", "why")
    made.relabel("test", "validation", "why")
    (found,) = import_cache(other, cache=cache)

    assert (found.refused, found.splits) == ([], {"validation": 5})
    assert here.counts == {"raw": 25, "fit": 10, "validation": 5}
    for retired in ("train", "test"):
        with pytest.raises(SplitError, match="is retired"):
            here.move(1, retired)


def test_a_random_split_is_brought_with_its_choice(cache, other):
    made = make(other, 3000)
    made.move(1500, "train", random=True, seed=1)
    made["train"].freeze()
    import_cache(other, cache=cache)
    shutil.rmtree(other)
    here = Cache(cache)["sine"][0]

    assert [each.seed for each in read_ledger(here.paths).draws] == [1]
    assert audit(here).problems == ()
    assert here.frozen[0].size == 1500


def test_what_was_only_relabelled_there_is_relabelled_here(cache, other):
    for folder in (cache, other):
        make(folder, 40).move(10, "train")
    Cache(other)["sine"][0].relabel("train", "fit", "why")
    (found,) = import_cache(other, cache=cache)

    assert (found.refused, found.splits) == ([], {})
    assert Cache(cache)["sine"][0].counts == {"raw": 30, "fit": 10}
