"""Labels by turns, in proportions or counts that are given: the split of FedProx."""

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
    """Give client i the labels i, i + 1, ..., i + k - 1, in proportions that an array says.

    Li et al. 2020 (FedProx, arXiv:1812.06127), appendix C, and flwr-datasets'
    DistributionPartitioner. Row c of the array belongs to the c-th label; its entries go to the
    clients that hold the label, in the order of clients. With `rescale` a row is proportions, each
    client gets `preassigned_samples` beforehand, and all samples are dealt; else it is counts.

    Parameters
    ----------
    labels
        Classes, `(n,)`.
    params
        `clients`, a multiple of the number of labels; `labels_per_client`, k;
        `distribution_array`, one row for each label and k x clients / labels numbers in each;
        `preassigned_samples`, `rescale`.
    rng
        Where all randomness comes from.

    Raises
    ------
    PartitionError
        When the array has another shape, or asks for more than there is.
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
        message = f"clients is a multiple of the number of labels, {rows}, not {params.clients}"
        raise PartitionError(message)
    shape = (rows, held * params.clients // rows)
    given = params.distribution_array or ()
    if len(given) != shape[0] or {len(row) for row in given} != {shape[1]}:
        message = f"distribution_array has {shape[0]} rows, a label each, of {shape[1]} numbers"
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
            message = (
                f"label {value} has {size} samples, too few for {first} preassigned to each of "
                f"{len(row)} clients; ask for fewer preassigned_samples"
            )
            raise PartitionError(message)
        if not row.any():
            message = f"the row of label {value} in distribution_array has nothing but zeros"
            raise PartitionError(message)
        wanted.append(first + apportion(rest, row, rng))
    return wanted


def _take(array: Floats, classes: Classes) -> list[Indices]:
    if (array % 1).any():
        message = "without rescale, distribution_array has whole numbers of samples"
        raise PartitionError(message)
    for value, size, total in zip(classes.values, classes.sizes, array.sum(axis=1), strict=True):
        if total > size:
            message = (
                f"distribution_array asks for {total:.0f} samples of label {value}, and there are "
                f"{size}; ask for less, or set rescale"
            )
            raise PartitionError(message)
    return list(array.astype(np.int64))
