"""The number of samples of each label, said for each client."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.dealing import Classes, Indices, Labels, deal, group_by_value
from datagen_partitions.schemes.params import PartitionParams

EXTRA = 100
"""Samples of each label that a client gets for which `distribution` says nothing."""

Wanted = dict[str, dict[int, int]]


class Requests(NamedTuple):
    """What `custom` deals out.

    Attributes
    ----------
    names
        The clients, in the order in which they are served.
    counts
        int64 `(clients, C)`, samples of each label.
    notes
        What differs from `distribution`, a line each.
    """

    names: tuple[str, ...]
    counts: Indices
    notes: tuple[str, ...]


def divide_as_asked(labels: Labels, params: PartitionParams, rng: Generator) -> list[Indices]:
    """Give each client the samples of each label that `distribution` says; the rest is left out.

    Clients are served in the natural order of their names, client_2 before client_10: the identity
    of a parameter set knows no order of a mapping. With fewer names than `clients`, further clients
    get 100 samples of each label; with more, the first ones in that order are kept. With
    `on_shortage` "clip" a client gets what is left of a label, and no label that does not exist.
    With compat "original" it is so too, the first ones are those of the lexicographic order, and
    further clients get labels 0 to 9.

    Parameters
    ----------
    labels
        Classes, int64 `(n,)`.
    params
        `clients`, `distribution`, `on_shortage`.
    rng
        Where all randomness comes from.

    Raises
    ------
    PartitionError
        When it asks for more than there is.
    """
    classes = _pools(labels, params)
    return deal(classes.members, request(labels, params).counts, rng)


def request(labels: Labels, params: PartitionParams) -> Requests:
    """Return what each client gets, as far as it is there; nothing is drawn for that."""
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
    """Return the classes; the original also has those that no sample belongs to."""
    if params.compat is None:
        return group_by_value(labels)
    values = np.arange(int(np.max(labels)) + 1)
    return Classes(values, [np.flatnonzero(labels == value) for value in values])


def _adjust(params: PartitionParams, classes: Classes) -> tuple[Wanted, list[str]]:
    """Return as many requests as there are clients, in natural order, and what was done for it."""
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
    """Return `count` names client_i that nobody has; i starts behind the number of those given."""
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
