"""The success criteria in the report of a selection."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from datagen_pate.evaluation import evaluate
from datagen_pate.evaluation.shard_facts import describe_shard
from datagen_pate.selection.params import SelectionParams
from datagen_pate.selection.selecting import select
from pate_images import make_images, make_pool, read_teacher


def choose(images, shard=None):
    rng = np.random.default_rng(0)
    return select(make_pool(images), read_teacher, None, shard, SelectionParams(), rng)


def make_shard(images):
    return SimpleNamespace(images=images, labels=np.arange(len(images)) % 10)


@pytest.fixture(scope="module")
def pool():
    rng = np.random.default_rng(0)
    return make_images(rng.integers(0, 10, 1000), rng.uniform(0.5, 1, 1000), rng)


def test_report_judges_the_success_criteria_as_the_evaluation_does(pool):
    shard = make_shard(pool[:50])
    chosen = choose(pool, shard)
    told = chosen.report["success_criteria"]["criteria"]
    measured = evaluate(chosen.images, chosen.labels, chosen.confidence, describe_shard(shard))
    expected = measured["success_criteria"]["criteria"]

    assert [each["result"] for each in told.values()] == [e["result"] for e in expected.values()]
    assert [each["value"] for each in told.values()] == pytest.approx(
        [each["value"] for each in expected.values()], rel=1e-5
    )


def test_criteria_that_need_the_shard_are_not_passed_without_it(pool):
    told = choose(pool, None).report["success_criteria"]

    assert (told["not_checked"], told["passed"] + told["failed"]) == (3, 1)


def test_nothing_passes_that_was_not_selected(pool):
    told = choose(pool[:0], make_shard(pool[:50])).report["success_criteria"]

    assert (told["not_checked"], told["passed"]) == (4, 0)
