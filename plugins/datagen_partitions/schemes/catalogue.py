"""The catalogue of schemes: functions by name, with the parameters that they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from numpy.random import Generator

from datagen_partitions.schemes.biased import divide_with_bias
from datagen_partitions.schemes.continuous import divide_continuously
from datagen_partitions.schemes.custom import divide_as_asked
from datagen_partitions.schemes.dealing import Indices, Labels
from datagen_partitions.schemes.dirichlet import divide_by_dirichlet
from datagen_partitions.schemes.distribution import divide_by_distribution
from datagen_partitions.schemes.iid import divide_iid
from datagen_partitions.schemes.inner_dirichlet import divide_by_inner_dirichlet
from datagen_partitions.schemes.label_per_client import divide_by_label_count
from datagen_partitions.schemes.labels import divide_by_labels
from datagen_partitions.schemes.natural_id import divide_by_id, divide_by_id_groups
from datagen_partitions.schemes.params import PartitionParams
from datagen_partitions.schemes.pathological import divide_pathologically
from datagen_partitions.schemes.quantity_skew import divide_with_quantity_skew
from datagen_partitions.schemes.shard import divide_into_shards
from datagen_partitions.schemes.sizes import (
    divide_by_sizes,
    divide_by_squares,
    divide_exponentially,
    divide_linearly,
)

SchemeName = Literal[
    "iid",
    "quantity_skew",
    "dirichlet",
    "shard",
    "label_per_client",
    "custom",
    "biased",
    "labels",
    "sizes",
    "linear",
    "square",
    "exponential",
    "inner_dirichlet",
    "pathological",
    "distribution",
    "continuous",
    "natural_id",
    "grouped_natural_id",
]

Divide = Callable[[Labels, PartitionParams, Generator], list[Indices]]
"""A function from labels `(n,)`, parameters and the source of all randomness to clients' shares."""


@dataclass(frozen=True)
class Scheme:
    """One way to divide a data set.

    Attributes
    ----------
    divide
        The pure function; parameters for which the scheme has a default are never None there.
    uses
        The parameters it uses besides clients, distribution_param, min_samples and compat.
    needs
        The parameter that must be given, if any.
    principal
        The parameter that `distribution_param` stands for, if any.
    defaults
        Values of parameters that are not given.
    compat
        The other programs whose algorithm it also has.
    ours
        Parameters that have no meaning with `compat`.
    counted_by
        The parameter that gives the number of clients; None where the data give it.
    is_redrawn
        Whether sizes are random, so that another draw may be better.
    is_shuffled
        Whether samples of a share are in random order; else the scheme decides it.
    """

    divide: Divide
    uses: frozenset[str] = frozenset()
    needs: str | None = None
    principal: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    compat: frozenset[str] = frozenset()
    ours: frozenset[str] = frozenset()
    counted_by: str | None = "clients"
    is_redrawn: bool = False
    is_shuffled: bool = True


_THEIRS = frozenset({"original"})
_DECLEARN = frozenset({"declearn"})


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "iid": Scheme(divide_iid, compat=_THEIRS | _DECLEARN),
        "quantity_skew": Scheme(
            divide_with_quantity_skew,
            uses=_names("alpha"),
            principal="alpha",
            defaults={"alpha": 1.0},
            compat=_THEIRS,
            is_redrawn=True,
        ),
        "dirichlet": Scheme(
            divide_by_dirichlet,
            uses=_names("alpha self_balancing"),
            principal="alpha",
            defaults={"alpha": 0.5},
            compat=_THEIRS | _DECLEARN,
            ours=_names("self_balancing"),
            is_redrawn=True,
        ),
        "shard": Scheme(
            divide_into_shards,
            uses=_names("shards_per_client shard_size keep_incomplete_shard"),
            principal="shards_per_client",
            defaults={"shards_per_client": 2},
            compat=_THEIRS,
            ours=_names("shard_size keep_incomplete_shard"),
        ),
        "label_per_client": Scheme(
            divide_by_label_count,
            uses=_names("labels_per_client label_coverage"),
            principal="labels_per_client",
            defaults={"labels_per_client": 1},
            compat=_THEIRS,
            is_redrawn=True,
        ),
        "custom": Scheme(
            divide_as_asked,
            uses=_names("distribution on_shortage"),
            needs="distribution",
            compat=_THEIRS,
        ),
        "biased": Scheme(divide_with_bias, compat=_DECLEARN, is_shuffled=False),
        "labels": Scheme(divide_by_labels, compat=_DECLEARN, is_shuffled=False),
        "sizes": Scheme(divide_by_sizes, uses=_names("sizes"), needs="sizes", counted_by="sizes"),
        "linear": Scheme(divide_linearly),
        "square": Scheme(divide_by_squares),
        "exponential": Scheme(divide_exponentially),
        "inner_dirichlet": Scheme(
            divide_by_inner_dirichlet,
            uses=_names("alpha sizes"),
            principal="alpha",
            defaults={"alpha": 0.5},
            counted_by="sizes",
        ),
        "pathological": Scheme(
            divide_pathologically,
            uses=_names("labels_per_client class_assignment"),
            principal="labels_per_client",
            defaults={"labels_per_client": 2},
            is_redrawn=True,
        ),
        "distribution": Scheme(
            divide_by_distribution,
            uses=_names("distribution_array labels_per_client preassigned_samples rescale"),
            needs="distribution_array",
            defaults={"labels_per_client": 2},
        ),
        "continuous": Scheme(
            divide_continuously,
            uses=_names("strictness"),
            principal="strictness",
            defaults={"strictness": 0.5},
        ),
        "natural_id": Scheme(divide_by_id, counted_by=None, is_shuffled=False),
        "grouped_natural_id": Scheme(
            divide_by_id_groups,
            uses=_names("group_size group_mode sort_ids"),
            needs="group_size",
            counted_by=None,
            is_shuffled=False,
        ),
    }
)
"""Every scheme by the name that parameters give it."""
