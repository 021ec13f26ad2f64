"""The second step of declearn's division: a part of each share is set apart for validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Indices


def split_validation(
    shares: Sequence[Indices], p_valid: float, rng: Generator
) -> list[tuple[Indices, Indices]]:
    """Shuffle each share, and set its first ceil(p_valid m) indices apart for validation.

    With compat "declearn" and the generator that made the shares, these are the files of declearn
    2.9, order included: `split_multi_classif_dataset`, and the command `declearn-split`, whose
    `p_valid` is 1 - 0.8 in floating point.

    Parameters
    ----------
    shares
        The indices of each client.
    p_valid
        The proportion of validation data, from 0 to below 1.
    rng
        The generator that made the shares, in the state after that.

    Returns
    -------
    pairs
        (training, validation) of each client.

    Raises
    ------
    PartitionError
        When `p_valid` is out of range.
    """
    if not 0 <= p_valid < 1:
        raise PartitionError(f"p_valid should be from 0 to below 1, not {p_valid}")
    pairs = []
    for share in shares:
        order = rng.permutation(share.size)
        count = int(np.ceil(share.size * p_valid))
        pairs.append((share[order[count:]], share[order[:count]]))
    return pairs
