"""Clients' data sets as files: divided among clients, written, read and checked.

`divide_clients` makes the data that `datagen export --format declearn` writes, without a cache;
`ImagePartitionParams` are its parameters, and a generator may derive its own from them.
"""

from datagen_partitions.client_files.clients import ClientData, Pair
from datagen_partitions.client_files.dividing import (
    count_samples,
    divide_clients,
    divide_rows,
    make_samples,
)
from datagen_partitions.client_files.folders import read_client, write_client
from datagen_partitions.client_files.params import ImagePartitionParams
from datagen_partitions.client_files.rows import Rows, load_rows
from datagen_partitions.errors import ClientFilesError

__all__ = [
    "ClientData",
    "ClientFilesError",
    "ImagePartitionParams",
    "Pair",
    "Rows",
    "count_samples",
    "divide_clients",
    "divide_rows",
    "load_rows",
    "make_samples",
    "read_client",
    "write_client",
]
