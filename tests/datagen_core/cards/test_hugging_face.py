"""`datagen export --format hf`: a folder that `datasets` opens by itself, without a network."""

from __future__ import annotations

import json

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache, Field, Params, Ragged, Schema
from datagen_core.upkeep.export import export, select

pytest.importorskip("datasets.table")  # no datasets.py of somebody

datasets = pytest.importorskip("datasets")
yaml = pytest.importorskip("yaml")


class ThingParams(Params):
    left: float = 0


FIELDS = {
    "image": Field("uint8", (4, 3)),
    "label": Field("int64"),
    "path": Field("float32", ragged=True),
    "name": Field(str),
}


@datagen_core.generator(4, ThingParams, schema=Schema(FIELDS))
def things(size, start, params):
    """Make a field of each kind that readers treat in another way."""
    for index in range(start, start + size):
        yield {"image": np.full((4, 3), index), "label": index, "name": f"t{index}",
               "path": np.arange(index % 3) + params.left}  # fmt: skip


@pytest.fixture
def made(cache):
    made = datagen_core.generate(things, 10, executor="inline", cache=cache)
    made.move(6, "train")
    made.move(4, "my-test")
    return made


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def load(tmp_path):
    datasets.disable_progress_bars()
    return lambda path: datasets.load_dataset(str(path), cache_dir=str(tmp_path / "hf-cache"))


def test_splits_are_those_of_datasets(made, run_cli, load, tmp_path):
    answer = run_cli("export", "things", "--format", "hf", tmp_path / "out")
    found = load(tmp_path / "out")

    assert answer.out == f"{tmp_path / 'out'}: things 0, train 6, my_test 4\n"
    assert {name: len(split) for name, split in found.items()} == {"train": 6, "my_test": 4}
    assert found["train"].features["image"] == datasets.Array2D((4, 3), "uint8")
    row = found["my_test"].with_format("numpy")[1]
    assert (row["sample"], row["label"], row["name"]) == (7, 7, "t7")
    assert row["image"].tolist() == [[7] * 3] * 4
    assert row["path"].tolist() == [0.0]


def test_sets_are_columns(made, cache, run_cli, load, tmp_path):
    datagen_core.generate(things, 4, {"left": 1}, executor="inline", cache=cache)
    words = ("--all-sets", "--fields", "label,path", "--shards", "3")
    run_cli("export", "things", "--format", "hf", tmp_path / "out", *words)
    found = load(tmp_path / "out")

    assert sorted(path.name for path in (tmp_path / "out" / "data").glob("raw-*")) == [
        f"raw-0000{n}-of-00003.parquet" for n in range(3)
    ]
    assert found["raw"].column_names == ["set", "left", "seed", "sample", "label", "path"]
    assert found["raw"]["left"][:] == [1.0] * 4
    assert found["train"]["set"][:] == [0] * 6
    assert found["raw"]["sample"][:] == [0, 1, 2, 3]


def test_metadata_and_croissant_name_the_files(made, run_cli, tmp_path):
    words = ("--licence", "mit", "--summary", "Things of all kinds")
    run_cli("export", "things", "--format", "hf", tmp_path / "out", *words)
    _, front, text = (tmp_path / "out" / "README.md").read_text().split("---\n", 2)
    metadata = yaml.safe_load(front)
    document = json.loads((tmp_path / "out" / "croissant.json").read_text())

    assert metadata["license"] == "mit"
    assert metadata["configs"][0]["data_files"] == [
        {"split": name, "path": [f"data/{name}-*.parquet"]} for name in ("train", "my_test")
    ]
    assert "Things of all kinds" in text
    files = [each for each in document["distribution"] if each["@type"] == "cr:FileObject"]
    assert [each["contentUrl"] for each in files] == [
        f"data/{name}-00000-of-00001.parquet" for name in ("train", "my_test")
    ]


@pytest.mark.filterwarnings("ignore")  # of what mlcroissant uses
def test_croissant_reads_the_same_rows(made, run_cli, tmp_path):
    croissant = pytest.importorskip("mlcroissant")
    run_cli("export", "things", "--format", "hf", tmp_path / "out", "--fields", "label")
    found = croissant.Dataset(str(tmp_path / "out" / "croissant.json"))

    assert not found.metadata.issues.errors
    rows = sorted((row["samples/sample"], row["samples/label"]) for row in found.records("samples"))
    assert rows == [(index, index) for index in range(10)]


def test_parts_of_a_view_are_splits(made, run_cli, load, tmp_path):
    sample, row = (Ragged(np.array(each), np.array([0, 1, 3])) for each in ([2, 5, 5], [1, 0, 1]))
    parts = {"mine": {"users": ["a", "b"], "sample": sample, "row": row}}
    made.publish_view("chosen", {"by": "hand"}, parts)
    run_cli("export", "things", "--view", "chosen", "--format", "hf", tmp_path / "out")
    found = load(tmp_path / "out")["mine"]

    assert found["user"][:] == ["a", "b"]
    assert found["path"][:] == [[1.0], [0.0, 1.0]]


def test_one_split_is_exported_and_progress_told(made, load, tmp_path):
    told = []
    selection = select(made, "train")
    object.__setattr__(selection, "progress", lambda done, total: told.append((done, total)))
    export(selection, "hf", tmp_path / "out", {"shards": "2"})

    assert list(load(tmp_path / "out")) == ["train"]
    assert told == [(3, 6), (6, 6)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shards", "0"], "shards is '0'; give a number"),
        (["--fields", "q"], "has no field 'q'"),
        (["--flat"], "format 'hf' has no option 'flat'"),
    ],
)
def test_what_cannot_be_is_said(made, run_cli, tmp_path, words, message):
    answer = run_cli("export", "things", "--format", "hf", tmp_path / "out", *words)

    assert (answer.code, message in answer.err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_splits_of_one_name_in_datasets_are_refused(made, cache, run_cli, tmp_path):
    datagen_core.generate(things, 4, executor="inline", cache=cache)
    Cache(cache)["things"][0].move(2, "my_test")
    answer = run_cli("export", "things", "--format", "hf", tmp_path / "out")

    assert "two splits would be called 'my_test' in datasets" in answer.err
    assert not (tmp_path / "out").exists()


def test_shards_are_read_as_they_are(cache, tmp_path):
    plain = Schema({name: FIELDS[name] for name in ("image", "label", "name")})

    @datagen_core.generator(4, schema=plain)
    def fixed(size, start):
        for index in range(start, start + size):
            yield {"image": np.full((4, 3), index), "label": index, "name": f"t{index}"}

    for _ in range(2):
        made = datagen_core.generate(fixed, 5, executor="inline", cache=cache)
    files = sorted(map(str, made.paths.shards.glob("*.h5")))
    found = datasets.load_dataset(
        "hdf5", data_files=files, split="train", cache_dir=str(tmp_path / "hf-cache")
    )

    assert len(files) > 1
    assert found["label"][:] == list(range(10))
    assert found["name"][7] == "t7"
    assert found.with_format("numpy")[7]["image"].tolist() == [[7] * 3] * 4
