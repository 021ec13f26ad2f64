"""Values are held exactly, or refused by field, sample and value."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from datagen_core import Field, Schema
from datagen_core.errors import SchemaError
from datagen_core.generators.records import collect
from datagen_core.generators.values import fit

UTC = dt.UTC
DAY, NOON = dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, 12)
MASKED = np.ma.masked_array([1.0, 2.0], mask=[True, False])


RECORD = [("a", "u1"), ("b", "f4")]


class Colour(enum.Enum):
    RED = 1


class Number(enum.IntEnum):
    SEVEN = 7


class Word(enum.StrEnum):
    YES = "yes"


def collect_all(values, field=None, **options):
    """Return what becomes of one field, yielded one by one."""
    schema = None if field is None else Schema({"a": field})
    columns, schema = collect(({"a": each} for each in values), len(values), schema, **options)
    return schema.fields["a"], [
        each.tolist() if hasattr(each, "tolist") else each for each in columns["a"]
    ]


EXACT = [
    ([b"a", b"c\0", b"", b"\0"], Field(bytes), None),
    ([bytearray(b"a\0"), b"b", np.bytes_(b"c")], Field(bytes), [b"a\0", b"b", b"c"]),
    ([[b"a\0"], [b"b", b""], []], Field(bytes, ragged=True), None),
    ([[b"a\0", b""]] * 2, Field(bytes, ragged=True), None),
    ([["a", "b"]] * 2, Field(str, ragged=True), None),
    ([np.array(["a", "b"])] * 2, Field(str, ragged=True), [["a", "b"]] * 2),
    ([np.array([b"a", b"bb"])] * 2, Field("S2", (2,)), [[b"a", b"bb"]] * 2),
    ([Word.YES, "no", np.str_("é")], Field(str), ["yes", "no", "é"]),
    ([Number.SEVEN, 8], Field("i8"), [7, 8]),
    ([2**63, 1], Field("u8"), None),
    ([[2**63, 1], [0, 2**64 - 1]], Field("u8", (2,)), None),
    ([np.uint64(5), -1], Field("i8"), [5, -1]),
    ([2**53, 0.5], Field("f8"), None),
    ([[], [2**53 + 1], np.zeros(0)], Field("i8", ragged=True), [[], [2**53 + 1], []]),
    ([DAY, dt.date(1, 1, 1), dt.date(9999, 12, 31)], Field("M8[D]"), None),
    ([NOON, DAY], Field("M8[us]"), [NOON, dt.datetime(2020, 1, 1)]),
    ([[NOON], [NOON, NOON]], Field("M8[us]", ragged=True), None),
    ([dt.timedelta(microseconds=-1), dt.timedelta(9)], Field("m8[us]"), None),
    ([np.datetime64("2020-01-01"), np.datetime64("NaT")], Field("M8[D]"), [DAY, None]),
    ([np.array([1, 2], ">i4")], Field("i4", (2,)), [[1, 2]]),
    ([np.float16(0.1)], Field("f2"), [np.float16(0.1)]),
    ([np.complex64(0.1j)], Field("c8"), [np.complex64(0.1j)]),
    ([np.longdouble(1) / 3], Field("g"), [np.longdouble(1) / 3]),
    ([np.void(b"a\0")], Field("V2"), [b"a\0"]),
    ([range(2), (3, 4)], Field("i8", (2,)), [[0, 1], [3, 4]]),
]


@pytest.mark.parametrize(("values", "field", "wanted"), EXACT)
def test_values_come_back_as_they_were(values, field, wanted):
    inferred, found = collect_all(values)

    assert (inferred, found) == (field, values if wanted is None else wanted)
    assert collect_all(values, field)[1] == found
    assert collect({"a": values}, len(values), None)[1].fields["a"] == field


REFUSED = [
    ([0, 2**70], "1180591620717411303424 cannot be stored; yield it as text or bytes"),
    ([[1], [2**70]], "1180591620717411303424 cannot be stored"),
    ([2**63, -1], "no type of 64 bits holds -1 and 9223372036854775808"),
    ([0.5, 2**53 + 1], "9007199254740993"),
    ([1.0, [2**53 + 1, 0.5]], "9007199254740993"),
    ([1, "one"], "'one': text and numbers"),
    ([1, [1, "one"]], r"\[1, 'one'\]: text and numbers"),
    (["a", b"b"], "b'b': bytes and text"),
    ([np.datetime64("2020-01-01"), 5], "5: numbers and dates"),
    ([np.timedelta64(1, "s"), 5], "5: numbers and durations"),
    ([1.0, None], "None cannot be stored; yield NaN"),
    ([1, Decimal("0.1")], r"Decimal\('0.1'\) cannot be stored; yield it as text"),
    ([1, Fraction(1, 3)], r"Fraction\(1, 3\) cannot be stored; yield its numerator"),
    ([1, {1, 2}], r"{1, 2} cannot be stored; yield a sorted list"),
    ([1, Colour.RED], r"<Colour.RED: 1> cannot be stored; yield its .value or .name"),
    ([[1], [Colour.RED]], r"<Colour.RED: 1> cannot be stored"),
    ([[1], np.array([Colour.RED], object)], r"<Colour.RED: 1> cannot be stored"),
    ([1, Path("a")], r"PosixPath\('a'\) cannot be stored; yield it as text"),
    ([1, dt.time(1)], r"datetime.time\(1, 0\) cannot be stored; yield seconds"),
    ([[1], [{"b": 1}]], r"{'b': 1} cannot be stored; yield a dict of lists"),
    ([1, object()], "cannot be stored; yield numbers"),
    ([NOON, NOON.replace(tzinfo=UTC)], "has a time zone, .*; yield value.astimezone"),
    ([dt.timedelta(1), dt.timedelta.max], "more microseconds than 64 bits"),
    ([np.timedelta64(1, "ns"), np.timedelta64(10**15, "D")], "10{15} days"),
    (["a", "b\0"], r"NUL characters, as 'b\\x00' has; yield bytes"),
    (["a", "\ud800"], r"lone surrogate '\\ud800' is no Unicode; yield bytes"),
    ([["a"], ["b\0", "c"]], "NUL characters"),
    ([[["a"]], [["b"], ["c"]]], "lists of lists of text"),
    ([1.0, np.ma.masked], r"a masked array would lose its mask; yield value.filled\("),
    ([[1.0, 2.0], [np.ma.masked, 2.0]], "would lose its mask"),
    ([np.zeros(2), MASKED], "would lose its mask"),
    ([np.zeros(2), np.ma.masked_array([1.0, 2.0])], "would lose its mask"),
    ([[1, 2], [[1], [1, 2]]], r"shape \(2,\) and \(1,\)"),
    ([np.void(b"abc"), np.void(b"ab")], "opaque values of different sizes"),
    ([1, np.zeros((), [("b", "U3")])], "records and numbers"),
]


@pytest.mark.parametrize(("values", "words"), REFUSED)
def test_what_cannot_be_held_exactly_names_field_sample_and_value(values, words):
    with pytest.raises(SchemaError, match=rf"field 'a' of sample [78]\b.*{words}") as caught:
        collect_all(values, start=7)

    assert caught.value.whole_set
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [[("b", "U3")], [("b", "O")], "m8"])
def test_a_dtype_that_cannot_be_stored_is_refused(dtype):
    with pytest.raises(SchemaError, match=r"field 'a' of sample 0.*a field cannot hold"):
        collect({"a": np.ones(2, dtype)}, 2, None)


@pytest.mark.parametrize(
    "values", [MASKED, [MASKED, MASKED], np.ma.masked_array([1, 2]), [1.0, np.ma.masked]]
)
def test_a_masked_array_that_is_returned_is_refused(values):
    with pytest.raises(SchemaError, match=r"field 'a' of sample [01].*would lose its mask"):
        collect({"a": values}, 2, None)


class HidesMask:
    """An array of another package, which hands numpy one with a mask."""

    def __array__(self, dtype=None, copy=None):
        return MASKED


def missing_values():
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    integers = pd.array([2**53 + 1, None], dtype="Int64")
    return [
        integers,
        pd.Series(integers),
        pd.Categorical([1, None]),
        pd.DataFrame({"p": integers}),
        pa.array([2**53 + 1, None]),
        pa.chunked_array([[1, None]]),
        pa.table({"p": [1, None]}),
    ]


@pytest.mark.parametrize(
    "wrap", [lambda value: iter([{"a": value}] * 2), lambda value: {"a": value}]
)
def test_missing_values_of_other_packages_are_refused(wrap):
    for value in missing_values():
        with pytest.raises(SchemaError, match=r"field 'a' of sample [01].*missing values would"):
            collect(wrap(value), 2, None)


def test_the_mask_of_another_package_is_refused():
    with pytest.raises(SchemaError, match=r"field 'a' of sample 0.*would lose its mask"):
        collect(iter([{"a": HidesMask()}]), 1, None)


def test_columns_of_a_table_are_held_exactly_or_refused():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"p": [1, 2**53 + 1], "q": [0.5, np.nan]})

    columns, _ = collect(iter([{"a": table[:1]}]), 1, None)
    assert columns["a"].tolist() == [[[1.0, 0.5]]]

    with pytest.raises(SchemaError, match="float64 cannot hold 9007199254740993"):
        collect(iter([{"a": table}]), 1, None)


def test_rows_that_cannot_be_counted_are_no_traceback():
    sparse = pytest.importorskip("scipy.sparse")

    with pytest.raises(SchemaError, match=r"field 'a': .* is not an array or list"):
        collect({"a": sparse.csr_matrix(np.eye(2))}, 2, None)


FITTING = [
    ([1, 2], "u1", "[1, 2]"),
    ([1, 2], "f4", "[1.0, 2.0]"),
    ([2**24, -(2**30)], "f4", "[16777216.0, -1073741824.0]"),
    ([1.5, np.nan, np.inf, -np.inf, -0.0], "f4", "[1.5, nan, inf, -inf, -0.0]"),
    ([1.5, 2.5j, complex(np.nan, 1)], "c8", "[(1.5+0j), 2.5j, (nan+1j)]"),
    ([1.5], "c8", "[(1.5+0j)]"),
    ([True], "i1", "[1]"),
    ([b"ab", b""], "S5", "[b'ab', b'']"),
    (np.array([b"ab"]), "S5", "[b'ab']"),
    (np.array([b"ab"]), bytes, "[b'ab']"),
    (np.array(["2020-01-01", "NaT"], "M8[us]"), "M8[D]", "[datetime.date(2020, 1, 1), None]"),
    (np.array(["1970-01-02", "NaT"], "M8[D]"), "M8[ns]", "[86400000000000, None]"),
    (np.array(["NaT"], "M8"), "M8[s]", "[None]"),
    (np.array([(1, 0.5)], [("a", "i8"), ("b", "f8")]), RECORD, "[(1, 0.5)]"),
    (np.array([(0.5, 1)], [("b", "f8"), ("a", "i8")]), RECORD, "[(1, 0.5)]"),
    (np.array([(1, 0.5)], [("f0", "i8"), ("f1", "f8")]), RECORD, "[(1, 0.5)]"),
]


@pytest.mark.parametrize(("values", "dtype", "wanted"), FITTING)
def test_values_are_cast_where_nothing_is_lost(values, dtype, wanted):
    columns = collect({"a": values}, len(values), Schema({"a": Field(dtype)}))[0]

    assert columns["a"].dtype == Field(dtype).dtype
    assert str(columns["a"].tolist()) == wanted
    assert str(collect_all(list(values), Field(dtype))[1]) == wanted


def test_an_empty_array_is_of_any_type():
    assert fit(np.empty((0, 2), object), np.dtype("i1")).shape == (0, 2)


MISFITS = [
    ([256], "u1"),
    ([-1], "u1"),
    ([-1], "u8"),
    ([2**63], "i8"),
    ([0.5], "i8"),
    ([1.0], "i8"),
    ([2], "?"),
    ([1], "?"),
    ([1j], "f8"),
    ([2**24 + 1], "f4"),
    ([2**53 + 1], "f8"),
    ([2**53 + 1], "c16"),
    ([2**63 - 1], "f8"),
    ([np.uint64(2**64 - 1)], "f8"),
    ([70_000], "f2"),
    (["1"], "f8"),
    ([1], "S5"),
    ([b"abcdef"], "S5"),
    ([b"ab\0"], "S5"),
    (np.array([b"abcdef"]), "S5"),
    (np.array(["2020-01-01T12"], "M8[h]"), "M8[D]"),
    (np.array(["300000-01-01"], "M8[D]"), "M8[ns]"),
    (np.array([1], "m8[M]"), "m8[D]"),
    (np.array([1], "m8"), "m8[D]"),
    ([5], "M8[D]"),
    ([np.void(b"abc")], "V5"),
    (np.array([(300, 0.5)], [("a", "i8"), ("b", "f8")]), [("a", "u1"), ("b", "f8")]),
    ([1e300], "f4"),
    ([-1e300j], "c8"),
    ([1e10], "f2"),
]


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize(("values", "dtype"), MISFITS)
def test_values_are_never_cast_with_loss(values, dtype, declared):
    words = r"field 'a' of sample 4.* cannot hold .*;"
    with pytest.raises(SchemaError, match=words) as caught:
        collect_all(list(values), Field(dtype), start=4, declared=declared)

    assert caught.value.whole_set is not declared


@pytest.mark.parametrize(("value", "dtype"), [(1 / 3, "f4"), (1j / 3, "c8"), (1 / 3, "c8")])
def test_only_a_declared_type_rounds(value, dtype):
    assert collect_all([value], Field(dtype), declared=True)[1] == [np.dtype(dtype).type(value)]
    with pytest.raises(SchemaError, match=r"cannot hold 0.333.*or declare `schema`"):
        collect_all([1.0, value], Field(dtype))


@pytest.mark.parametrize("ragged", [False, True])
def test_records_round_in_their_members(ragged):
    values = np.zeros((1,) if ragged else (), [("x", "f8"), ("n", "i8")])
    values["x"] = 1 / 3
    field = Field([("x", "f4"), ("n", "i4")], ragged=ragged)

    assert str(np.float32(1 / 3).item()) in str(collect_all([values], field, declared=True)[1])
    with pytest.raises(SchemaError, match="float32 cannot hold"):
        collect_all([values], field)


@pytest.mark.parametrize("found", [["a", "c"], ["a"], ["a", "b", "c"]])
def test_members_of_other_names_are_refused(found):
    values = np.zeros(1, [(name, "i4") for name in found])

    with pytest.raises(SchemaError, match=r"its members are \('a', 'b'\), not"):
        fit(values, np.dtype([("a", "i4"), ("b", "i4")]))


def test_a_bytearray_fills_an_array_of_numbers():
    assert collect_all([bytearray(b"ab")], Field("u1", (2,)))[1] == [[97, 98]]
    assert collect_all([bytearray(b"ab")], Field("u1", ragged=True))[1] == [[97, 98]]


def test_text_is_not_cut_into_letters():
    with pytest.raises(SchemaError, match="field 'a' of sample 0, 'abc': a value of shape"):
        collect_all(["abc"], Field(str, ragged=True))


def test_times_of_pandas_keep_their_nanoseconds():
    pandas = pytest.importorskip("pandas")
    moments = [pandas.Timestamp(1), pandas.NaT, pandas.Timestamp("2020-01-01")]

    field, found = collect_all(moments)
    assert field == Field("M8[ns]")
    assert found == [1, None, 1577836800000000000]
    assert collect_all([pandas.Timedelta(1)]) == (Field("m8[ns]"), [1])
    with pytest.raises(SchemaError, match="time zone"):
        collect_all([pandas.Timestamp(1, tz="UTC")])


@pytest.mark.parametrize(
    ("values", "wanted"),
    [([1, 2], "[1, 2]"), (["a", "b"], "['a', 'b']"), ([1.5, None], "[1.5, nan]")],
)
def test_columns_of_pandas_are_arrays(values, wanted):
    pandas = pytest.importorskip("pandas")
    columns, _ = collect({"a": pandas.Series(values)}, 2, None)

    assert str(columns["a"].tolist()) == wanted


@pytest.mark.parametrize(
    "values", [[Decimal(1)], [{"b": 1}], [dt.datetime(1970, 1, 1, tzinfo=UTC)]]
)
def test_objects_of_pandas_are_refused(values):
    pandas = pytest.importorskip("pandas")

    with pytest.raises(SchemaError, match=r"field 'a' of sample 0.*yield"):
        collect({"a": pandas.Series(values)}, 1, None)
