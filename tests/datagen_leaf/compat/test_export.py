"""LEAF's JSON files: those of LEAF itself, and those of its way done anew, byte for byte."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import datagen_core
import leaf_original
from datagen_core import DatagenError
from datagen_core.upkeep.export import export, select
from datagen_leaf.cli import leaf
from leaf_tasks import has_reference_logarithm

GOLDEN = json.loads((Path(__file__).parents[1] / "golden_preprocess.json").read_text())
SMALL = "n50_c2_d10_s7_p1.0"


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("data/*/*.json"))
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    golden = GOLDEN[SMALL]
    cache = tmp_path_factory.mktemp("golden")
    params = {"num_classes": golden["classes"], "num_dim": golden["dim"], "stream": "leaf"}
    make = {"seed": golden["seed"], "executor": "inline", "cache": cache}
    datagen_core.generate("leaf_synthetic", golden["tasks"], params, **make)
    return cache


@pytest.mark.skipif(not has_reference_logarithm(), reason="another log() makes other last digits")
@pytest.mark.parametrize("run", GOLDEN[SMALL]["runs"])
def test_files_are_those_of_leaf(small, tmp_path, run):
    golden = GOLDEN[SMALL]["runs"][run]
    words = ["preprocess", "leaf_synthetic", "--cache", str(small), *golden["args"].split()]
    told = CliRunner().invoke(leaf, [*words, "--json"], catch_exceptions=False).output
    param_set = datagen_core.Cache(small)["leaf_synthetic"][0]
    export(select(param_set, view=json.loads(told)[-1]["view"]), "leaf", tmp_path / "tree")
    expected = {f"data/{path}": file["file_md5"] for path, file in golden["files"].items()}
    expected["data/all_data/data.json"] = GOLDEN[SMALL]["file_md5"]

    found = contents(tmp_path / "tree")
    assert {path: hashlib.md5(text).hexdigest() for path, text in found.items()} == expected


def test_excluded_samples_are_in_no_file(tasks, views, tmp_path):
    gone = views("-s", "niid", "--sf", 0.5, "--smplseed", 1)[-1]["view"]
    tasks.exclude([0, 7], "bad")
    export(select(tasks, view=views("-s", "niid", "--sf", 1)[-1]["view"]), "leaf", tmp_path / "l")

    for text in contents(tmp_path / "l").values():
        assert sorted(map(int, json.loads(text)["users"])) == [*range(1, 7), *range(8, 40)]
    with pytest.raises(DatagenError, match="chosen from samples of which 0, 7 are excluded"):
        export(select(tasks, view=gone), "leaf", tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def original(folder, tasks, words):
    """Do with LEAF's way what the words ask for."""
    options = dict(zip(words[::2], words[1::2], strict=True))
    fraction, users = float(options.get("--sf", 0.1)), float(options.get("--iu", 0.01))
    rows = tasks.samples.get()
    leaf_original.write_all_data(folder, list(zip(rows["x"], rows["y"], strict=True)))
    if "-s" in options:
        leaf_original.sample(folder, options["-s"], fraction, users, int(options["--smplseed"]))
    if "-k" in options:
        leaf_original.remove_users(folder, int(options["-k"]))
    if "-t" in options:
        part = float(options.get("--tf", 0.9))
        leaf_original.split(folder, options["-t"], part, int(options["--spltseed"]))


@pytest.mark.parametrize(
    "words",
    [
        "-s niid --sf 1.0 -k 5 -t sample --tf 0.6",
        "-s niid --sf 0.37 -t user --tf 0.8",
        "-s iid --sf 0.5 --iu 0.25 -k 2 -t sample",
        "-s iid --sf 0.02 --iu 1.0",
        "-s iid --sf 0.02 --iu 1.0 -t user --tf 0.5",
        "-k 7 -t user --tf 0.5",
        "-t sample --tf 0.05",
        "-k 30",
    ],
)
def test_files_are_those_of_leafs_way(tasks, views, datagen, tmp_path, words):
    words = [*words.split(), "--smplseed", "11", "--spltseed", "12"]
    original(tmp_path / "original", tasks, words)
    view = views(*words)[-1]["view"]
    datagen("export", "leaf_synthetic", "--view", view, "--format", "leaf", tmp_path / "ours")

    assert contents(tmp_path / "ours") == contents(tmp_path / "original")


def test_meta_holds_seeds_checksums_and_recipes(views, datagen, tmp_path):
    view = views("-s", "niid", "-t", "sample", "--smplseed", 4, "--spltseed", 5)[-1]["view"]
    datagen("export", "leaf_synthetic", "--view", view, "--format", "leaf", tmp_path / "tree")
    meta = {path.name: path.read_text() for path in (tmp_path / "tree" / "meta").iterdir()}
    sums = dict(line.split("  ")[::-1] for line in meta["dir-checksum.md5"].splitlines())

    assert meta["sampling_seed.txt"].endswith("\n4")
    assert meta["split_seed.txt"].endswith("\n5")
    assert list(sums) == sorted(contents(tmp_path / "tree"))
    for path, text in contents(tmp_path / "tree").items():
        assert sums[path] == hashlib.md5(text).hexdigest()
    stages = json.loads(meta["recipes.json"])["stages"]
    assert [stage["operation"] for stage in stages] == ["sample", "split"]


def test_checksums_can_be_left_out(datagen, tmp_path):
    words = ["leaf_synthetic", "--format", "leaf", tmp_path / "tree", "-o", "checksum=no"]
    datagen("export", *words)

    assert [path.name for path in (tmp_path / "tree" / "meta").iterdir()] == ["recipes.json"]
    assert list(contents(tmp_path / "tree")) == ["data/all_data/data.json"]


def test_all_data_are_those_that_a_view_has_seen(tasks, views, tmp_path):
    before = select(tasks, view=views("-s", "niid", "--smplseed", 1)[-1]["view"])
    export(before, "leaf", tmp_path / "before")
    make = {"seed": 3, "executor": "inline", "cache": tasks.paths.root.parents[1]}
    datagen_core.generate("leaf_synthetic", 5, tasks.params, **make)
    export(before, "leaf", tmp_path / "after")

    assert len(tasks.samples) == 45
    assert contents(tmp_path / "after") == contents(tmp_path / "before")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"split": "raw"}, "hold all samples, or a whole view"),
        ({"view": "train_9", "part": "test"}, "hold all samples, or a whole view"),
        ({"view": "mine"}, "view mine-.* was not made by `datagen leaf`"),
    ],
)
def test_what_leaf_has_no_files_for_is_refused(tasks, views, tmp_path, chosen, message):
    views("-t", "sample", "--spltseed", 1)
    rows = datagen_core.Ragged(np.array([0]), np.array([0, 1]))
    part = {"users": ["a"], "sample": rows, "row": rows}
    tasks.publish_view("mine", {"by": "hand"}, {"data": part})

    with pytest.raises(datagen_core.DatagenError, match=message):
        export(select(tasks, **chosen), "leaf", tmp_path / "tree")
    assert not list(tmp_path.glob("*tree*"))


def test_a_wrong_option_is_refused(tasks, tmp_path):
    with pytest.raises(datagen_core.DatagenError, match="checksum is yes or no, not 'maybe'"):
        export(select(tasks), "leaf", tmp_path / "tree", {"checksum": "maybe"})
