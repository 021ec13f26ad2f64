"""A look at some samples of many: what each field holds, in bounded time and memory.

Samples at a few places are read, the same ones each time, and fewer of those that are large.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import DatagenError, count_of, in_one_line, shorten
from datagen_core.generators.schema import Column, Columns, Field, Ragged, Schema, bytes_of
from datagen_core.pages.images import find_image_layout, make_thumbnail
from datagen_core.reading.distributions import Distribution, describe_values

_PLACES, _RUN = 16, 128
_MOST_BYTES = 2**22
"""At one place; a single sample may be larger."""

_MOST_VALUES = 2**13
"""Of a field at one place; of more values, every second, third... counts."""

_SHOWN, _LONGEST, _THUMBNAILS = 5, 40, 16
_FIRST = 3  # values of an array


class Readable(Protocol):
    """Samples, as far as they are looked at."""

    schema: Schema

    def __len__(self) -> int: ...

    def take(self, positions: NDArray[np.int64]) -> Any:
        """Return the samples at some positions."""
        ...

    def indices_at(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return their indices."""
        ...


@dataclass(frozen=True)
class Thumbnail:
    """An image of a sample, as a PNG file, and whose it is."""

    png: bytes
    description: str


class FieldLook:
    """What a field holds in the samples that are looked at.

    Attributes
    ----------
    name, field
        The field.
    thumbnails
        Some of its images, if it holds images.
    """

    def __init__(self, name: str, field: Field) -> None:
        self.name, self.field = name, field
        self.thumbnails: list[Thumbnail] = []
        self.layout = find_image_layout(field.dtype, field.shape, ragged=field.ragged)
        self._lengths: list[NDArray[np.int64]] = []
        self._values: dict[str, list[NDArray[Any]]] = {}

    def add(self, column: Column, indices: NDArray[np.int64]) -> None:
        """Take in consecutive samples; the column is not kept."""
        if isinstance(column, Ragged):
            self._lengths.append(column.lengths)
        self._add_thumbnails(column, indices)
        rows = column.rows() if isinstance(column, Ragged) else column
        names = rows.dtype.names
        for name, values in {each: rows[each] for each in names}.items() if names else [("", rows)]:
            flat = values.reshape(-1)
            some = flat[:: -(-len(flat) // _MOST_VALUES) or 1]
            self._values.setdefault(name, []).append(some.copy())

    def _add_thumbnails(self, column: Column, indices: NDArray[np.int64]) -> None:
        if self.layout is None:
            return
        for place, value in zip(indices.tolist(), column, strict=True):
            images = value if self.layout.is_many else value[np.newaxis]
            for row, image in enumerate(images[:4]):
                if len(self.thumbnails) == _THUMBNAILS:
                    return
                which = f", image {row}" if self.layout.is_many else ""
                png = make_thumbnail(image, self.layout.channels)
                self.thumbnails.append(Thumbnail(png, f"{self.name} of sample {place}{which}"))

    @property
    def is_record(self) -> bool:
        """Whether its values have members."""
        return self.field.dtype.names is not None

    @property
    def members(self) -> dict[str, Distribution]:
        """The distribution of its values by "", or of each member of a record by its name."""
        return {
            name: describe_values(np.concatenate(parts)) for name, parts in self._values.items()
        }

    @property
    def lengths(self) -> str:
        """How many rows samples have, in words; empty for a field of fixed shape."""
        if not self._lengths:
            return ""
        lengths = np.concatenate(self._lengths)
        low, high = int(lengths.min()), int(lengths.max())
        return f"{count_of(low, 'row')} each" if low == high else f"{low:,} to {high:,} rows"


@dataclass
class Look:
    """What samples hold.

    Attributes
    ----------
    samples, seen
        How many there are, and how many were looked at.
    fields
        The fields.
    first
        The first few samples: their indices, and what their fields hold in words.
    problems
        Why samples at some places could not be read.
    """

    samples: int
    seen: int = 0
    fields: list[FieldLook] = field(default_factory=list)
    first: list[tuple[int, list[str]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def extent(self) -> str:
        """How many samples this is about, in words."""
        if self.seen < self.samples:
            return f"{self.seen:,} of {self.samples:,} samples, from places all over the set"
        return f"all {self.seen:,} samples" if self.seen != 1 else "the only sample"

    def add(self, columns: Columns, indices: NDArray[np.int64]) -> None:
        """Take in consecutive samples."""
        self.seen += len(indices)
        for each in self.fields:
            each.add(columns[each.name], indices)
        for place, index in enumerate(indices[: _SHOWN - len(self.first)].tolist()):
            words = [describe_value(columns[each.name][place]) for each in self.fields]
            self.first.append((index, words))


def look_at(samples: Readable, places: int = _PLACES, run: int = _RUN) -> Look:
    """Return what samples hold at some places, the first of which is the beginning.

    Parameters
    ----------
    places, run
        The most places, and the most samples that are read at each.
    """
    fields = [FieldLook(name, each) for name, each in samples.schema.fields.items()]
    look = Look(len(samples), fields=fields)
    for start, stop in _choose_places(len(samples), places, run):
        reader = copy.copy(samples)  # it closes its files when it goes
        try:
            for positions, columns in _read_place(reader, start, stop):
                look.add(columns, samples.indices_at(positions))
        except (DatagenError, OSError) as error:
            look.problems.append(in_one_line(error))
    return look


def _choose_places(size: int, places: int, run: int) -> list[tuple[int, int]]:
    """Return ranges of positions: all if they are few, else the first and others at random."""
    if size <= places * run:
        run = max(-(-size // places), 1)
        return [(start, min(start + run, size)) for start in range(0, size, run)]
    others = np.random.default_rng(0).choice(size // run - 1, places - 1, replace=False) + 1
    return [(place * run, (place + 1) * run) for place in (0, *sorted(others.tolist()))]


def _read_place(
    reader: Readable, start: int, stop: int
) -> Iterator[tuple[NDArray[np.int64], Columns]]:
    """Yield positions and columns, one sample and then more, until they are too many bytes."""
    left, step = _MOST_BYTES, 1
    while start < stop and left > 0:
        positions = np.arange(start, min(start + step, stop))
        columns = reader.schema.by_field(reader.take(positions))
        size = bytes_of(columns)
        yield positions, columns
        start, left = start + len(positions), left - size
        step = max(left * len(positions) // (2 * size + 1), 1)


def describe_value(value: Any) -> str:
    """Return a value of a field in a few words: itself, or how an array begins, and its shape."""
    array = np.asarray(value)
    shape = " x ".join(map(str, array.shape))
    if array.dtype.names:
        members = (f"{name}: {describe_value(array[name])}" for name in array.dtype.names)
        return f"{shape} records" if shape else shorten("; ".join(members), _LONGEST)
    if not array.ndim:
        return _describe_number(array) if array.dtype.kind in "fc" else _describe_one(value)
    some = array.reshape(-1)[:_FIRST]
    words = [_describe_number(each) if array.dtype.kind in "fc" else _describe_one(each)
             for each in some]  # fmt: skip
    more = f", … ({shape})" if array.size > _FIRST else ""
    return f"{', '.join(words)}{more}" if words else f"none ({shape})"


def _describe_number(value: Any) -> str:
    return f"{value[()]:.4g}"


def _describe_one(value: Any) -> str:
    return shorten(repr(value) if isinstance(value, bytes) else str(value), _LONGEST)
