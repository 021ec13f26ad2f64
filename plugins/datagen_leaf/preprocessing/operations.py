"""LEAF's preprocessing on row numbers: sample, remove users, split. No data are copied or changed.

Every function takes users and returns new ones, with the picks of LEAF's scripts for the same seed,
which depend on the order of users and on the number of rows of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, log
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
        int64 `(users + 1,)`: user i has the rows `offsets[i]` to `offsets[i + 1]`.
    sample, row
        int64 `(rows,)`: for each row, the index of its sample, and its number in that sample.
    """

    names: list[str]
    offsets: Integers
    sample: Integers
    row: Integers

    @classmethod
    def of_samples(cls, indices: Integers, sizes: Integers) -> Users:
        """Return users with all rows of samples: one per sample, named by the sample's index."""
        offsets = _offsets_of(sizes)
        rows = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
        return cls(list(map(str, indices.tolist())), offsets, np.repeat(indices, sizes), rows)

    @property
    def sizes(self) -> Integers:
        """The number of rows of each user, int64 `(users,)`."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> int:
        """The number of all rows."""
        return int(self.offsets[-1])

    def regroup(self, names: Sequence[str], sizes: Integers, rows: Integers) -> Users:
        """Return users of these sizes that hold `rows`, numbers of rows here, in order."""
        return Users(list(names), _offsets_of(sizes), self.sample[rows], self.row[rows])

    def choose(self, places: Integers) -> Users:
        """Return the users at these places, in this order, with all their rows."""
        sizes = self.sizes[places]
        offsets = _offsets_of(sizes)
        shifts = np.repeat(self.offsets[places] - offsets[:-1], sizes)
        names = [self.names[place] for place in places.tolist()]
        return self.regroup(names, sizes, np.arange(offsets[-1]) + shifts)


class Split(NamedTuple):
    """The two parts of a split, and the number of users with too few rows for both."""

    train: Users
    test: Users
    dropped: int


def _offsets_of(sizes: Integers) -> Integers:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


class PythonRandom:
    """Picks of `random.Random(seed)`, as LEAF uses it: a copy of Python's `shuffle` and `sample`.

    Python promises the same `random()` for a seed in all versions, but not the same picks. With our
    own way from random bits to picks, a seed gives the same picks for ever.
    """

    def __init__(self, seed: int) -> None:
        self._bits: Callable[[int], int] = Random(seed).getrandbits  # noqa: S311 (not a secret)

    def _below(self, stop: int) -> int:
        """Draw from `range(stop)`: as many bits as `stop` has, until their number is below it."""
        bits, size = self._bits, stop.bit_length()
        drawn = bits(size)
        while drawn >= stop:
            drawn = bits(size)
        return drawn

    def shuffle(self, items: list[Any]) -> None:
        """Shuffle a list in place."""
        for last in range(len(items) - 1, 0, -1):
            other = self._below(last + 1)
            items[last], items[other] = items[other], items[last]

    def sample(self, stop: int, count: int) -> list[int]:
        """Draw `count` different numbers from `range(stop)`, and return them in this order."""
        # Python's own rule: a set of the drawn numbers where it takes less memory than a list.
        places = 21 + (4 ** ceil(log(count * 3, 4)) if count > 5 else 0)
        if stop <= places:
            return self._sample_from_list(stop, count)
        return self._sample_into_set(stop, count)

    def _sample_from_list(self, stop: int, count: int) -> list[int]:
        pool = list(range(stop))
        drawn = []
        for left in range(stop, stop - count, -1):
            place = self._below(left)
            drawn.append(pool[place])
            pool[place] = pool[left - 1]
        return drawn

    def _sample_into_set(self, stop: int, count: int) -> list[int]:
        drawn: dict[int, None] = {}  # a set that remembers the order
        while len(drawn) < count:
            drawn[self._below(stop)] = None
        return list(drawn)


def sample_niid(users: Users, fraction: float, seed: int) -> Users:
    """Take users in random order until they have a fraction of all rows.

    The last user is cut to its first rows, in random order.

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

    The number of new users is `user_fraction` of the number of users, at least one. When there are
    more new users than rows, some get no row.

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
        When no user has.
    """
    kept = users.choose(np.flatnonzero(users.sizes >= least))
    if not kept.names:
        most = int(users.sizes.max(initial=0))
        raise PreprocessingError(f"-k {least} leaves no user; the largest one has {most} samples")
    return kept


def split_by_sample(users: Users, fraction: float, seed: int) -> Split:
    """Divide the rows of each user, which keep their order; both parts have the same users.

    A user with fewer than two rows is dropped.

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
        raise PreprocessingError("no user has the two samples that a split by sample needs")
    names = [name for name, keep in zip(users.names, kept.tolist(), strict=True) if keep]
    of_kept = np.repeat(kept, users.sizes)
    train = users.regroup(names, train_sizes[kept], np.flatnonzero(of_kept & in_train))
    test = users.regroup(names, test_sizes[kept], np.flatnonzero(of_kept & ~in_train))
    return Split(train, test, int((~kept).sum()))


def _count_train_rows(size: int, fraction: float) -> int:
    """Return the number of a user's rows for training; 0 for a user with fewer than two rows."""
    if size < 2:
        return 0
    return 1 if size == 2 else max(1, int(fraction * size))


def split_by_user(users: Users, fraction: float, seed: int) -> Split:
    """Divide the users, which keep their order.

    Raises
    ------
    PreprocessingError
        When the fraction is not between 0 and 1, or a part would have no user.
    """
    _check_train_fraction(fraction)
    total = len(users.names)
    count = int(fraction * total)
    if not 0 < count < total:
        raise PreprocessingError(f"--tf {fraction} of {total} users leaves one part without a user")
    in_train = np.zeros(total, np.bool_)
    in_train[PythonRandom(seed).sample(total, count)] = True
    train, test = np.flatnonzero(in_train), np.flatnonzero(~in_train)
    return Split(users.choose(train), users.choose(test), 0)


def _count_rows(users: Users, fraction: float) -> int:
    _check_fraction("--sf", fraction)
    wanted = int(fraction * users.rows)
    if not wanted:
        raise PreprocessingError(f"--sf {fraction} of {users.rows} samples leaves none")
    return wanted


def _check_fraction(option: str, fraction: float) -> None:
    if not 0 < fraction <= 1:
        raise PreprocessingError(f"{option} is above 0 and at most 1, not {fraction}")


def _check_train_fraction(fraction: float) -> None:
    if not 0 < fraction < 1:
        raise PreprocessingError(f"--tf is between 0 and 1, not {fraction}")
