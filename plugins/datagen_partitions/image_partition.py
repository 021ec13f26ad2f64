"""The generator `image_partition`: a real data set divided among clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from datagen_core import DatasetGenerator, Field, Schema, generator, hookimpl
from datagen_partitions.client_files import (
    ImagePartitionParams,
    count_samples,
    divide_rows,
    load_rows,
    make_samples,
)
from datagen_partitions.errors import PartitionError


def describe_division(params: ImagePartitionParams, seed: int = 0) -> tuple[str, ...]:
    """Return notes on the division, such as what it leaves out.

    The data set is divided for that, so that a missing file, or too many clients for the data, is
    refused before any job starts.
    """
    return divide_rows(params, seed).notes


def schema_of(params: ImagePartitionParams) -> Schema:
    """Return the fields of a sample."""
    rows = load_rows(params)
    return Schema(
        {
            rows.field: Field(rows.x.dtype, rows.x.shape[1:], ragged=True),
            "labels": Field(rows.labels.dtype, rows.labels.shape[1:], ragged=True),
            "indices": Field("int64", ragged=True),
            "validation": Field("bool", ragged=True),
        }
    )


@generator(
    params=ImagePartitionParams,
    schema=schema_of,
    version="2",
    limit=count_samples,
    preflight=describe_division,
)
def image_partition(
    size: int, params: ImagePartitionParams, start: int, seed: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """Divide an image data set, or one of yours, among clients; one sample is one client's share.

    Returns
    -------
    samples
        Each has `images` uint8 `(n, 28, 28)`, `labels` int64 `(n,)`, `indices` int64 `(n,)`, the
        places of these images in the data set, and `validation` bool `(n,)`, a mask of the rows
        that are not for training. With `data_file` there is `data` instead of `images`, `(n, …)` in
        the type of the file, and labels are in their own type. All of it follows from the
        parameters and the set's seed.
    """
    clients = len(divide_rows(params, seed).clients)
    if start + size > clients:
        raise PartitionError(
            f"this partition has {clients} clients; there is no sample {start + size - 1}"
        )
    return make_samples(params, seed, start, start + size)


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `image_partition`."""
    return image_partition
