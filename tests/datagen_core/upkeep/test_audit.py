"""Proof that each sample is in one split: what an audit finds, and what it does not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import datagen_core
from datagen_core import Ragged, generate
from datagen_core.ranges import IntervalList, IntervalSet
from datagen_core.store.documents import write_document
from datagen_core.store.ledger import publish_ledger, read_ledger
from datagen_core.upkeep import equal_content
from datagen_core.upkeep.audit import audit
from generators_for_tests import sine, walks


@pytest.fixture
def made(cache, monkeypatch):
    monkeypatch.setattr("datagen_core.store.documents._RETRIES", 1)
    made = generate(sine, 30, executor="inline", cache=cache)
    made.move(5, "train")
    made.move(8, "test", random=True, seed=1)
    made.exclude([0, 29], "bad")
    made.relabel("test", "validation", "why")
    made.move(3, "train")
    return made


def rewrite(paths, number, **changed):
    """Write a generation as no version would."""
    path = paths.generation(number)
    content = {**json.loads(path.read_text()), **changed}
    del content["checksum"]
    path.write_text(write_document(content))


def test_what_is_right_is_proved(made):
    found = audit(made)

    assert found.problems == found.equal == ()
    assert (found.samples, found.excluded, found.generations) == (30, 2, 5)
    assert sum(found.splits.values()) + found.excluded == found.samples


def test_nothing_moved_is_right(cache):
    made = generate(walks, 5, executor="inline", cache=cache)

    assert audit(made) == (5, {"raw": 5}, 0, 0, (), ())


def test_a_sample_in_two_splits_is_found(made):
    ledger = read_ledger(made.paths)
    twice = replace(ledger, splits={**ledger.splits, "more": IntervalList([(2, 4)])})
    scattered = IntervalSet((i, i + 1) for i in range(0, 2000, 2))  # which no reader looks into
    publish_ledger(made.paths, twice.assign(scattered, "far", "1"))

    problems = audit(made).problems
    assert "samples 2-3 are in train and in more" in problems
    assert any("are in train and in far" in each for each in problems)


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": [[3, 5]]}, "samples 0-2 left train between generations 1 and 2"),
        ({}, "samples 0-4 left train between generations 1 and 2"),
        ({"train": [[1, 5], [0, 1]]}, "the order of train changed between generations 1 and 2"),
    ],
)
def test_a_sample_that_left_its_split_is_found(made, splits, message):
    rewrite(made.paths, 2, splits=splits, draws=[])

    assert message in audit(made).problems


def test_an_exclusion_that_went_is_found(made):
    rewrite(made.paths, 5, excluded=[])

    assert "an exclusion was changed between generations 4 and 5" in audit(made).problems


def test_samples_that_nobody_asked_for_or_made_are_found(made):
    ledger = read_ledger(made.paths)
    publish_ledger(made.paths, ledger.assign(IntervalSet([(40, 45)]), "train", "1"))
    next(made.paths.shards.iterdir()).unlink()

    problems = audit(made).problems
    assert "samples 40-44 are in a split, but no run was to make them" in problems
    assert any("are in a split, but in no file; see `datagen verify`" in each for each in problems)


def test_a_choice_that_its_seed_does_not_make_is_found(made):
    draws = json.loads(made.paths.generation(5).read_text())["draws"]
    rewrite(made.paths, 5, draws=[{**draws[0], "seed": 2}])

    (problem,) = audit(made).problems
    assert "8 samples of validation are not those that its random choice with seed 2" in problem


def test_a_generation_that_is_damaged_is_a_problem(made):
    path = made.paths.generation(3)
    path.write_text(path.read_text()[:-20])

    (problem,) = audit(made).problems
    assert f"{path} is damaged" in problem


def test_spent_generations_are_passed_over(made):
    made.paths.generation(2).write_text("")

    assert audit(made)[3:5] == (4, ())


@datagen_core.generator(5)
def repeated(size, start):
    """Repeat every tenth pair."""
    for index in range(start, start + size):
        yield float(index % 10), float(index % 10)


@datagen_core.generator(5)
def texts(size, start):
    """Repeat every tenth text, and arrays of many lengths."""
    for index in range(start, start + size):
        yield {"name": f"n{index % 10}", "path": np.arange(index % 10), "wide": np.ones(9)}


@datagen_core.generator(5)
def wide(size, start):
    """Repeat every tenth picture."""
    for index in range(start, start + size):
        yield {"x": np.full((4, 5), index % 10, np.float32), "y": index % 10}


@pytest.fixture(params=[repeated, texts, wide])
def equal(request, cache, monkeypatch):
    monkeypatch.setattr(equal_content, "_MOST_SEEN", 4)
    made = generate(request.param, 20, executor="inline", cache=cache)
    made.move(12, "train")
    made.move(5, "test")
    return made


def test_equal_content_in_different_splits_is_found(equal):
    found = {each.splits: each[1:] for each in audit(equal).equal}

    assert found == {("train", "test"): (5, (2, 12)), ("raw", "train"): (3, (17, 7))}


def test_excluded_samples_are_equal_to_none(equal):
    equal.exclude(range(13, 20), "equal to others")
    (found,) = audit(equal).equal

    assert str(found) == "1 content is in train and in test, such as that of samples 2 and 12"


def test_equal_content_of_one_split_is_no_leak(cache):
    made = generate(repeated, 20, executor="inline", cache=cache)
    made.move(20, "train")

    assert audit(made).equal == ()


def test_a_row_in_two_parts_of_a_view_is_found(cache):
    made = generate(texts, 20, executor="inline", cache=cache)
    for name, second in (("good", [8, 7]), ("bad", [8, 9])):
        made.publish_view(name, {"by": "hand"}, {
            "train": users([9, 9], [0, 1]), "test": users(second, [0, 1]),
        })  # fmt: skip

    (problem,) = audit(made).problems
    assert "view bad-" in problem
    assert "1 rows in train and in test, such as row 1 of sample 9" in problem


def users(samples, rows):
    ends = np.array([0, len(rows)])
    return {"users": ["u"], "sample": Ragged(np.array(samples), ends),
            "row": Ragged(np.array(rows), ends)}  # fmt: skip
