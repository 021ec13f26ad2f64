"""The table of docs/reference/field-types.md: each cell says what really becomes of the type."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest

import datagen_core
from datagen_core import ConfigurationError, Field, Schema, generate
from datagen_core.upkeep.export import export, select

parquet = pytest.importorskip("pyarrow.parquet")
data = pytest.importorskip("torch.utils.data")

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "field-types.md"
HEAD, BEHIND = "| field | HDF5 |", "\n\n"


def rows():
    """Yield (type, place among the types of its row, cells) for each type of the table."""
    table = PAGE.read_text().partition(HEAD)[2].partition(BEHIND)[0]
    for line in table.splitlines()[2:]:
        first, *cells = (cell.strip() for cell in line.strip("|").split(" | "))
        types = [(1, "f4")] if "any type" in first else re.findall(r"`([^`]+)`", first)
        if first.startswith("record"):
            types = [[("a", "i4"), ("b", "f8")]]
        for place, kind in enumerate(types):
            yield kind, place, cells


def wanted(cell, kind, place):
    """Return the one name that a cell has for a type; "same" is the type's own."""
    names = re.findall(r"`([^`]+)`", cell)
    if cell == "same":
        return kind
    return names[place] if len(names) > 1 else names[0]


ROWS = list(rows())
BASIC = [row for row in ROWS if isinstance(row[0], str)]


def value_of(kind):
    """Return a value of a type."""
    special = {"str": "é", "bytes": b"a\0", "bool": True, "S5": b"ab", "V4": np.void(b"ab\0\0")}
    if kind in special:
        return special[kind]
    dtype = np.dtype(kind)
    return np.ones((), np.int64).view(dtype)[()] if dtype.kind in "mM" else dtype.type(1)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Return a function that makes a set of a type, once."""

    @cache
    def make(kind):
        field = Field({"str": str, "bytes": bytes}.get(kind, kind))

        @datagen_core.generator(1, schema=Schema({"x": field}))
        def typed(size):
            yield from [{"x": value_of(kind)}] * size

        return generate(typed, 2, executor="inline", cache=tmp_path_factory.mktemp("type"))

    return make


@pytest.fixture
def made(request, sets):
    return sets(request.param[0])


def each_type(function):
    """Call a test with a set of each type, and with the row of the type."""
    values = [pytest.param(row, row, id=row[0]) for row in BASIC]
    return pytest.mark.parametrize(("made", "row"), values, indirect=["made"])(function)


def test_the_table_has_every_kind_of_type():
    kinds = {np.dtype(kind).kind for kind, *_ in BASIC if kind not in {"str", "bytes"}}

    assert kinds == set("biufcSVMm")
    assert {"str", "bytes"} < {kind for kind, *_ in BASIC}
    assert len(ROWS) == len(BASIC) + 3


@each_type
def test_hdf5(made, row):
    kind, place, cells = row
    with h5py.File(next(made.paths.shards.glob("*.h5"))) as file:
        node = file["x"] if isinstance(file["x"], h5py.Dataset) else file["x/values"]
        found, is_text = node.dtype, h5py.check_string_dtype(node.dtype)

    if kind == "str":
        assert (cells[0], is_text.encoding) == ("UTF-8", "utf-8")
    else:
        assert found == np.dtype(wanted(cells[0], kind, place))


@each_type
def test_numpy(made, row):
    kind, place, cells = row
    found = made.samples.get()["x"]

    if cells[1] == "objects":
        assert {type(value).__name__ for value in found} == {kind}
    else:
        assert found.dtype == np.dtype(wanted(cells[1], kind, place))


@each_type
def test_torch(made, row):
    kind, place, cells = row
    if cells[2] == "refused":
        with pytest.raises(ConfigurationError, match="which torch lacks"):
            made.samples.as_torch()
        return
    found = next(iter(data.DataLoader(made.samples.as_torch(), batch_size=2)))["x"]
    name = type(found[0]).__name__ if isinstance(found, list) else str(found.dtype)
    assert name.removeprefix("torch.") == wanted(cells[2], kind, place)


@each_type
def test_parquet(made, row, tmp_path):
    kind, place, cells = row
    path = tmp_path / "table.parquet"
    if cells[3] == "refused":
        with pytest.raises(ConfigurationError, match="which parquet cannot hold"):
            export(select(made), "parquet", path)
        return
    export(select(made), "parquet", path)
    found = parquet.read_schema(path).field("x").type
    if cells[3].startswith("struct"):
        assert [field.name for field in found] == re.findall(r"`(\w+)`", cells[3])
    else:
        assert str(found) == wanted(cells[3], kind, place)


FORMS = {
    "digits": r"-?[\d.e+-]+",
    "hexadecimal": r"([0-9a-f]{2})+",
    "ISO 8601": r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?)?)?",
    "text": "é",
    "`True`": "True",
}


@each_type
def test_csv(made, row, tmp_path):
    _, _, cells = row
    export(select(made), "csv", tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        found = next(csv.DictReader(file))
    found.pop("sample")

    if "`x_" in cells[4]:
        assert list(found) == re.findall(r"`(\w+)`", cells[4])
    else:
        assert re.fullmatch(FORMS[cells[4]], found["x"])


@pytest.mark.parametrize(
    ("field", "start"),
    [
        (Field([("a", "i4"), ("b", "f8")]), "record"),
        (Field("f4", (2,)), "any type, shape `(2,)`"),
        (Field("f4", (2, 2)), "any type, shape `(2, 2)`"),
    ],
)
def test_records_and_shapes(field, start, tmp_path):
    """Their rows name columns of CSV, and types of Parquet."""

    @datagen_core.generator(1, schema=Schema({"x": field}))
    def wide(size):
        yield from [{"x": np.zeros(field.shape, field.dtype)}] * size

    line = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"| {start}"))
    selection = select(generate(wide, 2, executor="inline", cache=tmp_path))
    for form in ("csv", "parquet"):
        export(selection, form, tmp_path / f"table.{form}")
    header = (tmp_path / "table.csv").read_text().splitlines()[0]
    assert header.split(",")[1:] == re.findall(r"`(x_\w+)`", line)
    kind = str(parquet.read_schema(tmp_path / "table.parquet").field("x").type)
    assert kind.removeprefix("extension<arrow.").startswith(line.split(" | ")[4].split()[0])
