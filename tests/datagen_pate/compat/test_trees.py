from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pytest

from datagen_core import Cache
from datagen_pate.compat.trees import list_teachers, read_shard_files, write_teacher, write_tree
from datagen_pate.errors import PateError
from datagen_pate.teachers.artefact import Shard, write_shards


def make_sample(seed, count=6):
    rng = np.random.default_rng(seed)
    return {
        "images": rng.integers(0, 256, (count, 28, 28), np.uint8),
        "labels": rng.integers(0, 10, count).astype(np.uint8),
        "confidence": rng.uniform(0.9, 1, count).astype(np.float32),
        "report": json.dumps({"num_selected": count, "samples_path": None}),
    }


class Samples(list):
    indices = np.array([2, 10])


@pytest.fixture
def selection(tmp_path):
    """Return what `datagen export` gives: teachers 2 and 10, and a file of all shards."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (11, 3, 28, 28), np.uint8)
    labels = np.array([1, 1, 4])
    write_shards(tmp_path / "shards.npz", [Shard.of(each, labels, labels) for each in images])
    digest = hashlib.sha256((tmp_path / "shards.npz").read_bytes()).hexdigest()
    inputs = tmp_path / "cache" / "inputs"
    inputs.mkdir(parents=True)
    (tmp_path / "shards.npz").rename(inputs / digest)
    Cache(tmp_path / "cache")  # from now on its input files are found
    fields = dict.fromkeys(("images", "labels", "confidence", "report"))
    param_set = SimpleNamespace(
        params={"shards": f"sha256:{digest}"},
        paths=SimpleNamespace(root=tmp_path / "cache" / "pate_images" / "set"),
        schema=SimpleNamespace(fields=fields),
    )
    samples = Samples([make_sample(0), make_sample(1, 0)])
    return SimpleNamespace(param_set=param_set, parts={"all": samples})


def test_a_tree_comes_back(tmp_path, selection):
    write_tree(tmp_path / "tree", selection)

    two, ten = list_teachers(tmp_path / "tree")

    sample = make_sample(0)
    assert [two.teacher_id, ten.teacher_id] == [2, 10]
    assert np.array_equal(two.images, sample["images"] / np.float32(255))
    assert np.array_equal(two.labels, sample["labels"])
    assert np.array_equal(two.confidence, sample["confidence"])
    assert len(ten.images) == len(ten.labels) == 0


def test_reports_name_the_files_and_their_hash(tmp_path, selection):
    write_tree(tmp_path / "tree", selection)
    folder = tmp_path / "tree" / "teachers" / "teacher_2"

    report = json.loads((folder / "selection_report.json").read_text())
    measured = json.loads((folder / "evaluation_report.json").read_text())

    content = (folder / "synthetic_samples.pt").read_bytes()
    assert report["samples_hash"] == hashlib.sha256(content).hexdigest()
    assert report["num_selected"] == measured["metadata"]["num_synthetic_samples"] == 6
    assert measured["class_distribution"]["original"]["1"] == 2
    assert measured["metadata"]["num_original_samples"] == 3


def test_private_images_are_written_only_when_asked_for(tmp_path, selection):
    write_tree(tmp_path / "tree", selection, evaluation="no")
    written = {path.name for path in (tmp_path / "tree").rglob("*") if path.is_file()}
    assert written == {"synthetic_samples.pt", "labels.csv", "selection_report.json"}

    write_tree(tmp_path / "with", selection, evaluation="no", shards="yes")
    shard = list_teachers(tmp_path / "with")[0].shard
    assert shard.images.shape == (3, 28, 28)
    assert shard.class_counts.tolist() == [0, 2, 0, 0, 1, 0, 0, 0, 0, 0]
    metadata = tmp_path / "with" / "teachers" / "teacher_2" / "metadata.json"
    assert json.loads(metadata.read_text())["shard_path"] == "teachers/teacher_2/shard.pt"


def test_shards_that_nobody_knows_cannot_be_written(tmp_path, selection):
    selection.param_set.params = {}

    write_tree(tmp_path / "tree", selection)
    with pytest.raises(PateError, match="made without shards"):
        write_tree(tmp_path / "with", selection, shards="yes")


def test_options_and_samples_of_something_else_are_refused(tmp_path, selection):
    with pytest.raises(PateError, match="evaluation must be yes or no, not 'maybe'"):
        write_tree(tmp_path / "tree", selection, evaluation="maybe")
    selection.param_set.schema.fields = {"x": None}
    with pytest.raises(PateError, match="choose a parameter set of pate_images"):
        write_tree(tmp_path / "tree", selection)


def fill(tmp_path, *numbers):
    for number in numbers:
        folder = tmp_path / "teachers" / f"teacher_{number}"
        write_teacher(folder, make_sample(number), with_evaluation=False)
    return tmp_path / "teachers"


def test_teachers_are_in_the_order_of_numbers(tmp_path):
    root = fill(tmp_path, 10, 2, 1)
    (root / "teacher_x").mkdir()

    assert [each.teacher_id for each in list_teachers(root)] == [1, 2, 10]
    assert [each.teacher_id for each in list_teachers(root, 2, 10)] == [2]
    assert [each.teacher_id for each in list_teachers(root, compat="original")] == [1, 10, 2]


def test_no_teacher_is_refused(tmp_path):
    with pytest.raises(PateError, match="name the folder `teachers`"):
        list_teachers(fill(tmp_path, 1), 5)


def test_images_and_labels_must_be_as_many(tmp_path):
    root = fill(tmp_path, 1)
    (root / "teacher_1" / "labels.csv").write_text("index,label\n0,3\n")

    with pytest.raises(PateError, match="6 images and 1 labels"):
        list_teachers(root)[0].images  # noqa: B018 (it reads)


@pytest.mark.parametrize("text", ["{", "[]", '{"class_distribution": {"0": "many"}}'])
def test_metadata_of_something_else_is_refused(tmp_path, text):
    (tmp_path / "metadata.json").write_text(text)

    with pytest.raises(PateError, match="no class_distribution"):
        read_shard_files(tmp_path / "shard.pt", tmp_path / "metadata.json")
