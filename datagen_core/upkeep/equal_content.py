"""Equal content in different splits: samples that a model has seen and is then tested with.

Each sample is known by 128 bits: its own bytes where they are that few, else their BLAKE2b hash. Of
each content and split, only the first sample is kept, and of very many contents only a part at a
time, so that memory does not depend on how many samples there are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from datagen_core.edges import contains
from datagen_core.generators.schema import Columns, Ragged, Schema, without_measured
from datagen_core.ranges import IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.reading.samples import Samples
from datagen_core.store.assignments import RAW, Ledger

Report: TypeAlias = Callable[[int, int], None]
"""Called with how many samples were compared so far, and of how many."""

_SEEN = np.dtype([("low", "<u8"), ("high", "<u8"), ("split", "<i4"), ("index", "<i8")])
_MOST_SEEN = 2**22
_PIECE_BYTES = 2**24
_MOST_AT_ONCE = 2**16


class EqualContent(NamedTuple):
    """Contents that samples of two splits have.

    Attributes
    ----------
    splits
        The names of the two.
    contents
        How many different contents both have.
    samples
        A sample of each, of equal content: the first ones.
    """

    splits: tuple[str, str]
    contents: int
    samples: tuple[int, int]

    def __str__(self) -> str:
        """Say so in a line."""
        one, other = self.splits
        what = "1 content is" if self.contents == 1 else f"{self.contents} contents are"
        first, second = self.samples
        return f"{what} in {one} and in {other}, such as that of samples {first} and {second}"


def find_equal_content(param_set: ParamSet, ledger: Ledger, report: Report) -> list[EqualContent]:
    """Return which splits, `raw` too, have samples of equal content; measurements do not count.

    Excluded samples are left out.

    Raises
    ------
    CacheError
        If a sample cannot be read.
    """
    names = [RAW, *ledger.splits]
    samples = param_set.samples if param_set.existing else None
    if samples is None or len(names) == 1:
        return []
    splits = [IntervalSet(parts).edges for parts in ledger.splits.values()]
    rounds = -(-len(samples) // _MOST_SEEN)
    found: dict[tuple[str, str], EqualContent] = {}
    for number in range(rounds):
        seen = _look(samples, splits, (number, rounds), report)
        for each in _pair(seen, names):
            before = found.get(each.splits, EqualContent(each.splits, 0, each.samples))
            first = min(before.samples, each.samples)
            found[each.splits] = EqualContent(each.splits, before.contents + each.contents, first)
    return list(found.values())


def _look(
    samples: Samples, splits: list[NDArray[np.int64]], part: tuple[int, int], report: Report
) -> NDArray[np.void]:
    """Return the first sample of each content and split, of one of several parts of the contents.

    Samples are looked at in the order of their indices.
    """
    number, rounds = part
    kept, waiting = [np.empty(0, _SEEN)], 0
    for done, indices, keys in _read_keys(samples):
        seen = np.empty(len(indices), _SEEN)
        seen["low"], seen["high"] = keys.T
        seen["split"], seen["index"] = 0, indices
        for place, edges in enumerate(splits, 1):
            seen["split"][contains(edges, indices)] = place
        mixed = seen["high"] ^ seen["low"] ^ (seen["low"] >> np.uint64(32))
        kept.append(seen[mixed % np.uint64(rounds) == number] if rounds > 1 else seen)
        waiting += len(kept[-1])
        if waiting > _MOST_SEEN:
            kept, waiting = [_first_ones(np.concatenate(kept))], 0
        report(number * len(samples) + done, rounds * len(samples))
    return _first_ones(np.concatenate(kept))


def _first_ones(seen: NDArray[np.void]) -> NDArray[np.void]:
    """Return the first of what has the same content and split, sorted by content, then split."""
    keys = [seen[key] for key in ("split", "low", "high")]
    order = np.lexsort(keys)
    new = np.zeros(len(seen), bool)
    for key in keys:
        new[1:] |= key[order[1:]] != key[order[:-1]]
    new[:1] = True
    return seen[order[new]]


def _pair(seen: NDArray[np.void], names: list[str]) -> Iterator[EqualContent]:
    """Yield the pairs of splits that have contents in common; `seen` is sorted by content."""
    new = np.ones(len(seen), bool)
    new[1:] = (seen["low"][1:] != seen["low"][:-1]) | (seen["high"][1:] != seen["high"][:-1])
    contents = np.cumsum(new)
    shared = np.bincount(contents, minlength=1)[contents] > 1
    seen, contents = seen[shared], contents[shared]
    for one, other in combinations(range(len(names)), 2):
        left, right = (np.flatnonzero(seen["split"] == place) for place in (one, other))
        both, mine, theirs = np.intersect1d(
            contents[left], contents[right], assume_unique=True, return_indices=True
        )
        if len(both):
            pairs = (seen["index"][left[mine]], seen["index"][right[theirs]])
            first = int(np.argmin(pairs[0]))
            samples = (int(pairs[0][first]), int(pairs[1][first]))
            yield EqualContent((names[one], names[other]), len(both), samples)


def _read_keys(
    samples: Samples,
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.uint64]]]:
    """Yield how many samples were read, and the indices and keys of the last ones."""
    step, start = 1024, 0
    while start < len(samples):
        positions = np.arange(start, min(start + step, len(samples)), dtype=np.int64)
        columns = without_measured(samples._take(positions), samples.schema)  # noqa: SLF001 (no form)
        start += len(positions)
        yield start, samples.indices_at(positions), _keys_of(columns, samples.schema)
        size = sum(_size_of(column) for column in columns.values())
        step = max(1, min(_MOST_AT_ONCE, _PIECE_BYTES * len(positions) // max(1, size)))


def _size_of(column: Any) -> int:
    array = column.values if isinstance(column, Ragged) else column
    return 64 * array.size if array.dtype == object else int(array.nbytes)


def _keys_of(columns: Columns, schema: Schema) -> NDArray[np.uint64]:
    """Return 128 bits that tell samples apart, uint64 `(samples, 2)`."""
    count = len(next(iter(columns.values())))
    if any(field.ragged or field.element for field in schema.fields.values()):
        digests = b"".join(_hash(columns, place) for place in range(count))
    else:
        rows = np.concatenate([_bytes_of(column, count) for column in columns.values()], axis=1)
        if rows.shape[1] <= 16:
            padded = np.zeros((count, 16), np.uint8)
            padded[:, : rows.shape[1]] = rows
            return padded.view("<u8")
        size, view = rows.shape[1], memoryview(rows.tobytes())
        pieces = (view[start : start + size] for start in range(0, count * size, size))
        digests = b"".join(hashlib.blake2b(piece, digest_size=16).digest() for piece in pieces)
    return np.frombuffer(digests, "<u8").reshape(count, 2)


def _bytes_of(column: Any, count: int) -> NDArray[np.uint8]:
    array = np.ascontiguousarray(column).reshape(count, math.prod(column.shape[1:]))
    return array.view(np.uint8)


def _hash(columns: Columns, place: int) -> bytes:
    state = hashlib.blake2b(digest_size=16)
    for column in columns.values():
        value = np.asarray(column[place])
        if value.dtype == object:
            for each in value.flat:
                content = each.encode() if isinstance(each, str) else each
                state.update(len(content).to_bytes(8, "little") + content)
        else:
            state.update(len(column[place]).to_bytes(8, "little") if value.ndim else b"")
            state.update(np.ascontiguousarray(value).tobytes())
    return state.digest()
