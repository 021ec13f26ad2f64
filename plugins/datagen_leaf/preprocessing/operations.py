"""LEAF's preprocessing on row numbers: sample, remove users, split. Nothing is copied or changed.

Every function takes users and returns new ones, with the picks that LEAF's scripts make for the
same seed: they follow from the order of users and from how many rows each of them has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_leaf.compat.python_random import PythonRandom
from datagen_leaf.errors import PreprocessingError

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Users:
    """Users and where their rows are.

    Attributes
    ----------
    names
        Their names.
    offsets
        int64 `(users + 1,)`: user i has the rows `offsets[i]` to `offsets[i + 1]` of these:
    sample, row
        int64 `(rows,)`: the index of a sample, and the number of a row in it.
    """

    names: list[str]
    offsets: Integers
    sample: Integers
    row: Integers

    @classmethod
    def of_samples(cls, indices: Integers, sizes: Integers) -> Users:
        """Return all rows of samples, each of which is a user with its index for a name."""
        offsets = _offsets_of(sizes)
        rows = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
        return cls(list(map(str, indices.tolist())), offsets, np.repeat(indices, sizes), rows)

    @property
    def sizes(self) -> Integers:
        """How many rows each user has, int64 `(users,)`."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.offsets[-1])

    def regroup(self, names: Sequence[str], sizes: Integers, rows: Integers) -> Users:
        """Return users of these sizes that share out `rows`, numbers of our rows, in order."""
        return Users(list(names), _offsets_of(sizes), self.sample[rows], self.row[rows])

    def choose(self, places: Integers) -> Users:
        """Return the users at these places, in that order, with all their rows."""
        sizes = self.sizes[places]
        offsets = _offsets_of(sizes)
        shifts = np.repeat(self.offsets[places] - offsets[:-1], sizes)
        names = [self.names[place] for place in places.tolist()]
        return self.regroup(names, sizes, np.arange(offsets[-1]) + shifts)


class Split(NamedTuple):
    """The two sides of a split, and how many users have too few rows for both."""

    train: Users
    test: Users
    dropped: int


def _offsets_of(sizes: Integers) -> Integers:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def sample_niid(users: Users, fraction: float, seed: int) -> Users:
    """Take users in random order until they have a fraction of all rows.

    The last user is cut: of it, the first rows are taken, in random order.

    Raises
    ------
    PreprocessingError
        When the fraction is not above 0 and at most 1, or leaves no row.
    """
    wanted = _count_rows(users, fraction)
    random = PythonRandom(seed)
    places = list(range(len(users.names)))
    random.shuffle(places)
    order = np.array(places, np.int64)
    ends = np.cumsum(users.sizes[order])
    taken = users.choose(order[: np.searchsorted(ends, wanted) + 1])
    if taken.rows == wanted:
        return taken
    cut = int(taken.offsets[-2])
    last = cut + np.array(random.sample(wanted - cut, wanted - cut), np.int64)
    sizes = np.append(taken.sizes[:-1], wanted - cut)
    return taken.regroup(taken.names, sizes, np.concatenate([np.arange(cut), last]))


def sample_iid(users: Users, fraction: float, user_fraction: float, seed: int) -> Users:
    """Draw a fraction of all rows and deal them out evenly to new users, `0`, `1` and so on.

    There are a fraction of the number of users, at least one. Users may get no row when there are
    more of them than rows.

    Raises
    ------
    PreprocessingError
        When a fraction is not above 0 and at most 1, or leaves no row.
    """
    wanted = _count_rows(users, fraction)
    _check_fraction("--iu", user_fraction)
    count = max(1, round(user_fraction * len(users.names)))
    drawn = np.array(PythonRandom(seed).sample(users.rows, wanted), np.int64)
    small, larger = divmod(wanted, count)
    sizes = np.repeat(np.array([small, small + 1], np.int64), [count - larger, larger])
    return users.regroup(list(map(str, range(count))), sizes, drawn)


def remove_users(users: Users, least: int) -> Users:
    """Keep the users that have at least `least` rows.

    Raises
    ------
    PreprocessingError
        When there is none.
    """
    kept = users.choose(np.flatnonzero(users.sizes >= least))
    if not kept.names:
        most = int(users.sizes.max(initial=0))
        message = f"-k {least} leaves no user; the largest one has {most} samples"
        raise PreprocessingError(message)
    return kept


def split_by_sample(users: Users, fraction: float, seed: int) -> Split:
    """Divide the rows of each user, which keep their order; both sides have the same users.

    A user that cannot have a row on each side, since it has only one, is dropped.

    Raises
    ------
    PreprocessingError
        When the fraction is not between 0 and 1, or no user is left.
    """
    _check_train_fraction(fraction)
    random = PythonRandom(seed)
    counts = [_count_train_rows(size, fraction) for size in users.sizes.tolist()]
    in_train = np.zeros(users.rows, np.bool_)
    for count, (start, stop) in zip(counts, pairwise(users.offsets.tolist()), strict=True):
        if count:
            in_train[[start + place for place in random.sample(stop - start, count)]] = True
    train_sizes = np.array(counts, np.int64)
    test_sizes = users.sizes - train_sizes
    kept = (train_sizes > 0) & (test_sizes > 0)
    if not kept.any():
        message = "no user has the two samples that a split by sample needs"
        raise PreprocessingError(message)
    names = [name for name, keep in zip(users.names, kept.tolist(), strict=True) if keep]
    of_kept = np.repeat(kept, users.sizes)
    train = users.regroup(names, train_sizes[kept], np.flatnonzero(of_kept & in_train))
    test = users.regroup(names, test_sizes[kept], np.flatnonzero(of_kept & ~in_train))
    return Split(train, test, int((~kept).sum()))


def _count_train_rows(size: int, fraction: float) -> int:
    """Return how many of a user's rows are for training; 0 for a user without two rows."""
    if size < 2:
        return 0
    return 1 if size == 2 else max(1, int(fraction * size))


def split_by_user(users: Users, fraction: float, seed: int) -> Split:
    """Divide the users, which keep their order.

    Raises
    ------
    PreprocessingError
        When the fraction is not between 0 and 1, or one side would have no user.
    """
    _check_train_fraction(fraction)
    total = len(users.names)
    count = int(fraction * total)
    if not 0 < count < total:
        message = f"--tf {fraction} of {total} users leaves one side without a user"
        raise PreprocessingError(message)
    in_train = np.zeros(total, np.bool_)
    in_train[PythonRandom(seed).sample(total, count)] = True
    train, test = np.flatnonzero(in_train), np.flatnonzero(~in_train)
    return Split(users.choose(train), users.choose(test), 0)


def _count_rows(users: Users, fraction: float) -> int:
    _check_fraction("--sf", fraction)
    wanted = int(fraction * users.rows)
    if not wanted:
        message = f"--sf {fraction} of {users.rows} samples leaves none"
        raise PreprocessingError(message)
    return wanted


def _check_fraction(option: str, fraction: float) -> None:
    if not 0 < fraction <= 1:
        message = f"{option} is above 0 and at most 1, not {fraction}"
        raise PreprocessingError(message)


def _check_train_fraction(fraction: float) -> None:
    if not 0 < fraction < 1:
        message = f"--tf is between 0 and 1, not {fraction}"
        raise PreprocessingError(message)
