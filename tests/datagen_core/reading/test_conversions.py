"""Samples in other libraries: every value, no copy where there need not be one, one-line errors."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import datagen_core
from datagen_core import (
    Cache,
    ConfigurationError,
    Field,
    InsufficientSamplesError,
    MissingPackageError,
    Ragged,
    Schema,
    SelectionError,
    generate,
)
from exact_values import (
    BYTES,
    COUNTS,
    FLOATS,
    SHAPES,
    TEXTS,
    all_types,
    array,
    assert_same,
    make,
    read_arrow,
)

pa = pytest.importorskip("pyarrow")


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def made(request, tmp_path_factory):
    """Return samples with fields of all types, in two files, and their values by field."""
    columns, fields = all_types(request.param)
    made = make(tmp_path_factory.mktemp("types"), columns, fields, size=3)
    return made.samples, columns


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Return samples of text and bytes, alone and ragged."""
    columns = {"text": np.array(TEXTS, object), "data": np.array(BYTES, object)}
    columns["many"] = [[text] * place for place, text in enumerate(TEXTS)]
    fields = {"text": Field(str), "data": Field(bytes), "many": Field(str, ragged=True)}
    return make(tmp_path_factory.mktemp("words"), columns, fields).samples, columns


@datagen_core.generator(
    100,
    schema=Schema({
        "x": Field("float64"),
        "image": Field("uint8", (4, 3)),
        "when": Field("datetime64[us]"),
        "r": Field("int32", ragged=True),
    }),
)  # fmt: skip
def numbers(size, start):
    for index in range(start, start + size):
        yield {"x": index / 3, "image": np.full((4, 3), index % 256), "r": np.arange(index % 3),
               "when": np.datetime64(index, "us")}  # fmt: skip


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """Return samples that lie in one file."""
    return generate(numbers, 200, executor="inline", cache=tmp_path_factory.mktemp("mapped"))


def arrow_rows(chunked, ragged):
    """Return an array of Arrow with the rows of all samples."""
    return pa.concat_arrays([chunk.flatten() if ragged else chunk for chunk in chunked.chunks])


def test_arrow_holds_every_value(made):
    samples, wanted = made
    table = samples.to_arrow()
    table.validate(full=True)

    for name, column in wanted.items():
        ragged = samples.schema.fields[name].ragged
        found = arrow_rows(table[name], ragged)
        inner = samples.schema.fields[name].shape
        assert_same(read_arrow(found, column.dtype, inner), column.reshape(-1, *inner))


def test_arrow_holds_text_and_bytes(words):
    samples, wanted = words
    table = samples.to_arrow()

    assert table["text"].to_pylist() == list(wanted["text"])
    assert table["data"].to_pylist() == list(wanted["data"])
    assert table["many"].to_pylist() == wanted["many"]


@pytest.mark.parametrize("kind", ["longdouble", "clongdouble", "m8[M]", "M8[fs]", "M8[D]"])
def test_what_arrow_lacks_is_refused_by_name(kind, tmp_path):
    values = {"longdouble": FLOATS, "clongdouble": FLOATS, "M8[D]": [2**40] * 5}
    made = make(tmp_path, {"f": array(kind, values.get(kind, COUNTS))}, {"f": Field(kind)})

    with pytest.raises(ConfigurationError, match=r"^f\S* (is|has) .*read it with get\(\)$"):
        made.samples.to_arrow()


def address(array):
    return array.__array_interface__["data"][0]


@pytest.fixture
def views(mapped, monkeypatch):
    """Return samples and the views of their file that are converted."""
    samples = mapped.samples
    parts = samples._parts(None)
    monkeypatch.setattr(samples, "_parts", lambda n: parts, raising=False)
    return samples, parts[0]


def test_arrow_has_the_addresses_of_the_views(views):
    samples, columns = views
    table = samples.to_arrow()
    ragged, image = table["r"].chunk(0), table["image"].chunk(0).storage

    assert table["x"].chunk(0).buffers()[1].address == address(columns["x"])
    assert table["when"].chunk(0).buffers()[1].address == address(columns["when"])
    assert image.buffers()[-1].address == address(columns["image"])
    assert ragged.buffers()[1].address == address(columns["r"].offsets)
    assert ragged.buffers()[-1].address == address(columns["r"].values)


