"""A parameter that a scheme does not use is refused, and each value has one name."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from datagen_partitions.schemes import (
    SCHEMES,
    Compat,
    PartitionError,
    PartitionParams,
    SchemeName,
    check_scheme,
    divide,
    principal_value,
)
from partition_examples import DIGITS, EXAMPLES

ASKED = {"distribution": {"a": {0: 1}}}
TURNS = {"distribution_array": ((1.0,),)}


class DeclearnParams(PartitionParams):
    compat: Compat | None = "declearn"


def test_every_scheme_has_its_name_and_an_example():
    assert list(SCHEMES) == list(get_args(SchemeName)) == list(EXAMPLES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_schemes_take_what_they_use(scheme):
    check_scheme(scheme, PartitionParams(**EXAMPLES[scheme]))

    assert SCHEMES[scheme].uses <= set(PartitionParams.model_fields)


@pytest.mark.parametrize(
    ("scheme", "values", "message"),
    [
        ("random", {}, "there is no scheme 'random'; there are iid, quantity_skew"),
        ("iid", {"alpha": 1}, "the scheme iid does not use alpha; it uses clients$"),
        ("labels", {"label_coverage": False}, "does not use label_coverage"),
        ("shard", {"alpha": 1, "sizes": (1,)}, "does not use alpha, sizes"),
        ("natural_id", {"clients": 3}, "does not use clients; it uses nothing"),
        ("sizes", {"sizes": (1, 2), "clients": 3}, "does not use clients"),
        ("iid", {"distribution_param": 1}, "iid takes no distribution_param"),
        ("custom", {**ASKED, "distribution_param": 1}, "custom takes no distribution_param"),
        ("shard", {"compat": "declearn"}, "shard has no compat declearn"),
        ("labels", {"compat": "original"}, "labels has no compat original"),
        (
            "dirichlet",
            {"compat": "original", "self_balancing": True},
            "does not know self_balancing",
        ),
        ("shard", {"compat": "original", "shard_size": 5}, "original does not know shard_size"),
        ("shard", {"keep_incomplete_shard": True}, "goes with shard_size alone"),
        ("distribution", {**TURNS, "preassigned_samples": 1, "rescale": False}, "with rescale"),
        ("custom", {}, "the scheme custom needs distribution; give it a value"),
        ("sizes", {}, "the scheme sizes needs sizes"),
        ("distribution", {}, "needs distribution_array"),
        ("grouped_natural_id", {}, "needs group_size"),
    ],
)
def test_what_does_not_go_with_a_scheme_is_refused(scheme, values, message):
    with pytest.raises(PartitionError, match=message):
        check_scheme(scheme, PartitionParams(**values))


@pytest.mark.parametrize(
    ("scheme", "values", "value"),
    [
        ("iid", {}, None),
        ("custom", ASKED, None),
        ("quantity_skew", {}, 1.0),
        ("dirichlet", {}, 0.5),
        ("dirichlet", {"alpha": 0.1}, 0.1),
        ("dirichlet", {"distribution_param": 0.3}, 0.3),
        ("shard", {}, 2),
        ("shard", {"shard_size": 5}, None),
        ("shard", {"distribution_param": 3.0}, 3),
        ("label_per_client", {}, 1),
        ("pathological", {"distribution_param": 4}, 4),
        ("inner_dirichlet", {"distribution_param": 4}, 4),
        ("continuous", {"distribution_param": 0}, 0),
    ],
)
def test_distribution_param_is_the_principal_number(scheme, values, value):
    assert principal_value(scheme, PartitionParams(**values)) == value


@pytest.mark.parametrize(
    ("scheme", "values", "message"),
    [
        ("dirichlet", {"alpha": 1}, "distribution_param of dirichlet is alpha; give one of them"),
        ("shard", {"distribution_param": 1.9}, "is shards_per_client, a whole number, not 1.9"),
        ("label_per_client", {"distribution_param": 0.5}, "a whole number, not 0.5"),
        ("shard", {"distribution_param": 0}, "shards_per_client, which cannot be 0"),
        ("quantity_skew", {"distribution_param": -1}, "alpha, which cannot be -1"),
        ("continuous", {"distribution_param": 2}, "strictness, which cannot be 2"),
    ],
)
def test_distribution_param_is_never_bent(scheme, values, message):
    with pytest.raises(PartitionError, match=message):
        check_scheme(scheme, PartitionParams(**{"distribution_param": 1, **values}))


def test_a_default_that_a_scheme_lacks_is_passed_over():
    for scheme in SCHEMES:
        check_scheme(scheme, DeclearnParams(**EXAMPLES[scheme]))
    with pytest.raises(PartitionError, match="labels has no compat original"):
        check_scheme("labels", DeclearnParams(compat="original"))


def test_as_many_clients_as_sizes_may_be_asked_for():
    check_scheme("sizes", PartitionParams(sizes=(1, 2), clients=2))
    check_scheme("inner_dirichlet", PartitionParams(sizes=(1, 2), clients=2))


@pytest.mark.parametrize("scheme", ["shard", "sizes", "quantity_skew"])
def test_what_is_passed_over_changes_nothing(scheme):
    params = (kind(**EXAMPLES[scheme]) for kind in (PartitionParams, DeclearnParams))
    first, second = (divide(scheme, DIGITS, p, np.random.default_rng(0)).shares for p in params)

    assert all(map(np.array_equal, first, second))
