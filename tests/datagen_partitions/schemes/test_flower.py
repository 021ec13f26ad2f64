"""Schemes that flwr-datasets has too: the same groups, sizes and labels, for the same seed.

Theirs deals blocks in the order of the data set, and gives what rounding leaves to one client; ours
shuffles first, and draws lots. What rounding leaves is thus all that may differ.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from partition_examples import count_labels, sizes, split

datasets = pytest.importorskip("datasets", reason="needs flwr-datasets")
theirs = pytest.importorskip("flwr_datasets.partitioner", reason="needs flwr-datasets")

LABELS = np.random.default_rng(7).choice(6, 1200, p=[0.05, 0.1, 0.15, 0.2, 0.25, 0.25])
WEIGHTS = np.random.default_rng(8).lognormal(0, 2, (6, 4))
COLUMN = np.random.default_rng(9).normal(5, 2, 1200).astype(np.float32)


def divide_theirs(name, column=LABELS, **options):
    """Return what each client gets, in ascending order."""
    if name not in {"Iid", "Size", "Linear", "Square", "Exponential"}:
        options |= {"partition_by": "column"}
    partitioner = getattr(theirs, f"{name}Partitioner")(**options)
    partitioner.dataset = datasets.Dataset.from_dict(
        {"column": column.tolist(), "index": np.arange(column.size)}
    )
    parts = (partitioner.load_partition(i) for i in range(partitioner.num_partitions))
    return [np.sort(part["index"][:]) for part in parts]


def count(shares):
    return np.array([np.bincount(LABELS[share], minlength=6) for share in shares])


def sort(division):
    return [np.sort(share) for share in division.shares]


def test_iid_has_the_same_sizes_in_another_order():
    shares = divide_theirs("Iid", num_partitions=7)

    assert sorted(map(len, shares)) == sorted(sizes(split("iid", LABELS, clients=7)))


def test_sizes_are_the_same():
    shares = divide_theirs("Size", partition_sizes=[500, 1, 699])

    assert list(map(len, shares)) == sizes(split("sizes", LABELS, sizes=(500, 1, 699)))


@pytest.mark.parametrize("name", ["Linear", "Square", "Exponential"])
def test_sizes_by_number_are_the_same_but_for_rounding(name):
    parts = np.array([len(share) for share in divide_theirs(name, num_partitions=6)])
    ours = np.array(sizes(split(name.lower(), LABELS, clients=6)))

    assert ours.sum() == parts.sum() == 1200
    assert set((ours - parts)[:-1]) <= {0, 1}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("alpha", [0.1, 0.5, 10.0])
def test_dirichlet_draws_the_same_proportions(alpha, seed):
    options = {"num_partitions": 5, "min_partition_size": 0, "seed": seed}
    shares = divide_theirs("Dirichlet", alpha=alpha, **options)
    division = split("dirichlet", LABELS, seed, clients=5, alpha=alpha, min_samples=0)

    assert np.abs(count(shares) - count_labels(division, LABELS)).max() <= 1


@pytest.mark.filterwarnings("ignore:The specified min_partition_size")
def test_dirichlet_gives_up_after_as_many_draws():
    with pytest.raises(ValueError, match=r"max number of attempts \(10\)"):
        divide_theirs("Dirichlet", num_partitions=20, alpha=0.01)
    with pytest.raises(ValueError, match="after 10 redraws"):
        split("dirichlet", LABELS, clients=20, alpha=0.01, min_samples=10)


def test_balance_has_the_same_effect():
    largest = [[], []]
    for seed in range(20):
        options = {"num_partitions": 5, "min_partition_size": 0, "seed": seed}
        shares = divide_theirs("Dirichlet", alpha=0.3, self_balancing=True, **options)
        params = {"clients": 5, "min_samples": 0, "self_balancing": True}
        largest[0].append(max(map(len, shares)))
        largest[1].append(max(sizes(split("dirichlet", LABELS, seed, alpha=0.3, **params))))

    assert np.mean(largest[0]) == pytest.approx(np.mean(largest[1]), rel=0.02)


@pytest.mark.filterwarnings("ignore:The sum of the partition_sizes")
@pytest.mark.parametrize(("alpha", "error"), [(0.5, 0.14), (100.0, 0.1)])
def test_inner_dirichlet_draws_the_same_mixtures(alpha, error):
    """Where no class is used up, a share's frequencies are those of its mixture."""
    labels = np.tile(np.arange(6), 500)
    wanted = (100, 200, 150)
    shares = divide_theirs(
        "InnerDirichlet", labels, partition_sizes=list(wanted), alpha=alpha, seed=3
    )
    ours = count_labels(split("inner_dirichlet", labels, 3, sizes=wanted, alpha=alpha), labels)
    others = np.array([np.bincount(labels[share], minlength=6) for share in shares])

    assert np.abs(ours - others).max(axis=1).max() <= error * 200
    assert ours.sum(axis=1).tolist() == others.sum(axis=1).tolist() == list(wanted)


