"""Dividing a data set by the name of a scheme, with the promises that all schemes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.biased import describe_renumbering
from datagen_partitions.schemes.catalogue import SCHEMES, Scheme
from datagen_partitions.schemes.custom import request
from datagen_partitions.schemes.dealing import Indices, Labels
from datagen_partitions.schemes.natural_id import name_by_id
from datagen_partitions.schemes.params import PartitionParams
from datagen_partitions.schemes.resolving import resolve

MOST_REDRAWS = 10
"""Further draws when a size is below the least, as in flwr-datasets."""

_MOST_LABELS = 10


class Division(NamedTuple):
    """A data set divided among clients.

    Attributes
    ----------
    shares
        The indices of each client's samples, int64; an index is in one share at most.
    names
        The clients' names, in the same order.
    dropped
        Number of samples that are in no share.
    notes
        Unexpected results of the division, one line each.
    """

    shares: list[Indices]
    names: tuple[str, ...]
    dropped: int
    notes: tuple[str, ...]


def divide(scheme: str, labels: Labels, params: PartitionParams, rng: Generator) -> Division:
    """Divide a data set among clients.

    Parameters
    ----------
    scheme
        A name of `SCHEMES`.
    labels
        The column that the scheme divides by, `(n,)`: classes, ids, or for "continuous" numbers.
        Schemes that look at sizes alone only count them.
    params
        Parameters of the scheme; those that it does not use have their defaults.
    rng
        The source of all randomness: the same state gives the same division.

    Raises
    ------
    PartitionError
        When the data set cannot be divided so, or parameters do not go with the scheme.
    """
    resolved = resolve(scheme, params)
    found = SCHEMES[scheme]
    _check_data(scheme, found, labels, resolved)
    shares, redraws = _draw(scheme, found, labels, resolved, rng)
    if found.is_shuffled and resolved.compat is None:
        shares = [rng.permutation(share) for share in shares]
    names, notes = _describe(scheme, labels, resolved, len(shares))
    dropped = labels.size - sum(share.size for share in shares)
    notes += _note_redraws(scheme, redraws) + _note_empty(names, shares)
    return Division(shares, names, dropped, notes + _note_dropped(labels, shares, dropped))


def _check_data(scheme: str, found: Scheme, labels: Labels, params: PartitionParams) -> None:
    given = len(params.sizes) if params.sizes else params.clients
    clients = given if found.counted_by else 1
    if clients > labels.size:
        message = f"cannot divide {labels.size} samples among {clients} clients; ask for fewer"
        raise PartitionError(message)
    if (params.compat == "original" or scheme == "custom") and labels.dtype.kind not in "iu":
        raise PartitionError(f"{scheme} needs labels that are whole numbers, not {labels.dtype}")


def _draw(
    scheme: str, found: Scheme, labels: Labels, params: PartitionParams, rng: Generator
) -> tuple[list[Indices], int]:
    """Return shares that are large enough, and the number of redraws."""
    least = params.min_samples if params.min_samples is not None else int(params.compat is None)
    redraws = MOST_REDRAWS if found.is_redrawn and params.compat is None else 0
    for again in range(redraws + 1):
        shares = found.divide(labels, params, rng)
        smallest = min(share.size for share in shares)
        if smallest >= least:
            return shares, again
    advice = f"change {found.principal}, " if found.principal else ""
    raise PartitionError(
        f"{scheme}: the smallest share has {smallest} samples, fewer than min_samples {least}"
        f"{f', also after {redraws} redraws' if redraws else ''}; {advice}ask for fewer clients, "
        f"or allow it with min_samples {smallest}"
    )


def _describe(
    scheme: str, labels: Labels, params: PartitionParams, clients: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if scheme == "custom":
        asked = request(labels, params)
        return asked.names, asked.notes
    if scheme == "natural_id":
        return name_by_id(labels), ()
    names = tuple(f"client_{i + 1}" for i in range(clients))
    return names, describe_renumbering(labels) if scheme == "biased" else ()


def _note_redraws(scheme: str, redraws: int) -> tuple[str, ...]:
    times = "once" if redraws == 1 else f"{redraws} times"
    return (f"{scheme}: drawn again {times}, for the least size of a share",) if redraws else ()


def _note_empty(names: tuple[str, ...], shares: list[Indices]) -> tuple[str, ...]:
    empty = [name for name, share in zip(names, shares, strict=True) if not share.size]
    return (f"without samples: {_enumerate(empty)}",) if empty else ()


def _note_dropped(labels: Labels, shares: list[Indices], dropped: int) -> tuple[str, ...]:
    if not dropped:
        return ()
    notes = [f"{dropped} of {labels.size} samples are in no share"]
    lost = np.setdiff1d(labels, labels[np.concatenate(shares)])
    if lost.size:
        notes.append(f"no share has a sample of: {_enumerate(list(map(str, lost)))}")
    return tuple(notes)


def _enumerate(things: list[str]) -> str:
    rest = len(things) - _MOST_LABELS
    return ", ".join(things[:_MOST_LABELS]) + (f" and {rest} more" if rest > 0 else "")


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
