"""Hypothesis strategies: index ranges, fields and schemas, samples of a schema, parameters."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from datagen_core import Field, Ragged, Schema
from datagen_core.ranges import Interval, IntervalSet

indices = st.integers(0, 200)
pairs = st.tuples(indices, indices)
interval_sets = st.lists(pairs, max_size=8).map(IntervalSet)
intervals = st.builds(lambda start, size: Interval(start, start + size), indices, indices)
batch_sizes = st.integers(1, 13)

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
dotted_names = names | st.tuples(names, names).map(".".join)

json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
json_values = st.recursive(
    json_scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
json_objects = st.dictionaries(names, json_values, max_size=4)

_plain_dtypes = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(endianness="="),
    npst.unsigned_integer_dtypes(endianness="="),
    npst.floating_dtypes(endianness="=", sizes=(16, 32, 64)),
    npst.complex_number_dtypes(endianness="=", sizes=(64, 128)),
    st.sampled_from(["M8[us]", "M8[D]", "m8[25s]"]).map(np.dtype),
)
_records = st.dictionaries(
    st.from_regex(r"[a-z]{1,4}", fullmatch=True),
    st.tuples(_plain_dtypes, st.sampled_from([(), (2,), (2, 3)])),
    min_size=1,
    max_size=3,
).map(lambda parts: np.dtype([(name, dtype, shape) for name, (dtype, shape) in parts.items()]))
_shapes = st.lists(st.integers(0, 3), max_size=2).map(tuple)

fixed_fields = st.builds(Field, _plain_dtypes | _records, _shapes)
ragged_fields = st.builds(lambda dtype, shape: Field(dtype, shape, ragged=True),
                          _plain_dtypes | _records, _shapes)  # fmt: skip
text_fields = st.booleans().map(lambda ragged: Field(str, ragged=ragged))
bytes_fields = st.booleans().map(lambda ragged: Field(bytes, ragged=ragged))
fields = fixed_fields | ragged_fields | text_fields | bytes_fields
schemas = st.dictionaries(dotted_names, fields, min_size=1, max_size=4).map(Schema)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)


def arrays_of(field: Field, rows: int) -> st.SearchStrategy[np.ndarray]:
    """Draw an array `(rows, *shape)` of a field's values."""
    if field.element:
        elements = texts if field.is_text else st.binary(max_size=5)
        return st.lists(elements, min_size=rows, max_size=rows).map(_as_objects)
    # Random bytes would be no booleans; random integers are bytes of anything else.
    return st.integers(0, 2**32).map(lambda seed: _random_array(field, rows, seed))


def _as_objects(values: list[str] | list[bytes]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _random_array(field: Field, rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return _filled(np.empty((rows, *field.shape), field.dtype), rng)


def _filled(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if array.dtype.names:
        for name in array.dtype.names:
            _filled(array[name], rng)
    elif array.dtype.kind == "c":
        array[...] = rng.normal(size=array.shape) + 1j * rng.normal(size=array.shape)
    else:
        most = 2 if array.dtype.kind == "b" else 100
        array[...] = rng.integers(0, most, array.shape).astype(array.dtype)
    return array


@st.composite
def columns_of(draw, schema: Schema, rows: int):
    """Draw `rows` samples of a schema, as columns."""
    columns = {}
    for name, field in schema.fields.items():
        if field.ragged:
            lengths = draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
            values = draw(arrays_of(field, sum(lengths)))
            columns[name] = Ragged(values, np.cumsum([0, *lengths], dtype=np.int64))
        else:
            columns[name] = draw(arrays_of(field, rows))
    return columns


@st.composite
def filled_schemas(draw, min_rows: int = 0, max_rows: int = 5):
    """Draw a schema with some samples of it: (schema, columns, rows)."""
    schema = draw(schemas)
    rows = draw(st.integers(min_rows, max_rows))
    return schema, draw(columns_of(schema, rows)), rows
