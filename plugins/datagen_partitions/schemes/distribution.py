"""Labels by turns, in given proportions or counts: the split of FedProx."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import (
    Classes,
    Floats,
    Indices,
    Labels,
    apportion,
    deal,
    group_by_value,
)
from datagen_partitions.schemes.label_per_client import check_label_count
from datagen_partitions.schemes.params import PartitionParams


def divide_by_distribution(
    labels: Labels, params: PartitionParams, rng: Generator
) -> list[Indices]:
    """Give client i the labels i, i + 1, ..., i + k - 1, in the proportions of an array.

    Li et al. 2020 (FedProx, arXiv:1812.06127), appendix C, and flwr-datasets'
    DistributionPartitioner. Row c of the array belongs to the c-th label; its entries go to the
    clients that hold the label, in the order of clients. With `rescale` a row holds proportions,
    each client gets `preassigned_samples` beforehand, and all samples are dealt; else it holds
    counts.

    Parameters
    ----------
    labels
        Classes, `(n,)`.
    params
        `clients`, a multiple of the number of labels; `labels_per_client`, k;
        `distribution_array`, one row per label with k x clients / labels numbers;
        `preassigned_samples`, `rescale`.

    Raises
    ------
    PartitionError
        When the array has another shape, or asks for more samples than there are.
    """
    classes = group_by_value(labels)
    array = _check_array(params, len(classes.values))
    wanted = _rescale(array, classes, params, rng) if params.rescale else _take(array, classes)
    counts = np.zeros((params.clients, len(wanted)), np.int64)
    for place, row in enumerate(wanted):
        turns = (place - np.arange(params.clients)) % len(wanted)
        counts[turns < (params.labels_per_client or 1), place] = row
    return deal(classes.members, counts, rng)


def _check_array(params: PartitionParams, rows: int) -> Floats:
    held = check_label_count(params, rows)
    if params.clients % rows:
        message = (
            f"clients should be a multiple of the number of labels, {rows}, not {params.clients}"
        )
        raise PartitionError(message)
    shape = (rows, held * params.clients // rows)
    given = params.distribution_array or ()
    if len(given) != shape[0] or {len(row) for row in given} != {shape[1]}:
        message = (
            f"distribution_array should have {shape[0]} rows, one per label, of {shape[1]} numbers"
        )
        raise PartitionError(message)
    return np.array(given, np.float64)


def _rescale(
    array: Floats, classes: Classes, params: PartitionParams, rng: Generator
) -> list[Indices]:
    first = params.preassigned_samples
    wanted = []
    for value, size, row in zip(classes.values, classes.sizes.tolist(), array, strict=True):
        rest = size - first * len(row)
        if rest < 0:
            raise PartitionError(
                f"label {value} has {size} samples, too few for {first} preassigned to each of "
                f"{len(row)} clients; ask for fewer preassigned_samples"
            )
        if not row.any():
            message = f"the row of label {value} in distribution_array holds only zeros"
            raise PartitionError(message)
        wanted.append(first + apportion(rest, row, rng))
    return wanted


def _take(array: Floats, classes: Classes) -> list[Indices]:
    if (array % 1).any():
        raise PartitionError(
            "without rescale, distribution_array should hold whole numbers of samples"
        )
    for value, size, total in zip(classes.values, classes.sizes, array.sum(axis=1), strict=True):
        if total > size:
            raise PartitionError(
                f"distribution_array asks for {total:.0f} samples of label {value}, and there are "
                f"{size}; ask for less, or set rescale"
            )
    return list(array.astype(np.int64))
