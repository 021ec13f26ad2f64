"""From what a generator yields to columns of one schema."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core import Field, Ragged, Schema
from datagen_core.errors import SchemaError
from datagen_core.generators.records import collect
from datagen_core.store.shards import columns_checksum
from strategies import filled_schemas

PAIR = Schema({"x": Field("float64"), "y": Field("float64")})


def samples_of(columns, rows):
    return [{name: column[row] for name, column in columns.items()} for row in range(rows)]


@given(filled_schemas(min_rows=1))
def test_samples_one_by_one_are_the_same_as_arrays(filled):
    schema, columns, rows = filled
    one_by_one, _ = collect(iter(samples_of(columns, rows)), rows, schema)
    at_once, _ = collect(columns, rows, schema)

    assert columns_checksum(one_by_one) == columns_checksum(at_once) == columns_checksum(columns)


@given(filled_schemas(min_rows=2), st.data())
def test_pieces_of_a_batch_are_joined(filled, data):
    schema, columns, rows = filled
    cut = data.draw(st.integers(0, rows))
    ends = [(0, cut), (cut, rows)]
    pieces = [{name: column[low:high] for name, column in columns.items()} for low, high in ends]
    joined, _ = collect(iter(pieces), rows, schema) if rows > 2 else collect(columns, rows, schema)

    assert columns_checksum(joined) == columns_checksum(columns)


def test_pairs_become_x_and_y():
    columns, schema = collect(iter([(1.0, 2), (3.0, 4)]), 2, None)

    assert schema == Schema({"x": Field("f8"), "y": Field("i8")})
    assert columns["x"].tolist() == [1.0, 3.0]
    assert columns["y"].tolist() == [2, 4]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ([1, 2.5], Field("f8")),
        ([True, False], Field("bool")),
        (["a", "bcd"], Field(str)),
        ([np.zeros((2, 3)), np.ones((2, 3))], Field("f8", (2, 3))),
        ([np.zeros((2, 3)), np.ones((1, 3))], Field("f8", (3,), ragged=True)),
        ([["a"], ["b", "c"]], Field(str, ragged=True)),
        ([np.float32(1), np.float32(2)], Field("f4")),
        ([1j, 2], Field("c16")),
    ],
)
def test_field_is_inferred_from_the_first_batch(values, field):
    made = iter([{"a": value} for value in values])

    assert collect(made, 2, None)[1] == Schema({"a": field})


def test_one_array_field_may_be_ragged():
    ragged = Ragged(np.arange(3), np.array([0, 3, 3]))
    columns, schema = collect({"a": ragged}, 2, None)

    assert schema.fields["a"] == Field("i8", ragged=True)
    assert [part.tolist() for part in columns["a"]] == [[0, 1, 2], []]


def test_a_batch_of_one_sample_is_told_by_its_schema():
    x, y = np.array([1.0]), np.array([2.0])

    assert collect(iter([(x, y)]), 1, PAIR)[0]["x"].tolist() == [1.0]
    assert collect(iter([(1.0, 2.0)]), 1, PAIR)[0]["x"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ([1.0, 2.0], "a pair x, y or a dict that names its fields, not a float"),
        ([(1, 2, 3)] * 2, "not a tuple of 3"),
        ([{"x": 1.0, "z": 1.0}] * 2, "its schema has"),
        ([{"x": 1.0, "y": 1.0}, {"x": 1.0}], "sample 1 has the fields"),
        ([{"x": 1.0, "y": [1.0]}] * 2, "declare it as Field"),
        ([{"x": 1.0, "y": "a"}] * 2, "cannot hold"),
        ([{"x": 1.0, "y": 1j}] * 2, "cannot hold"),
        ([(1.0, 2.0)] * 3, "yielded more than 2 samples for a batch of 2; stop after `size`"),
        ([(np.float64(1), np.array(2.0))], "made 1 sample for a batch of 2; yield 2"),
        ([], "made 0 samples for a batch of 2"),
        ({"x": np.zeros(2), "y": np.zeros(3)}, "different first dimensions"),
        ({"x": np.zeros(3), "y": np.zeros(3)}, "made 3 samples for a batch of 2"),
        (7, "must yield samples or return arrays, not int"),
        (None, "not NoneType"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(made, words):
    with pytest.raises(SchemaError, match=words) as caught:
        collect(iter(made) if isinstance(made, list) else made, 2, PAIR)

    assert "\n" not in str(caught.value)


def test_samples_of_no_common_shape_are_refused():
    with pytest.raises(SchemaError, match="do not fit one schema"):
        collect(iter([{"a": 1.0}, {"a": [1.0]}]), 2, None)


@pytest.mark.parametrize("value", [1, None, b"a", "a\0b"])
def test_text_is_text(value):
    with pytest.raises(SchemaError, match="text"):
        collect(iter([{"a": value}]), 1, Schema({"a": Field(str)}))


@pytest.mark.parametrize("offsets", [[0, 3, 9, 9], [0, 2, 1, 3]])
def test_offsets_must_lie_within_the_values(offsets):
    with pytest.raises(SchemaError, match=r"field 'a' of sample .* offsets do not rise"):
        collect({"a": Ragged(np.arange(3.0), np.array(offsets))}, 3, None)


ENDLESS = [
    (lambda i: {"a": i}, None, 4),
    (lambda i: (i, i), None, 4),
    (lambda i: {"a": np.zeros(5)}, None, 4),
    (lambda i: {"a": np.zeros(2)}, Field("f8"), 2),
    (lambda i: {"a": ["b", "c"]}, Field(str), 2),
    (lambda i: {"a": Ragged(np.arange(2), np.array([0, 1, 2]))}, None, 2),
    (lambda i: {"a": [[1], [2, 3]]}, Field("i8", ragged=True), 2),
    (lambda i: {"a": []}, Field("i8", ragged=True), 4),
    (lambda i: {"a": [] if i == 0 else ["b"]}, Field(str), 5),
]
"""Items, the field of their schema, and how many of them show that there are more than three."""


@pytest.mark.parametrize(("make", "field", "most"), ENDLESS)
def test_a_generator_without_an_end_is_stopped_and_closed(make, field, most):
    seen = []

    def yield_forever():
        try:
            while True:
                seen.append("yielded")
                yield make(len(seen) - 1)
        finally:
            seen.append("closed")

    with pytest.raises(
        SchemaError, match=r"yielded more than 3 samples.*stop after `size`"
    ) as caught:
        collect(yield_forever(), 3, Schema({"a": field}) if field else None)
    assert seen == ["yielded"] * most + ["closed"]
    assert caught.value.whole_set


def test_pieces_without_samples_may_be_any_number():
    pieces = [{"a": np.zeros(0)}] * 20 + [{"a": np.ones(1)}, {"a": np.zeros(0)}] * 2
    columns, _ = collect(iter(pieces), 2, Schema({"a": Field("f8")}))

    assert columns["a"].tolist() == [1.0, 1.0]


def test_what_a_generator_raises_is_its_own():
    def fail():
        yield {"a": 1}
        raise SchemaError("this one draw")

    with pytest.raises(SchemaError, match=r"^this one draw$") as caught:
        collect(fail(), 2, None)
    assert not caught.value.whole_set


def test_a_generator_is_closed_when_a_sample_is_refused():
    seen = []

    def draw():
        try:
            yield {"a": np.ma.masked}
        finally:
            seen.append("closed")

    with pytest.raises(SchemaError, match="field 'a' of sample 6"):
        collect(draw(), 2, None, start=6)
    assert seen == ["closed"]


@pytest.mark.parametrize(
    ("schema", "declared", "whole"),
    [(None, False, True), (PAIR, False, True), (PAIR, True, False), (None, True, True)],
)
def test_only_a_declared_schema_leaves_the_fault_with_the_batch(schema, declared, whole):
    with pytest.raises(SchemaError) as caught:
        collect(iter([(1.0, {1})]), 1, schema, declared=declared)
    assert caught.value.whole_set is whole


@pytest.mark.parametrize(
    "items",
    [
        [{"a": np.zeros(2)}, {"a": 5.0}],
        [{"a": 5.0}, {"a": np.zeros(1)}],
        [{"a": 5.0}, {"a": np.zeros(0)}],
        [{"a": np.zeros(2)}, {"a": np.array(5.0)}],
    ],
)
def test_samples_beside_pieces_are_refused(items):
    with pytest.raises(SchemaError):
        collect(iter(items), 2, Schema({"a": Field("f8")}))


@pytest.mark.parametrize(
    "items",
    [
        [{"a": 1, "b": 2}, {"b": 3, "a": 4}],
        [(1, 2), {"y": 3, "x": 4}],
        [{"y": 2, "x": 1}, (4, 3)],
        [{"y": np.array(2), "x": 1}, (4, 3)],
    ],
)
def test_values_go_by_their_names(items):
    columns, _ = collect(iter(items), 2, None)

    assert sorted(column.tolist() for column in columns.values()) == [[1, 4], [2, 3]]


@pytest.mark.parametrize("items", [[{"a": 1, "b": 2}, (1, 2)], [(1, 2), {"a": 1, "b": 2}]])
def test_a_pair_has_other_names_than_a_dict(items):
    with pytest.raises(SchemaError, match=r"sample 1 has the fields .*, sample 0 \["):
        collect(iter(items), 2, None)
