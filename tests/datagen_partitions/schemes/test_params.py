"""Values that mean nothing are refused whatever the scheme; the rest keeps its identity."""

from __future__ import annotations

import pytest

from datagen_core.generators.identity import canonical_json
from datagen_partitions.schemes import SCHEMES, PartitionParams
from partition_examples import EXAMPLES


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"clients": 0}, r"clients\n.*greater than 0"),
        ({"alpha": 0.0}, "alpha should be greater than 0, not 0"),
        ({"alpha": (0.5, -1)}, "alpha should be greater than 0"),
        ({"alpha": ()}, "alpha should be greater than 0"),
        ({"shards_per_client": 0}, r"shards_per_client\n.*greater than 0"),
        ({"shard_size": -1}, r"shard_size\n.*greater than 0"),
        ({"labels_per_client": 0}, r"labels_per_client\n.*greater than 0"),
        ({"group_size": 0}, r"group_size\n.*greater than 0"),
        ({"min_samples": -1}, r"min_samples\n.*greater than or equal to 0"),
        ({"preassigned_samples": -1}, r"preassigned_samples\n.*greater than or equal to 0"),
        ({"strictness": 1.1}, r"strictness\n.*less than or equal to 1"),
        ({"sizes": ()}, r"sizes\n.*at least 1 item"),
        ({"sizes": (3, -1)}, r"sizes.1\n.*greater than or equal to 0"),
        ({"distribution": {}}, r"distribution\n.*at least 1 item"),
        ({"distribution": {"a": {1: -2}}}, r"distribution.a.1\n.*greater than or equal to 0"),
        ({"distribution_array": ()}, r"distribution_array\n.*at least 1 item"),
        (
            {"distribution_array": ((1, -1),)},
            r"distribution_array.0.1\n.*greater than or equal to 0",
        ),
    ],
)
def test_numbers_that_mean_nothing_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        PartitionParams(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"clients": 1.5},
        {"labels_per_client": 1.9},
        {"sizes": [1.5]},
        {"distribution": {"a": {"cat": 1}}},
        {"distribution": {"a": {"1": 1.5}}},
        {"alpha": float("nan")},
        {"compat": "flower"},
        {"seed": 1},
    ],
)
def test_values_of_another_type_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        PartitionParams(**values)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_values_survive_being_stored(scheme):
    params = PartitionParams(**EXAMPLES[scheme])

    assert PartitionParams.bind(params.canonical(), "x") == params


def test_the_order_of_clients_is_no_part_of_the_identity():
    wanted = {"b": {0: 1}, "a": {1: 2, 0: 3}}
    turned = {"a": {0: 3, 1: 2}, "b": {0: 1}}
    first, second = (PartitionParams(distribution=value) for value in (wanted, turned))

    assert first == second
    assert hash(first) == hash(second)
    assert canonical_json(first.canonical()) == canonical_json(second.canonical())


def test_keys_of_json_are_labels():
    params = PartitionParams(distribution={"client_1": {"0": 500}})

    assert params.distribution == {"client_1": {0: 500}}
