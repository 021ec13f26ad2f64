"""Schemes that choose labels per client: dirichlet, label_per_client, pathological, shard, ..."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_partitions.schemes import PartitionError
from partition_examples import DIGITS, count_labels, sizes, split

SEEDS = st.integers(0, 2**32)
LABEL_COUNTS = st.integers(1, 10)


def held(division):
    return count_labels(division) > 0


@pytest.mark.parametrize("scheme", ["label_per_client", "pathological"])
@given(count=LABEL_COUNTS, clients=st.integers(1, 20), seed=SEEDS)
def test_each_client_holds_exactly_that_many_labels(scheme, count, clients, seed):
    division = split(scheme, seed=seed, labels_per_client=count, clients=clients)

    assert set(held(division).sum(axis=1)) == {count}


@given(count=LABEL_COUNTS, clients=st.integers(1, 20), seed=SEEDS)
def test_every_label_is_held_as_far_as_there_are_clients(count, clients, seed):
    division = split("label_per_client", seed=seed, labels_per_client=count, clients=clients)

    assert held(division).any(axis=0).sum() == min(10, clients * count)
    assert division.dropped == 60 * max(0, 10 - clients * count)


@pytest.mark.parametrize("scheme", ["label_per_client", "pathological"])
def test_holders_of_a_label_share_it_evenly(scheme):
    counts = count_labels(split(scheme, labels_per_client=3, clients=7))
    differences = [np.ptp(column[column > 0]) for column in counts.T if column.any()]

    assert len(differences) > 0
    assert max(differences) <= 1


def test_labels_are_held_equally_often_on_average():
    divisions = (split("label_per_client", seed=s, labels_per_client=3) for s in range(300))
    often = np.mean([held(division) for division in divisions], axis=0)

    np.testing.assert_allclose(often, 0.3, atol=0.12)


def test_labels_that_nobody_can_hold_are_drawn():
    divisions = (split("label_per_client", seed=s, clients=5) for s in range(200))

    np.testing.assert_allclose(np.mean([held(d).any(0) for d in divisions], axis=0), 0.5, atol=0.12)


def test_covering_all_labels_favours_nobody():
    labels = np.repeat(np.arange(4), 60)
    params = {"clients": 3, "labels_per_client": 2}
    drawn = [sizes(split("label_per_client", labels, seed, **params)) for seed in range(400)]

    np.testing.assert_allclose(np.mean(drawn, axis=0), 80, atol=2.5)


def test_labels_may_be_drawn_independently():
    params = {"label_coverage": False, "labels_per_client": 1, "clients": 10}
    division = split("label_per_client", **params)

    assert division.dropped >= 60
    assert set(held(division).sum(axis=1)) == {1}


@pytest.mark.parametrize("scheme", ["label_per_client", "pathological", "distribution"])
def test_more_labels_than_there_are_are_refused(scheme):
    array = {"distribution_array": ((1.0,),)} if scheme == "distribution" else {}
    with pytest.raises(PartitionError, match="there are 10 labels, not 11"):
        split(scheme, labels_per_client=11, **array)


def test_classes_are_assigned_by_turns():
    division = split(
        "pathological", class_assignment="deterministic", labels_per_client=3, clients=12
    )
    wanted = [sorted((client + i) % 10 for i in range(3)) for client in range(12)]

    assert [np.flatnonzero(row).tolist() for row in held(division)] == wanted


def test_the_first_class_is_assigned_by_turns():
    division = split(
        "pathological", class_assignment="first-deterministic", labels_per_client=3, clients=12
    )

    assert all(row[client % 10] for client, row in enumerate(held(division)))
    assert division.dropped == 0


def test_shards_are_pieces_of_the_sorted_data_set():
    labels = np.arange(600) * 7 % 10
    shares = split("shard", labels, clients=6, shards_per_client=5, compat="original").shares
    shards = np.concatenate([np.split(share, 5) for share in shares])

    assert all(np.unique(labels[shard]).size == 1 for shard in shards)
    assert all((np.diff(shard) > 0).all() for shard in shards)


@given(st.integers(1, 12), st.integers(1, 5), SEEDS)
def test_shards_use_all_samples(clients, each, seed):
    division = split("shard", seed=seed, clients=clients, shards_per_client=each)

    assert division.dropped == 0
    assert np.ptp(sizes(division)) <= each


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"shard_size": 50, "clients": 7}, [50, 50, 100, 100, 100, 100, 100]),
        ({"shard_size": 90, "clients": 6}, [90] * 6),
        ({"shard_size": 90, "clients": 7, "keep_incomplete_shard": True}, [60] + [90] * 6),
        ({"shard_size": 100, "clients": 6, "keep_incomplete_shard": True}, [100] * 6),
        ({"shard_size": 20, "shards_per_client": 3, "clients": 4}, [60] * 4),
    ],
)
def test_shards_may_have_a_size(params, wanted):
    assert sorted(sizes(split("shard", **params))) == wanted


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"clients": 301}, "cannot cut 600 samples into 602 shards"),
        ({"shard_size": 100, "clients": 7}, "6 shards of 100 samples, and 7 clients need 7"),
        ({"shard_size": 100, "clients": 4, "shards_per_client": 2}, "4 clients need 8"),
    ],
)
def test_shards_that_do_not_suffice_are_refused(params, message):
    with pytest.raises(PartitionError, match=message):
        split("shard", **params)


@pytest.mark.parametrize(("alpha", "low", "high"), [(0.05, 0.38, 1), (1000, 0.1, 0.16)])
@pytest.mark.parametrize("scheme", ["dirichlet", "inner_dirichlet"])
def test_alpha_says_how_uneven_clients_are(scheme, alpha, low, high):
    """The largest label of a client is two fifths of its data, or a tenth."""
    counts = count_labels(split(scheme, clients=5, alpha=alpha, min_samples=0))
    largest = counts.max(axis=1).sum() / counts.sum()

    assert low <= largest <= high


def test_each_client_may_have_an_alpha_of_its_own():
    division = split("dirichlet", clients=3, alpha=(1e4, 1e4, 1.0), min_samples=0)
    with pytest.raises(PartitionError, match="there are 2 alphas for 3 parts; give one number"):
        split("dirichlet", clients=3, alpha=(1.0, 2.0))

    assert sizes(division)[2] < 10


def test_balance_bounds_the_largest_share():
    params = {"alpha": 0.1, "min_samples": 0}
    divisions = {
        balanced: [
            max(sizes(split("dirichlet", seed=s, self_balancing=balanced, **params)))
            for s in range(50)
        ]
        for balanced in (False, True)
    }

    # Nobody above the mean of 60 gets anything of a further class, which has 60 samples.
    assert max(divisions[True]) <= 120 < max(divisions[False])


@pytest.mark.parametrize("seed", range(5))
def test_balance_finds_somebody_when_chance_wants_those_who_have_enough(seed):
    params = {"alpha": 1e-6, "clients": 2, "self_balancing": True, "min_samples": 0}

    assert sorted(sizes(split("dirichlet", seed=seed, **params))) in ([240, 360], [300, 300])


def test_no_client_is_left_with_what_others_did_not_want():
    """Shares fill at the same time, so that each has as much of its largest label."""
    labels = np.repeat(np.arange(3), 100)
    params = {"sizes": (70, 70, 70), "alpha": 0.1}
    divisions = (split("inner_dirichlet", labels, seed, **params) for seed in range(200))
    counts = np.array([count_labels(division, labels) for division in divisions])

    largest = counts.max(axis=2).mean(axis=0)
    np.testing.assert_allclose(largest, largest.mean(), rtol=0.06)


def test_mixtures_fill_the_sizes_exactly():
    assert sizes(split("inner_dirichlet", sizes=(1, 100, 499), alpha=0.01)) == [1, 100, 499]
    assert sorted(sizes(split("inner_dirichlet", clients=7))) == [85, 85, 86, 86, 86, 86, 86]


def test_a_class_may_have_an_alpha_of_its_own():
    division = split("inner_dirichlet", sizes=(50,) * 4, alpha=(1e3, *(1e-3,) * 9))

    # The 60 samples of label 0 are used up first.
    assert count_labels(division)[:, 0].sum() == 60


@pytest.mark.parametrize("seed", range(3))
def test_every_client_holds_its_turn_of_labels(seed):
    array = tuple((1.0, 2.0, 3.0, 4.0) for _ in range(10))
    division = split("distribution", seed=seed, clients=20, distribution_array=array)
    counts = count_labels(division)

    assert division.dropped == 0
    for client, row in enumerate(counts):
        assert np.flatnonzero(row).tolist() == sorted({client % 10, (client + 1) % 10})
    assert sorted(counts[:, 4].tolist())[-4:] == [6, 12, 18, 24]


def test_samples_are_preassigned():
    array = tuple((0.0, 1.0) for _ in range(10))
    division = split("distribution", distribution_array=array, preassigned_samples=7)

    assert {tuple(sorted(row[row > 0])) for row in count_labels(division).T} == {(7, 53)}


def test_counts_are_taken_as_they_are():
    array = tuple((float(i), 20.0) for i in range(1, 11))
    division = split("distribution", distribution_array=array, rescale=False)

    assert division.dropped == 600 - 200 - 55
    assert count_labels(division)[0, [0, 1]].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"clients": 12, "distribution_array": ((1.0,),)},
            "clients should be a multiple of the number of labels, 10, not 12",
        ),
        (
            {"distribution_array": ((1.0, 1.0),) * 9},
            "distribution_array should have 10 rows, one per label, of 2 numbers",
        ),
        ({"distribution_array": ((1.0,),) * 10}, "of 2 numbers"),
        ({"distribution_array": ((0.0, 0.0),) * 10}, "holds only zeros"),
        ({"distribution_array": ((1.0, 1.0),) * 10, "preassigned_samples": 31}, "too few for 31"),
        ({"distribution_array": ((0.5, 1.0),) * 10, "rescale": False}, "whole numbers"),
        ({"distribution_array": ((60.0, 1.0),) * 10, "rescale": False}, "asks for 61 samples"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(params, message):
    with pytest.raises(PartitionError, match=message):
        split("distribution", DIGITS, **params)
