"""Batches of an epoch: each in its own order, which a seed and its number determine."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from datagen_core import ConfigurationError, generate
from datagen_core.reading.epochs import shuffle_positions
from generators_for_tests import count


@pytest.fixture
def samples(tmp_path):
    return generate(count, 30, {"stop": 30}, executor="inline", cache=tmp_path)["raw"]


def values(batches):
    return [value for batch in batches for value in batch["value"].tolist()]


def test_every_iteration_is_another_epoch(samples):
    batches = samples.batches(7, shuffle=True, seed=3)
    orders = [values(batches) for _ in range(3)] + [
        values(samples.batches(4, shuffle=True, seed=3))
    ]

    assert orders == [shuffle_positions(30, 3, epoch).tolist() for epoch in range(4)]
    assert len({tuple(order) for order in orders}) == 4


def test_a_loop_that_asks_for_batches_anew_has_another_order(samples):
    first, second = (values(samples.batches(30, shuffle=True)) for _ in range(2))

    assert first != second
    assert sorted(first) == sorted(second) == list(range(30))


def test_an_epoch_can_be_named(samples):
    named = samples.batches(7, shuffle=True, seed=3, epoch=2)

    assert values(named) == values(named) == shuffle_positions(30, 3, 2).tolist()
    assert values(samples.batches(7, shuffle=True, seed=3)) == shuffle_positions(30, 3, 0).tolist()


def test_the_first_epoch_has_the_order_that_a_seed_always_had():
    order = np.arange(1000)
    np.random.default_rng(5).shuffle(order)

    assert shuffle_positions(1000, 5, 0).tolist() == order.tolist()


def test_seeds_and_epochs_are_not_added():
    assert shuffle_positions(99, 2, 1).tolist() != shuffle_positions(99, 1, 2).tolist()
    assert shuffle_positions(99, 5 + 7 * 2**32, 0).tolist() != shuffle_positions(99, 5, 7).tolist()


def test_seeds_are_counted_by_themselves_and_checks_change_nothing(samples):
    values(samples.batches(7, shuffle=True, seed=1))
    samples.verify()

    assert values(samples.batches(7, shuffle=True, seed=2)) == shuffle_positions(30, 2, 0).tolist()
    assert values(samples.batches(7, shuffle=True, seed=1)) == shuffle_positions(30, 1, 1).tolist()


def test_without_shuffling_epochs_are_the_samples_in_their_order(samples):
    batches = samples.batches(7)

    assert values(batches) == values(batches) == list(range(30))


def test_batches_are_counted_and_come_one_by_one(samples):
    batches = samples.batches(7)

    assert len(batches) == 5
    assert [next(batches)["value"][0], next(batches)["value"][0]] == [0, 7]
    assert values(batches) == list(range(30))


def test_samples_can_still_be_pickled(samples):
    values(samples.batches(7, shuffle=True))

    assert values(pickle.loads(pickle.dumps(samples)).batches(9)) == list(range(30))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"size": 0}, "size is 0; it is 1 or more"),
        ({"seed": -1}, "seed is -1; it is 0 or more"),
        ({"epoch": -1}, "epoch is -1; it is 0 or more"),
        ({"epoch": 1.5}, "epoch"),
    ],
)
def test_what_is_no_order_is_refused(samples, words, message):
    with pytest.raises(ConfigurationError, match=message):
        samples.batches(**{"size": 5, "shuffle": True, **words})