@pytest.mark.filterwarnings("ignore:Classes")
@pytest.mark.parametrize("mode", ["random", "deterministic", "first-deterministic"])
@pytest.mark.parametrize("clients", [2, 5, 9])
def test_pathological_assigns_the_same_labels(mode, clients):
    options = {"num_classes_per_partition": 2, "class_assignment_mode": mode, "seed": 4}
    shares = divide_theirs("Pathological", num_partitions=clients, **options)
    division = split("pathological", LABELS, 4, clients=clients, class_assignment=mode)
    ours = count_labels(division, LABELS)

    assert np.array_equal(ours > 0, count(shares) > 0)
    assert np.abs(ours - count(shares)).max() <= 1
    assert division.dropped == 1200 - sum(map(len, shares))


@pytest.mark.filterwarnings("ignore:Specifying null_placement")  # of datasets, with new pyarrow
@pytest.mark.parametrize(
    ("options", "params"),
    [
        ({"num_shards_per_partition": 3}, {"shards_per_client": 3}),
        ({"num_shards_per_partition": 3, "shard_size": 60}, {"shards_per_client": 3}),
        ({"shard_size": 70}, {}),
        ({"shard_size": 70, "keep_incomplete_shard": True}, {"keep_incomplete_shard": True}),
    ],
)
def test_shards_have_the_same_sizes(options, params):
    shares = divide_theirs("Shard", num_partitions=5, **options)
    size = {"shard_size": options["shard_size"]} if "shard_size" in options else {}
    ours = sizes(split("shard", LABELS, clients=5, **params, **size))

    assert sum(ours) == sum(map(len, shares))
    if "keep_incomplete_shard" not in options:
        assert sorted(ours) == sorted(map(len, shares))


@pytest.mark.parametrize("seed", range(3))
def test_distribution_has_the_same_counts(seed):
    options = {"num_partitions": 12, "num_unique_labels_per_partition": 2, "seed": seed}
    shares = divide_theirs(
        "Distribution", distribution_array=WEIGHTS, preassigned_num_samples_per_label=5, **options
    )
    array = tuple(map(tuple, WEIGHTS))
    params = {"distribution_array": array, "preassigned_samples": 5, "clients": 12}
    ours = count_labels(split("distribution", LABELS, seed, **params), LABELS)

    assert np.array_equal(ours.sum(axis=0), count(shares).sum(axis=0))
    # Theirs gives all that rounding leaves of a label, up to three samples, to one client.
    assert np.abs(ours - count(shares)).max() <= 3


def test_distribution_of_counts_is_the_same():
    array = np.arange(24).reshape(6, 4)
    options = {"num_partitions": 12, "num_unique_labels_per_partition": 2, "rescale": False}
    shares = divide_theirs(
        "Distribution", distribution_array=array, preassigned_num_samples_per_label=0, **options
    )
    params = {"rescale": False, "clients": 12, "min_samples": 0}
    ours = split("distribution", LABELS, distribution_array=tuple(map(tuple, array)), **params)

    assert np.array_equal(count_labels(ours, LABELS), count(shares))


@pytest.mark.parametrize("strictness", [0.0, 0.3, 0.9, 1.0])
def test_continuous_makes_the_same_shares(strictness):
    shares = divide_theirs("Continuous", COLUMN, num_partitions=6, strictness=strictness, seed=2)
    ours = split("continuous", COLUMN, 2, clients=6, strictness=strictness)

    assert all(map(np.array_equal, sort(ours), shares))


def test_natural_ids_make_the_same_shares():
    shares = divide_theirs("NaturalId")

    assert all(map(np.array_equal, sort(split("natural_id", LABELS)), shares))


@pytest.mark.parametrize("sort_ids", [False, True])
@pytest.mark.parametrize(
    ("mode", "size"),
    [
        *product(("allow-smaller", "allow-bigger", "drop-reminder"), (1, 2, 4, 6)),
        *product(("strict",), (1, 2, 6)),
    ],
)
def test_groups_of_ids_are_the_same(mode, size, sort_ids):
    options = {"group_size": size, "mode": mode, "sort_unique_ids": sort_ids}
    params = {"group_size": size, "group_mode": mode, "sort_ids": sort_ids}
    shares = divide_theirs("GroupedNaturalId", **options)
    ours = sort(split("grouped_natural_id", LABELS, **params))

    assert len(ours) == len(shares)
    assert all(map(np.array_equal, ours, shares))


def test_groups_that_do_not_come_out_are_refused_by_both():
    with pytest.raises(ValueError, match="perfectly divisible"):
        divide_theirs("GroupedNaturalId", group_size=4, mode="strict")
    with pytest.raises(ValueError, match="6 ids do not fit into groups of 4"):
        split("grouped_natural_id", LABELS, group_size=4, group_mode="strict")
