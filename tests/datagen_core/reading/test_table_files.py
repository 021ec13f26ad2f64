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
    sweep,
)
from datagen_core.upkeep.export import export, select, select_all
from exact_values import (
    BYTES,
    COUNTS,
    NOT_PARQUET,
    RECORD,
    SHAPES,
    TEXTS,
    all_types,
    array,
    assert_same,
    make,
    read_arrow,
)

parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def made(request, tmp_path_factory):
    """Return a set with fields of all types that every format holds, and its rows."""
    columns, fields = all_types(request.param)
    made = make(tmp_path_factory.mktemp("types"), columns, fields)
    rows = {
        name: col.reshape(-1, *fields[name].shape) if fields[name].ragged else col
        for name, col in columns.items()
    }
    return made, rows


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
        if column.ndim > 2:
            assert tuple(found.type.shape) == column.shape[1:]


def test_images_come_back_from_parquet_as_they_were(tmp_path):
    images = np.arange(5 * 2 * 3 * 4, dtype="u1").reshape(5, 2, 3, 4)
    made = make(tmp_path, {"f": images}, {"f": Field("u1", (2, 3, 4))})
    column = parquet.read_table(exported(made, "parquet", tmp_path))["f"].combine_chunks()

    assert_same(column.to_numpy_ndarray(), images)


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
