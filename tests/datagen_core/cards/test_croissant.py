"""Croissant documents, as another library reads them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from datagen_core import Field, SelectionError, generate
from datagen_core.cards.croissant import HDF5, DataFile, describe
from datagen_core.files import hash_file
from generators_for_tests import sine, walks

others_use_what_is_old = pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")


@pytest.fixture
def made(cache):
    return generate(sine, 20, {"left": 0}, executor="inline", cache=cache)


def write(folder, document):
    path = folder / "croissant.json"
    path.write_text(json.dumps(document))
    return path


def listed(path):
    return DataFile(path.name, hash_file(path), path.stat().st_size)


@others_use_what_is_old
def test_another_library_reads_the_samples_by_it(made, tmp_path):
    croissant = pytest.importorskip("mlcroissant")
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    x, y = made.samples.get()
    parquet.write_table(pyarrow.table({"x": x, "y": y}), tmp_path / "samples.parquet")
    document = describe([made], [listed(tmp_path / "samples.parquet")], licence="MIT")

    found = croissant.Dataset(str(write(tmp_path, document)))
    records = [(row["samples/x"], row["samples/y"]) for row in found.records("samples")]

    assert not found.metadata.issues.errors
    assert np.array_equal(records, np.transpose([x, y]))


@others_use_what_is_old
def test_arrays_have_shapes_and_columns_may_be_others(made, cache, tmp_path):
    croissant = pytest.importorskip("mlcroissant")
    walked = generate(walks, 8, executor="inline", cache=cache)
    file = DataFile("a.h5", "0" * 64, 12)

    document = describe([walked], [file], encoding=HDF5)
    (fields,) = (each["field"] for each in document["recordSet"])
    columns = {"image": Field("uint8", (4, 4)), "text": Field(str)}
    (others,) = describe([made], [file], columns)["recordSet"]

    assert not croissant.Dataset(str(write(tmp_path, document))).metadata.issues.errors
    assert [each.get("arrayShape") for each in fields] == ["-1,2", None, None]
    assert [each["dataType"] for each in others["field"]] == ["sc:Integer", "sc:Text"]


def test_it_says_what_was_made_and_the_version_in_three_numbers(made, cache):
    file = DataFile("a.h5", "0" * 64, 12)
    other = generate(sine, 10, {"left": -5}, executor="inline", cache=cache)

    document = describe([made, other], [file], summary="Draw pairs.")

    assert document["description"].startswith("Draw pairs. Synthetic samples")
    assert "left=0; left=-5" in document["description"]
    assert document["identifier"] == [made.record.digest, other.record.digest]
    assert document["version"] == "1.0.0"
    assert "license" not in document


def test_nothing_has_no_description(made):
    with pytest.raises(SelectionError, match="there are none"):
        describe([made], [])
