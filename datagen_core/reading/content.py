"""The content of samples as a digest: their values, order and schema, however they are stored.

The digest is the SHA-256 of the canonical JSON (sorted keys, no spaces, ASCII) of an object with
`content`, the version of these rules; `samples`, their number; and `fields`, a list in the order of
the schema. A field has its `name`, `dtype`, `shape`, `ragged`, and the SHA-256 of these bytes,
which are those of all samples in their order, without anything in between:

`values`
    The values, little-endian and without padding; datetime64 and timedelta64 as int64; text and
    bytes, each one's bytes, text in UTF-8.
`lengths`
    Only of a ragged field: the length of each sample's array, as int64.
`sizes`
    Only of text and bytes: the number of bytes of each one, as int64.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.lib.format import dtype_to_descr
from numpy.typing import NDArray

from datagen_core.generators.identity import plain
from datagen_core.generators.padding import used_bytes
from datagen_core.generators.schema import Columns, Field, Ragged, Schema

_VERSION = 1

Pieces = Iterable[tuple[str, str, NDArray[Any]]]
"""Parts of a field's arrays, in order: its name, "values" or "lengths", and some of them."""


def describe_content(schema: Schema, samples: int, pieces: Pieces) -> dict[str, Any]:
    """Return the object of which the digest of some samples is the SHA-256, in plain JSON types."""
    states: defaultdict[tuple[str, str], Any] = defaultdict(hashlib.sha256)
    for name, kind, array in pieces:
        for part, content in _bytes_of(kind, array):
            states[name, part].update(content)
    fields = []
    for name, field in schema.fields.items():
        digests = {kind: states[name, kind].hexdigest() for kind in _kinds(field)}
        fields.append({"name": name, **_describe(field), **digests})
    return {"content": _VERSION, "samples": samples, "fields": fields}


def _kinds(field: Field) -> Iterator[str]:
    yield "values"
    if field.ragged:
        yield "lengths"
    if field.element:
        yield "sizes"


def _describe(field: Field) -> dict[str, Any]:
    dtype = field.element.__name__ if field.element else dtype_to_descr(_packed(field.dtype))
    return {"dtype": plain(dtype), "shape": list(field.shape), "ragged": field.ragged}


def cut_columns(columns: Columns) -> Pieces:
    """Yield columns in memory as pieces."""
    for name, column in columns.items():
        if isinstance(column, Ragged):
            yield name, "lengths", column.lengths
            yield name, "values", column.rows()
        else:
            yield name, "values", column


def _bytes_of(kind: str, array: NDArray[Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a piece adds to which digests of its field."""
    if array.dtype == object:
        texts = [each.encode() if isinstance(each, str) else each for each in array]
        yield "sizes", np.array(list(map(len, texts)), "<i8").data
        yield kind, b"".join(texts)
    else:
        yield kind, _plain_bytes(array)


def _plain_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    flat: NDArray[np.uint8] = np.ascontiguousarray(little).reshape(-1).view(np.uint8)
    used = used_bytes(array.dtype)
    if used is None:
        return flat
    return np.ascontiguousarray(flat.reshape(-1, array.dtype.itemsize)[:, used])


def _packed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype as it would be without padding, little-endian."""
    from numpy.lib.recfunctions import repack_fields  # slow, and only records have padding

    packed = repack_fields(dtype, recurse=True) if dtype.names else dtype
    return packed.newbyteorder("<")
