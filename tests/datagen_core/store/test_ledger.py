"""The split ledger: a sample is in one split for ever, whoever moves and whenever."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import filelock
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core.errors import CacheError, ConfigurationError, DamagedFileError, SplitError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store import ledger
from datagen_core.store.assignments import KEPT_OPERATIONS, Draw, Exclusion, Ledger, Relabel
from datagen_core.store.documents import publish_document, signature
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import (
    KEPT_GENERATIONS,
    change_ledger,
    courtesy_lock,
    is_recorded,
    new_operation,
    publish_ledger,
    read_ledger,
)

EXISTING = IntervalSet([(0, 50), (60, 100)])
moves = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from(["train", "test", "more", "excluded"])),
    max_size=8,
)
"""Moves, and exclusions of every n-th sample."""


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "set").mkdir()
    return SetPaths(tmp_path / "set")


def exclusion(samples, reason, operation):
    return Exclusion(samples, reason, *signature(), operation)


def move(ledger, n, split):
    if split == "excluded":
        chosen = [index for part in EXISTING for index in range(*part) if index % n == 0]
        wanted = IntervalSet((index, index + 1) for index in chosen) - ledger.excluded
        return ledger.exclude(exclusion(wanted, f"every {n}", new_operation()))
    return ledger.assign(ledger.raw(EXISTING).lowest(n), split, new_operation())


def order(ledger, split):
    return [index for part in ledger.splits.get(split, ()) for index in range(*part)]


@given(moves)
def test_every_sample_is_in_one_place(planned):
    ledger = Ledger()
    for n, split in planned:
        ledger = move(ledger, n, split)
    splits = ["raw", *ledger.splits]
    kept = [i for split in splits for part in members(ledger, split)[0] for i in range(*part)]
    excluded = [i for part in ledger.excluded for i in range(*part)]

    assert sorted([*kept, *excluded]) == [index for part in EXISTING for index in range(*part)]
    assert sum(ledger.count(EXISTING).values()) == len(kept)


@given(moves)
def test_each_split_knows_what_is_left_out_of_it(planned):
    ledger = Ledger()
    for n, split in planned:
        ledger = move(ledger, n, split)
    sizes = {split: len(members(ledger, split)[1]) for split in ["raw", *ledger.splits]}

    assert list(ledger.find_splits([ledger.excluded])) == [{k: n for k, n in sizes.items() if n}]
    for split in ledger.splits:
        kept = [i for part in members(ledger, split)[0] for i in range(*part)]
        assert kept == [i for i in order(ledger, split) if i not in ledger.excluded]


def members(ledger, split):
    return ledger.members(split, EXISTING)


@given(moves)
def test_a_split_only_grows_at_its_end(planned):
    ledger = Ledger()
    for n, split in planned:
        before, ledger = order(ledger, split), move(ledger, n, split)

        assert order(ledger, split)[: len(before)] == before


@settings(max_examples=30)
@given(moves)
def test_ledgers_come_back_as_published(tmp_path_factory, planned):
    paths = SetPaths(tmp_path_factory.mktemp("ledger"))
    ledger = Ledger()
    for n, split in planned:
        ledger = move(ledger, n, split)
        assert publish_ledger(paths, ledger)

    assert read_ledger(paths) == ledger


def test_nothing_moved_is_generation_zero(paths):
    assert read_ledger(paths) == Ledger()
    assert Ledger().raw(EXISTING) == EXISTING


def test_a_generation_is_published_once(paths):
    one, other = move(Ledger(), 5, "train"), move(Ledger(), 7, "test")

    assert publish_ledger(paths, one) is True
    assert publish_ledger(paths, other) is False
    assert read_ledger(paths) == one


def test_operations_are_recorded(paths):
    publish_ledger(paths, Ledger().assign(IntervalSet([(0, 5)]), "train", "mine"))

    assert is_recorded(paths, "mine", 1)
    assert not is_recorded(paths, "another", 1)


def test_an_operation_that_is_forgotten_counts_as_recorded(paths):
    publish_ledger(paths, Ledger(KEPT_OPERATIONS, operations=("another",)))
    assert not is_recorded(paths, "mine", 1)
    publish_ledger(paths, Ledger(KEPT_OPERATIONS + 1, operations=("another",)))
    assert is_recorded(paths, "mine", 1)


def change(paths, split="train"):
    change_ledger(
        paths, lambda now, name: (now.assign(now.raw(EXISTING).lowest(1), split, name), None)
    )


def test_a_ledger_of_many_changes_stays_small(paths):
    for _ in range(80):
        change(paths)
    sizes = [paths.generation(number).stat().st_size for number in paths.generations()]

    assert len(sizes) == 80
    assert [bool(size) for size in sizes] == [False] * 64 + [True] * KEPT_GENERATIONS
    assert len(read_ledger(paths).operations) == KEPT_OPERATIONS
    assert len(read_ledger(paths).assigned) == 80
    assert list(paths.temporary.iterdir()) == []


def test_what_an_earlier_version_left_is_spent_by_and_by(paths):
    for number in range(1, 101):
        publish_ledger(paths, Ledger(number, operations=(str(number),)))
    change(paths)
    change(paths)
    spent = [n for n in paths.generations() if not paths.generation(n).stat().st_size]

    assert spent == list(range(1, 102 - KEPT_GENERATIONS + 1))


def test_a_spent_number_is_never_free_again(paths):
    for _ in range(KEPT_GENERATIONS + 1):
        change(paths)

    assert publish_ledger(paths, Ledger(1, operations=("late",))) is False


def test_a_change_that_cannot_spend_is_done(paths, monkeypatch):
    monkeypatch.setattr(ledger, "KEPT_GENERATIONS", 0)

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(ledger, "drafting", refuse)
    change(paths)

    assert len(read_ledger(paths).assigned) == 1


def test_a_mover_that_slept_through_many_changes_moves_once(paths, monkeypatch):
    calls = []

    def sleep(current, operation):
        calls.append(current.generation)
        for _ in range(10 if len(calls) == 1 else 0):
            change(paths, "test")
        return current.assign(current.raw(EXISTING).lowest(2), "train", operation), None

    monkeypatch.setattr(ledger, "KEPT_GENERATIONS", 2)
    change_ledger(paths, sleep)

    assert calls == [0, 10]
    assert len(read_ledger(paths).splits["train"]) == 1


def test_a_reader_that_is_overtaken_looks_again(paths, monkeypatch):
    publish_ledger(paths, move(Ledger(), 5, "train"))
    publish_ledger(paths, move(read_ledger(paths), 5, "test"))
    paths.generation(1).write_text("")
    listed = iter([[1]])
    now = paths.generations()
    monkeypatch.setattr(SetPaths, "generations", lambda _: next(listed, now))

    assert read_ledger(paths).generation == 2


def test_a_lost_reply_is_no_second_change(paths, monkeypatch):
    publish = publish_ledger
    monkeypatch.setattr(ledger, "publish_ledger", lambda *args: publish(*args) and False)
    change(paths)

    assert len(read_ledger(paths).assigned) == 1


def test_a_sample_in_two_splits_is_damage(paths):
    overlapping = Ledger(1, {"a": (Interval(0, 5),), "b": (Interval(4, 6),)}, ("x",))
    publish_ledger(paths, overlapping)

    with pytest.raises(DamagedFileError, match=r"00000001\.json is damaged: a sample is in two"):
        read_ledger(paths)


def test_a_sample_that_is_excluded_twice_is_damage(paths):
    once = exclusion(IntervalSet([(0, 5)]), "one", "a")
    publish_ledger(paths, Ledger(1, {}, ("a", "b"), (once, once)))

    with pytest.raises(DamagedFileError, match=r"00000001\.json is damaged: a sample is excluded"):
        read_ledger(paths)


def test_only_exclusions_raise_the_format(paths):
    moved = move(Ledger(), 5, "train")
    publish_ledger(paths, moved)
    excluded = move(moved, 7, "excluded")
    publish_ledger(paths, excluded)
    publish_ledger(paths, move(excluded, 5, "test"))
    formats = [json.loads(paths.generation(number).read_text())["format"] for number in (1, 2, 3)]

    assert formats == ["1.0", "2.0", "2.0"]


def test_a_change_that_lost_the_race_is_worked_out_again(paths, monkeypatch):
    seen = []

    def change(current, operation):
        if not seen:  # another process is faster
            publish_ledger(paths, move(read_ledger(paths), 5, "test"))
        seen.append(current.generation)
        return current.assign(current.raw(EXISTING).lowest(2), "train", operation), "result"

    assert change_ledger(paths, change) == "result"
    assert seen == [0, 1]
    assert str(IntervalSet(read_ledger(paths).splits["train"])) == "5-6"


def test_a_change_that_was_written_over_is_an_error(paths, monkeypatch):
    monkeypatch.setattr(ledger, "is_recorded", lambda *_: False)

    with pytest.raises(CacheError, match="the change was lost"):
        change_ledger(paths, lambda current, name: (current.assign(EXISTING, "a", name), None))


def test_a_change_is_looked_for_after_it_was_published(paths, monkeypatch):
    def publish(paths, mine):
        others = replace(mine, operations=("another",))
        return publish_ledger(paths, others)  # as if both won, and the other one wrote last

    monkeypatch.setattr(ledger, "publish_ledger", publish)
    with pytest.raises(CacheError, match="the change was lost"):
        change_ledger(paths, lambda current, name: (current.assign(EXISTING, "a", name), None))


def test_what_a_later_version_says_of_an_exclusion_is_kept(paths):
    later = Exclusion(IntervalSet([(1, 2)]), "why", "me@here", "now", "x", {"severity": 3})
    publish_ledger(paths, Ledger().exclude(later))

    assert read_ledger(paths).exclusions == (later,)


def test_an_older_generation_never_stands_in_for_a_damaged_one(paths):
    publish_ledger(paths, move(Ledger(), 5, "train"))
    publish_document(paths.generation(2), {"splits": {}, "operations": []}, paths.temporary)
    paths.generation(2).write_text("{}")

    with pytest.raises(DamagedFileError, match=r"00000002\.json"):
        read_ledger(paths)


def test_a_split_of_another_name_has_the_samples_and_the_place_that_it_had(paths):
    begun = Ledger().assign(IntervalSet([(3, 5)]), "train", "1")
    begun = begun.assign(IntervalSet([(7, 9)]), "test", "2")
    changed = begun.relabel(Relabel("train", "fit", "a typo", *signature(), "3"))
    publish_ledger(paths, changed)

    assert [*changed.splits.items()] == [
        ("fit", begun.splits["train"]),
        ("test", begun.splits["test"]),
    ]
    assert read_ledger(paths).splits == changed.splits
    assert changed.generation == begun.generation + 1


def test_a_name_that_a_split_had_is_refused_with_the_one_that_it_has():
    begun = Ledger().assign(IntervalSet([(3, 5)]), "train", "1")
    changed = begun.relabel(Relabel("train", "fit", "a typo", *signature(), "2"))

    with pytest.raises(SplitError, match=r"'train' is retired, .*fit.*; choose another name"):
        changed.check_name("train")
    assert changed.current_name("train") == "fit"


def test_what_was_drawn_relabelled_and_is_held_comes_back(paths):
    drawn = Draw("train", 2, 7, 50, EXISTING, {"test": 3}, 1, *signature(), "1")
    begun = Ledger().assign(IntervalSet([(3, 5)]), "train", "1", drawn)
    begun = begun.relabel(Relabel("train", "fit", "a typo", *signature(), "2"))
    begun = begun.follow("3", held={"train": IntervalSet([(200, 210)])})
    publish_ledger(paths, begun)

    assert read_ledger(paths) == begun
    assert read_ledger(paths).draws[0].split == "fit"


def test_raw_is_no_target():
    with pytest.raises(SplitError, match="choose another split"):
        Ledger().check_name("raw")


@pytest.mark.parametrize("split", ["_x", "", "a/b", ".hidden"])
def test_splits_have_good_names(split):
    with pytest.raises(ConfigurationError, match="split name"):
        Ledger().check_name(split)


def test_movers_at_once_lose_nothing(paths):
    def move_once(split):
        while True:
            ledger = move(read_ledger(paths), 3, split)
            if publish_ledger(paths, ledger):
                return ledger.operations[-1]

    with ThreadPoolExecutor(4) as pool:
        operations = list(pool.map(move_once, ["train", "test"] * 6))
    ledger = read_ledger(paths)

    assert sorted(ledger.operations) == sorted(operations)
    assert len(ledger.assigned) == 36


@pytest.mark.parametrize(
    "error", [OSError(38, "no flock"), NotImplementedError(), filelock.Timeout("")]
)
def test_a_lock_that_fails_stops_nobody(paths, monkeypatch, error):
    def acquire(*_: object, **__: object):
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with courtesy_lock(paths):
        assert publish_ledger(paths, move(Ledger(), 1, "train"))


def test_an_error_under_the_lock_is_raised(paths):
    with pytest.raises(OSError, match="disk"), courtesy_lock(paths):
        raise OSError("disk")
    with courtesy_lock(paths):
        assert paths.lock.parent.exists()
