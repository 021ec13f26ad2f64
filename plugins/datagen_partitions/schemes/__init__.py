"""Laws by which a data set is divided among clients: pure functions of (labels, params, rng).

`divide` is all that generators need; `LAWS` are the laws one by one.
"""

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Indices, Labels
from datagen_partitions.schemes.division import Division, divide
from datagen_partitions.schemes.laws import LAWS, Law, LawName
from datagen_partitions.schemes.params import Compat, PartitionParams
from datagen_partitions.schemes.resolving import check_law, count_clients, principal_value
from datagen_partitions.schemes.validation import split_validation

__all__ = [
    "LAWS",
    "Compat",
    "Division",
    "Indices",
    "Labels",
    "Law",
    "LawName",
    "PartitionError",
    "PartitionParams",
    "check_law",
    "count_clients",
    "divide",
    "principal_value",
    "split_validation",
]
