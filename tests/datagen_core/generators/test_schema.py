"""Fields, schemas, ragged columns."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core import Field, Ragged, Schema
from datagen_core.errors import SchemaError
from datagen_core.generators.schema import bytes_of, join_columns, slice_columns, without_measured
from datagen_core.store.shards import columns_checksum
from strategies import fields, filled_schemas, schemas

FLOATS = Field("float64", ragged=True)
lists = st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=6)


def ragged(values):
    return Ragged.from_arrays([np.array(value, np.float64) for value in values], FLOATS)


def as_lists(column):
    return [array.tolist() for array in column]


@given(schemas)
def test_schema_survives_json(schema):
    content = schema.to_json()

    assert json.loads(json.dumps(content)) == content
    assert Schema.from_json(json.loads(json.dumps(content))) == schema


@given(schemas)
def test_order_of_fields_survives_json(schema):
    assert list(Schema.from_json(schema.to_json()).fields) == list(schema.fields)


@given(fields.filter(lambda field: not field.element))
def test_field_has_native_byte_order(field):
    assert Field(field.dtype.newbyteorder("S"), field.shape, ragged=field.ragged) == field


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (Field("float64"), "float64"),
        (Field("uint8", (28, 28)), "uint8 (28, 28)"),
        (Field("uint8", (28,), ragged=True), "uint8 (n, 28)"),
        (Field(str), "str"),
        (Field(str, ragged=True), "str (n)"),
        (Field("S"), "bytes"),
        (Field(np.bytes_, ragged=True), "bytes (n)"),
        (Field("<M8[us]"), "datetime64[us]"),
    ],
)
def test_field_reads_well(field, text):
    assert str(field) == text


@pytest.mark.parametrize(
    "dtype", [object, "M8", "m8", "V", [("a", object)], [("a", "U3")], [("a", [("b", "M8")])]]
)
def test_field_refuses_what_hdf5_cannot_hold(dtype):
    with pytest.raises(SchemaError, match="a field cannot hold"):
        Field(dtype)


@pytest.mark.parametrize("element", [str, bytes])
def test_text_and_bytes_have_no_shape(element):
    with pytest.raises(SchemaError, match=rf"declare it as Field\({element.__name__}, ragged=True"):
        Field(element, (3,))


@pytest.mark.parametrize(
    ("fields", "version"),
    [
        ({"a": Field("f8"), "b": Field(str, ragged=True), "c": Field("S5")}, "1.0"),
        ({"a": Field(bytes)}, "2.0"),
        ({"a": Field("M8[s]", (2,))}, "2.0"),
        ({"a": Field([("t", [("s", "m8[s]", (2,))])])}, "2.0"),
        ({"a.b": Field("f8")}, "2.0"),
    ],
)
def test_what_older_versions_would_misread_has_a_format_of_its_own(fields, version):
    assert Schema(fields).format == version


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "1a", "../a", ".", "a.", ".a", "a..b", None, True]
)
def test_field_names_are_identifiers(name):
    with pytest.raises(SchemaError, match="is not a field name"):
        Schema({name: Field("f8")})


def test_a_schema_needs_a_field():
    with pytest.raises(SchemaError, match="at least one field"):
        Schema({})


@pytest.mark.parametrize(
    ("names", "pair"), [("xy", True), ("yx", False), ("x", False), ("xyz", False)]
)
def test_pairs_are_x_and_y_in_this_order(names, pair):
    assert Schema({name: Field("f8") for name in names}).is_pair is pair


@given(lists)
def test_ragged_is_a_sequence_of_arrays(values):
    column = ragged(values)

    assert as_lists(column) == values
    assert len(column) == len(values)
    assert column.lengths.tolist() == [len(value) for value in values]
    assert column.rows().tolist() == [item for value in values for item in value]


@given(lists, st.slices(6))
def test_ragged_slices_are_those_of_lists(values, part):
    assert as_lists(ragged(values)[part]) == values[part]
    assert ragged(values)[part].rows().tolist() == [item for v in values[part] for item in v]


@given(lists.filter(bool), st.data())
def test_ragged_takes_any_positions(values, data):
    positions = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=8))
    column = ragged(values).take(np.array(positions, np.intp))

    assert as_lists(column) == [values[position] for position in positions]


@given(st.lists(lists, min_size=1, max_size=4))
def test_ragged_joins_in_order(pieces):
    column = Ragged.join([ragged(piece) for piece in pieces])

    assert as_lists(column) == [value for piece in pieces for value in piece]


@given(lists.filter(bool))
def test_ragged_positions_count_from_both_ends(values):
    column = ragged(values)

    assert column[-1].tolist() == values[-1]
    with pytest.raises(IndexError):
        column[len(values)]


@given(filled_schemas(), st.data())
def test_columns_cut_and_joined_are_the_same(filled, data):
    _, columns, rows = filled
    cut = data.draw(st.integers(0, rows))
    parts = [slice_columns(columns, 0, cut), slice_columns(columns, cut, rows)]

    assert columns_checksum(join_columns(parts)) == columns_checksum(columns)


def test_size_in_memory_counts_values_and_offsets():
    columns = {"a": np.zeros((5, 2)), "b": ragged([[1.0], [], [2.0, 3.0]])}

    assert bytes_of(columns) == 5 * 2 * 8 + 3 * 8 + 4 * 8


def test_ragged_reads_well():
    assert repr(ragged([[1], []])) == "<Ragged: 2 arrays of float64 (n)>"


TIMED = np.dtype([("value", "f8"), ("seconds", "f8")])


def test_measurements_do_not_count_when_makings_are_compared():
    field = Field(TIMED, ragged=True, measured=("seconds",))
    made = [np.array([(1.0, seconds), (2.0, seconds)], TIMED) for seconds in (0.1, 0.2)]
    schema = Schema({"rows": field})
    blank = [without_measured({"rows": Ragged.from_arrays([rows], field)}, schema) for rows in made]

    assert columns_checksum(blank[0]) == columns_checksum(blank[1])
    assert blank[0]["rows"].values["value"].tolist() == [1, 2]
    assert made[0]["seconds"].tolist() == [0.1, 0.1]


def test_measured_members_survive_json():
    field = Field(TIMED, measured=("seconds",))

    assert Field.from_json(json.loads(json.dumps(field.to_json()))) == field
    assert "measured" not in Field(TIMED).to_json()


def test_only_members_of_the_record_can_be_measured():
    with pytest.raises(SchemaError, match="'minutes' is measured, but is not a member"):
        Field(TIMED, measured=("minutes",))
