"""Schemes by which a data set is divided among clients: pure functions of (labels, params, rng).

Generators need only `divide`; `SCHEMES` is the catalogue of schemes.
"""

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.catalogue import SCHEMES, Scheme, SchemeName
from datagen_partitions.schemes.dealing import Indices, Labels
from datagen_partitions.schemes.division import Division, divide, split_validation
from datagen_partitions.schemes.params import Compat, PartitionParams
from datagen_partitions.schemes.resolving import check_scheme, count_clients, principal_value

__all__ = [
    "SCHEMES",
    "Compat",
    "Division",
    "Indices",
    "Labels",
    "PartitionError",
    "PartitionParams",
    "Scheme",
    "SchemeName",
    "check_scheme",
    "count_clients",
    "divide",
    "principal_value",
    "split_validation",
]