def test_pandas_has_the_memory_of_the_views(views):
    pytest.importorskip("pandas")
    samples, columns = views
    frame = samples.to_pandas()

    for name in ("x", "when"):
        assert np.shares_memory(frame[name].to_numpy(), columns[name])
    assert np.shares_memory(frame["image"][7], columns["image"])
    assert np.shares_memory(frame["r"][5], columns["r"].values)


def test_xarray_has_the_memory_of_the_views(views):
    pytest.importorskip("xarray")
    samples, columns = views
    grid = samples.to_xarray()

    for name in ("x", "image"):  # xarray itself copies times
        assert np.shares_memory(grid[name].to_numpy(), columns[name])
    assert np.shares_memory(grid["r"].to_numpy(), columns["r"].values)


def test_hugging_face_has_the_addresses_of_the_views(views):
    pytest.importorskip("datasets.table")  # no datasets.py of somebody
    samples, columns = views
    table = samples.to_hf().data

    assert table["x"].chunk(0).buffers()[1].address == address(columns["x"])
    assert table["r"].chunk(0).buffers()[-1].address == address(columns["r"].values)
    images = table["image"].chunk(0).storage.flatten().flatten()
    assert images.buffers()[1].address == address(columns["image"])


@pytest.mark.parametrize("copy", [True, False])
def test_frames_can_be_written_into_if_copied(mapped, copy):
    pd = pytest.importorskip("pandas")
    frame = mapped.samples.to_pandas("x", "image", copy=copy)

    assert frame["image"][0].flags.writeable == copy
    assert isinstance(frame, pd.DataFrame)
    if copy:
        frame.loc[0, "x"] = 5.0
    assert mapped.samples[0]["x"] == 0


def test_samples_in_many_ranges_are_copied_into_one_part(mapped):
    other = Cache(mapped.paths.root.parents[1])["numbers"][0]
    other.move(indices=range(0, 200, 2), split="even")
    even = other["even"]

    assert even.to_arrow("x")["x"].num_chunks == 100
    assert even.to_arrow("x")["x"].to_pylist() == [index / 3 for index in range(0, 200, 2)]


def test_some_fields_and_some_samples(mapped):
    table = mapped.samples.to_arrow("r", "x", n=4)

    assert table.column_names == ["r", "x"]
    assert table["r"].to_pylist() == [[], [0], [0, 1], []]
    assert mapped.samples.only("x")[3] == {"x": 1.0}
    with pytest.raises(SelectionError, match="has no field 'z'; it has x, image, when, r"):
        mapped.samples.to_arrow("z")
    with pytest.raises(SelectionError, match="the field 'x' is named twice"):
        mapped.samples.to_arrow("x", "x")
    with pytest.raises((SelectionError, InsufficientSamplesError), match="has 200 samples"):
        mapped.samples.to_arrow(n=201)


def test_no_samples_are_a_table_with_types(mapped):
    table = mapped.samples.to_arrow(n=0)

    assert (table.num_rows, str(table["x"].type)) == (0, "double")
    assert str(table["r"].type) == "large_list<item: int32>"


def test_others_take_the_stream_of_arrow(mapped):
    assert pa.table(mapped.samples.only("x")).num_rows == 200


def test_pandas_holds_every_value(made):
    pd = pytest.importorskip("pandas")
    samples, wanted = made
    frame = samples.to_pandas()

    assert frame.index.equals(pd.RangeIndex(5, name="sample"))
    for name, column in wanted.items():
        if column.dtype.names:
            assert list(frame[f"{name}_a"].map(np.shape)) == [column["a"].shape[1:]] * 5
            continue
        for place, value in enumerate(column):
            assert_equal(frame[name].to_numpy()[place], value)


def assert_equal(found, wanted):
    if np.ndim(wanted):
        assert_same(np.asarray(found), np.asarray(wanted))
    elif wanted.dtype.kind in "Mm":
        assert found == wanted or (np.isnat(wanted) and found != found)
    elif wanted.dtype.kind == "V":
        assert found == bytes(wanted)
    else:
        assert found == wanted or wanted != wanted


