"""Given numbers of samples per client and label."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Classes, Indices, Labels, deal, group_by_value
from datagen_partitions.schemes.params import PartitionParams

EXTRA = 100
"""Samples of each label for a client that `distribution` does not name."""

Wanted = dict[str, dict[int, int]]


class Requests(NamedTuple):
    """The samples that `custom` deals out.

    Attributes
    ----------
    names
        The clients, in the order of dealing.
    counts
        int64 `(clients, C)`, numbers of samples of each label.
    notes
        Differences from `distribution`, one line each.
    """

    names: tuple[str, ...]
    counts: Indices
    notes: tuple[str, ...]


def divide_as_asked(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Give each client its numbers of samples in `distribution`; the rest is left out.

    Clients are served in the natural order of their names, client_2 before client_10: the identity
    of a parameter set knows no order of a mapping. With fewer names than `clients`, further clients
    get 100 samples of each label; with more, the first ones in that order are kept. With
    `on_shortage` "clip" a client gets the samples that are left of a label, and labels that do not
    exist are passed over. With compat "original" shortages are clipped too, the first clients are
    those of the lexicographic order, and further clients get labels 0 to 9.

    Parameters
    ----------
    labels
        Classes, int64 `(n,)`.
    params
        `clients`, `distribution`, `on_shortage`.

    Raises
    ------
    PartitionError
        When `distribution` asks for more samples than there are.
    """
    classes = _pools(labels, params)
    return deal(classes.members, request(labels, params).counts, rng)


def request(labels: Labels, params: PartitionParams) -> Requests:
    """Return the samples that each client gets, without drawing any."""
    classes = _pools(labels, params)
    wanted, notes = _adjust(params, classes)
    asked = np.array(
        [[mine.get(int(value), 0) for value in classes.values] for mine in wanted.values()]
    )
    short = [*_find_unknown(wanted, classes), *_find_shortage(asked, classes)]
    if short and params.on_shortage == "error" and params.compat is None:
        raise PartitionError(f"{short[0]}; ask for less, or set on_shortage to clip")
    served = np.minimum(np.cumsum(asked, axis=0), classes.sizes)
    counts = np.diff(served, axis=0, prepend=0)
    return Requests(tuple(wanted), counts, (*notes, *short))


def _pools(labels: Labels, params: PartitionParams) -> Classes:
    """Return the classes; the original also counts classes without samples."""
    if params.compat is None:
        return group_by_value(labels)
    values = np.arange(int(np.max(labels)) + 1)
    return Classes(values, [np.flatnonzero(labels == value) for value in values])


def _adjust(params: PartitionParams, classes: Classes) -> tuple[Wanted, list[str]]:
    """Return one request per client, in natural order, and notes on requests added or left out."""
    given = params.distribution or {}
    names = sorted(given, key=_natural)
    if len(names) > params.clients:
        kept = (names if params.compat is None else sorted(given))[: params.clients]
        note = f"custom: {len(names)} clients are given, and the first {len(kept)} are kept"
        return {name: given[name] for name in kept}, [note]
    extra = _extra_names(set(names), params.clients - len(names))
    values = classes.values.tolist() if params.compat is None else range(10)
    wanted = {name: given[name] for name in names}
    wanted |= {name: dict.fromkeys(values, EXTRA) for name in extra}
    note = f"custom: {', '.join(extra)} added, with {EXTRA} samples of each label"
    return wanted, [note] if extra else []


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sorting key by which client_2 comes before client_10."""
    parts = re.split(r"(\d+)", name)
    return [(1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts]


def _extra_names(taken: set[str], count: int) -> list[str]:
    """Return `count` new names client_i; i starts after the number of names given."""
    candidates = (f"client_{len(taken) + 1 + i}" for i in range(count + len(taken)))
    return [name for name in candidates if name not in taken][:count]


def _find_unknown(wanted: Wanted, classes: Classes) -> list[str]:
    known = set(classes.values.tolist())
    asking: dict[int, list[str]] = {}
    for name, mine in wanted.items():
        for label in [label for label, count in mine.items() if count and label not in known]:
            asking.setdefault(label, []).append(name)
    return [
        f"custom: there is no label {label}, which {names[0]} asks for"
        f"{f', and {len(names) - 1} more' if names[1:] else ''}"
        for label, names in sorted(asking.items())
    ]


def _find_shortage(asked: Indices, classes: Classes) -> list[str]:
    return [
        f"custom: {total} samples of label {value} are asked for, and there are {size}"
        for value, total, size in zip(classes.values, asked.sum(axis=0), classes.sizes, strict=True)
        if total > size
    ]
