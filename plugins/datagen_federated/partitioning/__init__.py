"""Laws by which a data set is divided among clients: pure functions of (labels, params, rng).

`divide` is all that generators need; `LAWS` are the laws one by one.
"""

from datagen_federated.partitioning.dealing import Indices, Labels
from datagen_federated.partitioning.division import Division, divide
from datagen_federated.partitioning.errors import PartitionError
from datagen_federated.partitioning.laws import LAWS, Law, LawName
from datagen_federated.partitioning.params import Compat, PartitionParams
from datagen_federated.partitioning.resolving import check_law, count_clients, principal_value
from datagen_federated.partitioning.validation import split_validation

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