def test_xarray_holds_every_value(made):
    pytest.importorskip("xarray")
    samples, wanted = made
    grid = samples.to_xarray()

    for name, column in wanted.items():
        field = samples.schema.fields[name]
        rows = column.reshape(-1, *field.shape)
        if field.ragged:
            key = f"{name}_row_size"
            assert grid[key].to_numpy().tolist() == [len(each) for each in column]
            assert grid[key].attrs == {"sample_dimension": f"{name}_row"}
        if not field.dtype.names:
            found = grid[name].to_numpy()
            assert found.shape == rows.shape
            list(map(assert_equal, found.reshape(-1), rows.reshape(-1)))


@pytest.mark.parametrize(
    ("method", "fields", "name"),
    [
        ("to_pandas", {"q": Field([("a", "f8")]), "q_a": Field("f8")}, "q_a"),
        ("to_xarray", {"q": Field("f8", ragged=True), "q_row_size": Field("f8")}, "q_row_size"),
        ("to_xarray", {"sample": Field("f8")}, "sample"),
    ],
)
def test_columns_of_one_name_are_refused(method, fields, name, tmp_path):
    pytest.importorskip(method.removeprefix("to_"))
    columns = {
        key: np.zeros((5, *((1,) if field.ragged else ())), field.dtype)
        for key, field in fields.items()
    }
    made = make(tmp_path, columns, fields)

    with pytest.raises(ConfigurationError, match=f"two columns would be called '{name}'"):
        getattr(made.samples, method)()


def test_hugging_face_holds_every_value(made):
    pytest.importorskip("datasets.table")  # no datasets.py of somebody
    datasets = pytest.importorskip("datasets")
    samples, wanted = made
    found = samples.to_hf()

    assert isinstance(found, datasets.Dataset)
    for name, field in samples.schema.fields.items():
        rows = wanted[name].reshape(-1, *field.shape)
        if field.dtype.kind in "biuf" and len(field.shape) == 2 and not field.ragged:
            assert isinstance(found.features[name], datasets.Array2D)
            assert_same(np.asarray(found.data[name].chunk(0)), rows)
        else:
            column = arrow_rows(found.data[name], field.ragged)
            assert_same(read_arrow(column, rows.dtype, field.shape), rows)


def test_hugging_face_formats_and_saves(mapped, tmp_path):
    pytest.importorskip("datasets.table")  # no datasets.py of somebody
    datasets = pytest.importorskip("datasets")
    found = mapped.samples.to_hf()
    found.save_to_disk(tmp_path / "saved")
    again = datasets.load_from_disk(tmp_path / "saved").with_format("numpy")

    assert again[5]["image"].shape == (4, 3)
    assert again[5]["r"].tolist() == [0, 1]
    assert again.features == found.features
    assert found._fingerprint != mapped.samples.to_hf(n=100)._fingerprint


@pytest.fixture
def users(mapped):
    sample, row = (Ragged(np.array(each), np.array([0, 1, 3])) for each in ([2, 5, 5], [1, 0, 1]))
    parts = {"all": {"users": ["a", "b"], "sample": sample, "row": row}}
    return mapped.publish_view("mine", {"by": "hand"}, parts)["all"]


def test_users_of_a_view_are_labels(users):
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")

    assert users.to_pandas()["r"]["b"].tolist() == [0, 1]
    assert users.to_pandas(n=1).index.tolist() == ["a"]
    assert users.to_xarray()["user"].to_numpy().tolist() == ["a", "b"]
    assert users.to_arrow()["r"].to_pylist() == [[1], [0, 1]]


@pytest.mark.parametrize(
    ("method", "package", "extra"),
    [
        ("to_arrow", "pyarrow", "parquet"),
        ("to_hf", "datasets", "hf"),
        ("to_pandas", "pandas", "pandas"),
        ("to_xarray", "xarray", "xarray"),
    ],
)
def test_what_is_missing_is_one_line(mapped, monkeypatch, method, package, extra):
    monkeypatch.setitem(sys.modules, package, None)

    message = rf"^{package} is not installed; run: pip install 'datagen\[{extra}\]'$"
    with pytest.raises(MissingPackageError, match=message):
        getattr(mapped.samples, method)()
