"""Every type of field comes back exactly from every export, or is refused in one line."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import datagen_core
from datagen_core import (
    ConfigurationError,
    DatagenError,
    Field,
    Params,
    Schema,
    SelectionError,
    generate,
    sweep,
)
from datagen_core.upkeep.export import export, select, select_all

parquet = pytest.importorskip("pyarrow.parquet")


def extremes(kind):
    info = np.iinfo(kind)
    return [info.min, info.max, 1, 2, 3]


FLOATS = [0.1, -0.0, np.nan, np.inf, 1 / 3]
COMPLEX = [1 - 2j, complex(np.nan, 0.1), 0, 1j, -1]
COUNTS = [0, 1, -5, 12345, -(2**63)]  # the last is NaT
INNER = np.dtype([("p", "u8"), ("q", "?")])
RECORD = np.dtype(
    [("a", "i4"), ("b", "f8", (2,)), ("c", "c8"), ("t", "M8[us]"), ("s", "S3"), ("n", INNER, (2,))]
)
RECORDS = [
    (5, (1.5, np.nan), 1 - 2j, "2020-01-01T12:00", b"xy", [(2**64 - 1, True), (0, False)]),
    (-5, (0.1, -0.0), 0, "NaT", b"", [(1, True), (2, True)]),
] * 3

VALUES = {
    **{kind: extremes(kind) for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")},
    **dict.fromkeys(("f2", "f4", "f8"), FLOATS),
    **dict.fromkeys(("c8", "c16"), COMPLEX),
    "?": [True, False, True, True, False],
    "S5": [b"ab", b"", b"abcde", b"\0a", b"\n"],
    "V4": [b"abcd", b"\0\0\0\0", b"a\0\0\0", b'\n\r",', b"\xff" * 4],
    **{f"M8[{unit}]": COUNTS for unit in ("M", "W", "D", "h", "m", "s", "ms", "us", "ns", "25s")},
    **{f"m8[{unit}]": COUNTS for unit in ("W", "D", "h", "m", "s", "ms", "us", "ns", "25s")},
    "M8[Y]": [0, 1, -5, 12345, -(2**63)],
    "M8[ps]": [0, 1000, -5000, 10**15, -(2**63)],
    "m8[ps]": [0, 1000, -5000, 10**15, -(2**63)],
}
NOT_PARQUET = {
    "longdouble": FLOATS,
    "clongdouble": COMPLEX,
    "m8[Y]": COUNTS,
    "m8[M]": COUNTS,
    "M8[fs]": COUNTS,
    "m8[as]": COUNTS,
    "M8[s]": [2**62] * 5,
    "M8[D]": [2**40] * 5,
}
TEXTS = ["", "é", 'say "hi",\n', "a\rb", "nan"]
BYTES = [b"", b"a\0", b"\0", bytes(range(256)), b"\r\n"]


def array(kind, values):
    dtype = np.dtype(kind)
    return np.array(values, np.int64 if dtype.kind in "mM" else dtype).view(dtype)


def columns_of(values, shape):
    """Return five values of each type, each repeated in a shape, by the name of a field."""
    columns = {kind: array(kind, each) for kind, each in values.items()}
    columns["record"] = np.array(RECORDS[:5], RECORD)
    return {
        f"f{number}": np.repeat(column, int(np.prod(shape))).reshape(5, *shape)
        for number, column in enumerate(columns.values())
    }


def make(folder, columns, fields, size=1):
    """Make five samples with the values of the columns."""

    @datagen_core.generator(size, schema=Schema(fields))
    def values(size, start):
        for place in range(start, start + size):
            yield {name: column[place] for name, column in columns.items()}

    return generate(values, 5, executor="inline", cache=folder)


@pytest.fixture(scope="module", params=[(), (2,), (2, 3), "ragged", "ragged rows"], ids=str)
def made(request, tmp_path_factory):
    """Return a set with fields of all types that every format holds, and its rows."""
    ragged = isinstance(request.param, str)
    shape = {"ragged": (2,), "ragged rows": (2, 3)}.get(request.param, request.param)
    columns = columns_of(VALUES, shape)
    inner = shape[1:] if ragged else shape
    fields = {name: Field(col.dtype, inner, ragged=ragged) for name, col in columns.items()}
    made = make(tmp_path_factory.mktemp("types"), columns, fields)
    rows = {name: col.reshape(-1, *inner) if ragged else col for name, col in columns.items()}
    return made, rows


def assert_same(found, wanted):
    """Compare arrays bit by bit, but for the padding of long doubles and the bits of NaN."""
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    if found.dtype.names:
        for name in found.dtype.names:
            assert_same(found[name], wanted[name])
    elif found.dtype.kind in "fc":
        assert np.array_equal(found, wanted, equal_nan=True)
        assert np.array_equal(np.signbit(found.real), np.signbit(wanted.real))
    else:
        assert found.tobytes() == wanted.tobytes()


def read_text(rows, name, dtype, shape=()):
    """Return the array that columns of CSV hold: the rule of names, the other way round."""
    found = np.zeros((len(rows), *shape), dtype)
    for key in dtype.names or ():
        inner, more = dtype[key].subdtype or (dtype[key], ())
        found[key] = read_text(rows, f"{name}_{key}", inner, (*shape, *more))
    if dtype.names:
        return found
    for place in np.ndindex(shape):
        column = "_".join([name, *map(str, place)])
        found[(slice(None), *place)] = read_scalars(rows, column, dtype)
    return found


def read_scalars(rows, name, dtype):
    if dtype.kind == "c":
        found = np.zeros(len(rows), dtype)
        found.real = read_scalars(rows, f"{name}_real", found.real.dtype)
        found.imag = read_scalars(rows, f"{name}_imag", found.real.dtype)
        return found
    read = {
        "?": lambda text: {"True": True, "False": False}[text],
        "S": bytes.fromhex,
        "V": bytes.fromhex,
        "m": lambda text: np.timedelta64(text if text == "NaT" else int(text), unit),
        "M": lambda text: np.datetime64(text).astype(dtype),
        "f": dtype.type,
    }
    unit = np.datetime_data(dtype) if dtype.kind in "mM" else None
    as_int = dtype.kind in "iu"
    return np.array([(int if as_int else read[dtype.char if dtype.char == "?" else dtype.kind])
                     (row[name]) for row in rows], dtype)  # fmt: skip


def exported(made, form, folder):
    path = folder / f"table.{form}"
    export(select(made), form, path)
    return path


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_holds_every_value(made, tmp_path):
    made, wanted = made
    rows = read_rows(exported(made, "csv", tmp_path))

    for name, column in wanted.items():
        assert_same(read_text(rows, name, column.dtype, column.shape[1:]), column)


def test_npz_holds_every_value(made, tmp_path):
    made, wanted = made
    archive = np.load(exported(made, "npz", tmp_path), allow_pickle=False)

    for name, column in wanted.items():
        assert_same(archive[name], column)


def test_parquet_holds_every_value(made, tmp_path):
    made, wanted = made
    table = parquet.read_table(exported(made, "parquet", tmp_path))

    for name, column in wanted.items():
        found = table[name].combine_chunks()
        assert_same(read_arrow(found, column.dtype, column.shape[1:]), column)


def read_arrow(found, dtype, shape=()):
    if shape:
        return read_arrow(found.flatten(), dtype).reshape(-1, *shape)
    parts = {key: dtype[key].subdtype or (dtype[key], ()) for key in dtype.names or ()}
    if not parts and dtype.kind == "c":
        real, imag = (read_arrow(found.field(key), np.empty(0, dtype).real.dtype) for key in
                      ("real", "imag"))  # fmt: skip
        return (np.stack([real, imag], -1)).view(dtype)[:, 0]
    if not parts:
        values = found.to_pylist() if dtype.kind in "SV" else found.to_numpy(zero_copy_only=False)
        return np.array(values).astype(dtype) if dtype.kind != "V" else np.array(values, dtype)
    result = np.zeros(len(found), dtype)
    for key, (inner, more) in parts.items():
        result[key] = read_arrow(found.field(key), inner, more)
    return result


@pytest.mark.parametrize("kind", NOT_PARQUET)
def test_what_parquet_lacks_is_refused_and_held_elsewhere(kind, tmp_path):
    columns = {"f": array(kind, NOT_PARQUET[kind])}
    made = make(tmp_path, columns, {"f": Field(kind)})

    with pytest.raises(ConfigurationError, match=r"^f\S* (is|has) .*export it as csv or npz$"):
        exported(made, "parquet", tmp_path)
    assert not list(tmp_path.glob("table*"))
    assert_same(np.load(exported(made, "npz", tmp_path))["f"], columns["f"])
    rows = read_rows(exported(made, "csv", tmp_path))
    assert_same(read_text(rows, "f", np.dtype(kind)), columns["f"])


@pytest.fixture(scope="module", params=[False, True], ids=["fixed", "ragged"])
def words(request, tmp_path_factory):
    """Return a set of text and bytes of any length, and their rows."""
    times = 2 if request.param else 1
    columns = {"text": np.array(TEXTS, object), "data": np.array(BYTES, object)}
    rows = {name: list(np.repeat(column, times)) for name, column in columns.items()}
    if request.param:
        columns = {name: [[each] * 2 for each in column] for name, column in columns.items()}
    fields = {"text": Field(str, ragged=request.param), "data": Field(bytes, ragged=request.param)}
    return make(tmp_path_factory.mktemp("words"), columns, fields), rows


def test_text_and_bytes_come_back(words, tmp_path):
    made, wanted = words
    rows = read_rows(exported(made, "csv", tmp_path))
    table = parquet.read_table(exported(made, "parquet", tmp_path))

    assert [row["text"] for row in rows] == wanted["text"]
    assert [bytes.fromhex(row["data"]) for row in rows] == wanted["data"]
    assert {name: table[name].to_pylist() for name in wanted} == wanted


def test_npz_refuses_bytes_of_any_length(words, tmp_path):
    with pytest.raises(ConfigurationError, match="data is bytes of any length, which npz cannot"):
        exported(words[0], "npz", tmp_path)

    assert not (tmp_path / "table.npz").exists()


def test_tables_without_rows_have_types(tmp_path):
    fields = {"a": Field(str, ragged=True), "b": Field(bytes, ragged=True)}
    fields |= {"c": Field("c8", ragged=True), "d": Field(RECORD, ragged=True)}
    columns = {name: [np.array([], field.dtype)] * 5 for name, field in fields.items()}
    made = make(tmp_path, columns, fields)
    table = parquet.read_table(exported(made, "parquet", tmp_path))

    assert (table.num_rows, str(table.schema.field("a").type)) == (0, "string")
    assert str(table.schema.field("b").type) == "binary"
    assert read_rows(exported(made, "csv", tmp_path)) == []
    with pytest.raises(ConfigurationError, match="b is bytes"):
        exported(made, "npz", tmp_path)


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_values_without_elements_are_for_npz(shape, tmp_path):
    made = make(tmp_path, {"f": np.zeros((5, *shape))}, {"f": Field("f8", shape)})

    with pytest.raises(ConfigurationError, match=r"f is of shape .*, which parquet cannot hold"):
        exported(made, "parquet", tmp_path)
    assert np.load(exported(made, "npz", tmp_path))["f"].shape == (5, *shape)
    assert len(read_rows(exported(made, "csv", tmp_path))) == 5


@pytest.mark.parametrize(
    ("form", "fields", "name"),
    [
        ("csv", {"q": Field("f8", (2,)), "q_0": Field("f8")}, "q_0"),
        ("csv", {"q": Field("c8"), "q_imag": Field("f8")}, "q_imag"),
        ("csv", {"q": Field([("a", "f8")]), "q_a": Field("f8")}, "q_a"),
        ("parquet", {"q": Field([("a", "f8")]), "q.a": Field("f8")}, "q.a"),
    ],
)
def test_columns_of_one_name_are_refused(form, fields, name, tmp_path):
    columns = {key: np.zeros((5, *field.shape), field.dtype) for key, field in fields.items()}
    made = make(tmp_path, columns, fields)

    with pytest.raises(ConfigurationError, match=f"two columns would be called '{name}'"):
        exported(made, form, tmp_path)
    assert not list(tmp_path.glob("table*"))


@pytest.mark.parametrize("name", ["file", "allow_pickle", "a.b", "args"])
def test_npz_has_fields_of_any_name(name, tmp_path):
    made = make(tmp_path, {name: np.arange(5)}, {name: Field("i8")})

    assert np.load(exported(made, "npz", tmp_path))[name].tolist() == list(range(5))


def test_paths_of_any_bytes_are_written(tmp_path):
    made = make(tmp_path, {"f": np.arange(5)}, {"f": Field("i8")})
    folder = tmp_path / "\udce9"
    folder.mkdir()

    assert exported(made, "parquet", folder).read_bytes()[:4] == b"PAR1"


TASKS = {"x": Field("c8", ragged=True), "y": Field("M8[s]", ragged=True)}


@pytest.mark.parametrize("form", ["declearn", "leaf", "pate"])
@pytest.mark.parametrize("fields", [{"f": Field("M8[s]")}, {"f": Field("i8", ragged=True)}, TASKS])
def test_formats_of_plugins_refuse_other_fields_in_one_line(form, fields, tmp_path):
    columns = {name: np.zeros((5, 2), field.dtype) for name, field in fields.items()}
    columns = columns if next(iter(fields.values())).ragged else {"f": array("M8[s]", COUNTS)}
    made = make(tmp_path, columns, fields)

    with pytest.raises(DatagenError) as raised:
        exported(made, form, tmp_path)
    assert "\n" not in str(raised.value)


class Kind(Params):
    kind: str = "f8"
    size: int = 0

    def field(self):
        shape = (self.size,) if self.size else ()
        return Field({"str": str, "bytes": bytes}.get(self.kind, self.kind), shape)


@datagen_core.generator(1, Kind, schema=lambda params: Schema({"f": params.field()}))
def either(params, size):
    words = {"str": "a", "bytes": b"a"}
    field = params.field()
    for _ in range(size):
        yield {"f": words.get(params.kind, np.zeros(field.shape, field.dtype))}


@pytest.mark.parametrize(
    ("points", "forms"),
    [
        ([{"kind": "i8"}, {"kind": "u8"}], ["npz", "parquet"]),
        ([{"kind": "f4"}, {"kind": "f8"}], ["npz", "parquet"]),
        ([{"kind": "M8[s]"}, {"kind": "M8[us]"}], ["npz", "parquet"]),
        ([{"size": 2}, {"size": 3}], ["csv", "npz", "parquet"]),
        ([{"kind": "f8"}, {"kind": "c16"}], ["csv", "npz", "parquet"]),
        ([{"kind": "str"}, {"kind": "bytes"}], ["npz", "parquet"]),
        ([{"kind": "str"}, {"kind": "f8"}], ["npz", "parquet"]),
    ],
)
def test_a_column_has_one_type_in_all_sets(points, forms, tmp_path):
    sets = sweep(either, 2, points, executor="inline", cache=tmp_path)

    for form in forms:
        with pytest.raises(SelectionError, match=r"^f\S* has another type in another"):
            export(select_all(sets, None, None, None), form, tmp_path / "table")
    assert not (tmp_path / "table").exists()
