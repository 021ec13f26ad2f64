"""`datagen pate combine` and `datagen pate evaluate`, on files and on a cache."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from datagen_core import Cache
from datagen_pate.cli.combine import combine
from datagen_pate.cli.evaluate import evaluate
from datagen_pate.compat import evaluation
from datagen_pate.compat.trees import write_teacher
from datagen_pate.errors import ArgumentError, PateError
from datagen_pate.files.sample_files import read_samples, write_samples
from datagen_pate.labelled import load_parameter_set

GENERATOR = """
import json
import numpy as np
from datagen_core import Field, Schema, generator

@generator(2, schema=Schema({
    "images": Field("uint8", (28, 28), ragged=True), "labels": Field("uint8", ragged=True),
    "confidence": Field("float32", ragged=True), "report": Field("str"),
}))
def pate_images(size, rng, start):
    for index in range(start, start + size):
        count = 5 * index
        yield {
            "images": rng.integers(0, 256, (count, 28, 28), np.uint8),
            "labels": np.arange(count).astype("uint8") % 10,
            "confidence": np.full(count, 0.95, "float32"),
            "report": json.dumps({"num_selected": count}),
        }
"""


def call(command, *arguments):
    found = CliRunner().invoke(command, list(map(str, arguments)))
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


@pytest.fixture
def tree(tmp_path):
    rng = np.random.default_rng(0)
    for number in (0, 1):
        sample = {
            "images": rng.integers(0, 256, (20, 28, 28), np.uint8),
            "labels": np.arange(20).astype(np.uint8) % 10,
            "confidence": np.full(20, 0.97, np.float32),
            "report": {},
        }
        write_teacher(tmp_path / "teachers" / f"teacher_{number}", sample, with_evaluation=False)
    return tmp_path / "teachers"


@pytest.fixture
def sets(tmp_path, run_cli, cache):
    """Make a cache of three teachers, with 0, 5 and 10 images."""
    (tmp_path / "generators.py").write_text(GENERATOR)
    name = f"{tmp_path / 'generators.py'}:pate_images"
    assert run_cli("generate", name, "-n", 3, "--executor", "inline").code == 0
    return cache


def test_combine_takes_the_options_of_the_original(tmp_path, tree):
    options = ("--percentage", 0.5, "--seed", 1, "--name", "half", "--end-id", 1, "--no-stratify")
    found = call(combine, "--teachers-dir", tree, "--output", tmp_path / "out", *options)

    assert "10 samples of 1 teacher\n" in found.output
    assert len(read_samples(tmp_path / "out" / "half_samples.pt")) == 10


def test_excluded_teachers_are_left_out(tmp_path, sets, run_cli):
    Cache(sets)["pate_images"][0].exclude([1], "a bad decoder")
    words = ("-p", 0, "--cache", sets)
    joined = call(combine, *words, "--output", tmp_path / "out", "--json")
    judged = call(evaluate, *words, "--json")
    tree = run_cli("export", "pate_images", "--format", "pate", tmp_path / "tree")

    assert json.loads(joined.stdout)["teacher_ids"] == [0, 2]
    assert list(json.loads(judged.stdout)["samples"]) == ["0", "2"]
    assert sorted(path.name for path in (tmp_path / "tree/teachers").iterdir()) == [
        "teacher_0", "teacher_2",
    ]  # fmt: skip
    left_out = "pate_images 0: 1 excluded sample is left out\n"
    assert {joined.stderr, judged.stderr, tree.err} == {left_out}
    assert len(load_parameter_set(Cache(sets)["pate_images"][0]).labels) == 10


def test_combine_takes_a_parameter_set(tmp_path, sets):
    found = call(combine, "-p", 0, "--cache", sets, "--output", tmp_path / "out", "--json")

    assert json.loads(found.output)["teacher_distribution"] == {"0": 0, "1": 5, "2": 10}


def test_combine_takes_files_or_a_set(tmp_path, tree):
    found = call(combine, "--teachers-dir", tree, "-p", 0, "--output", tmp_path / "out")

    assert found.exit_code == 2


def test_evaluate_finds_labels_beside_the_samples(tmp_path, tree):
    samples = tree / "teacher_0" / "synthetic_samples.pt"
    found = call(evaluate, "--samples", samples, "--out", tmp_path / "report.json")

    report = json.loads((tmp_path / "report.json").read_text())
    assert "average_confidence 0.97 (>= 0.9): pass" in found.output
    assert "diversity_ratio unknown (>= 0.75): not checked" in found.output
    assert report["metadata"]["synthetic_labels_path"] == str(samples.with_name("labels.csv"))
    assert len(report["inputs"]) == 2


def test_evaluate_compares_with_a_shard_and_its_labels(tmp_path, tree):
    shard = np.random.default_rng(1).integers(0, 256, (10, 28, 28), np.uint8)
    write_samples(tmp_path / "shard.pt", 10, [shard])
    (tmp_path / "shard.csv").write_text(
        "index,label\n" + "".join(f"{index},{index}\n" for index in range(10))
    )
    found = call(
        evaluate, "--samples", tree / "teacher_0" / "synthetic_samples.pt", "--json",
        "--shard", tmp_path / "shard.pt", "--shard-labels", tmp_path / "shard.csv",
    )  # fmt: skip

    report = json.loads(found.output)
    assert report["success_criteria"]["passed"] == 4
    assert report["class_distribution"]["histogram_l1_distance"] == 0


def test_evaluate_takes_a_shard_of_mnist_by_indices(tmp_path, tree, monkeypatch):
    images = np.random.default_rng(2).integers(0, 256, (100, 28, 28), np.uint8)
    mnist = SimpleNamespace(images=images, labels=np.arange(100) % 10)
    monkeypatch.setattr(evaluation, "load_images", lambda source, folder: mnist)
    (tmp_path / "indices.json").write_text(json.dumps({"0": [0, 1], "1": list(range(30))}))
    found = call(
        evaluate, "--samples", tree / "teacher_0" / "synthetic_samples.pt", "--json",
        "--teacher-id", 1, "--shard-indices", tmp_path / "indices.json",
    )  # fmt: skip

    report = json.loads(found.output)
    assert report["metadata"]["num_original_samples"] == 30
    assert report["class_distribution"]["original"]["9"] == 3


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--teacher-id", "3"], "name --shard-indices"),
        (["--shard-labels", "labels.csv"], "name --shard too"),
        (["--shard", "shard.pt"], "shard.pt does not exist; name the shard"),
        (["--labels", "none.csv"], "none.csv cannot be read"),
    ],
)
def test_evaluate_says_what_is_missing(tree, options, complaint, monkeypatch):
    monkeypatch.chdir(tree)
    with pytest.raises(PateError, match=complaint):
        call(evaluate, "--samples", "teacher_0/synthetic_samples.pt", *options)


def test_evaluate_takes_every_sample_of_a_set_or_one(tmp_path, sets):
    found = call(evaluate, "-p", 0, "--cache", sets, "--out", tmp_path / "all.json")
    assert len(found.output.splitlines()) == 3
    reports = json.loads((tmp_path / "all.json").read_text())["samples"]
    assert reports["2"]["metadata"]["num_synthetic_samples"] == 10

    one = call(evaluate, "-p", 0, "--cache", sets, "--sample", 1, "--json")
    assert json.loads(one.output)["metadata"]["num_synthetic_samples"] == 5
    with pytest.raises(ArgumentError, match="no sample 7"):
        call(evaluate, "-p", 0, "--cache", sets, "--sample", 7)


def test_every_command_asks_which_of_several_sets(tmp_path, sets, run_cli):
    name = f"{tmp_path / 'generators.py'}:pate_images"
    assert run_cli("generate", name, "-n", 1, "--seed", 7, "--executor", "inline").code == 0
    out = ("-o", tmp_path / "out.html")
    for words in (("train-student", "--from", "pate_images"), ("report", "pate_images", *out)):
        said = run_cli("pate", *words)
        assert said.code == 2
        assert "pate_images has 2 parameter sets: 0 (defaults), 1 (seed=7)" in said.err
        assert "choose one with -p" in said.err


def test_set_without_a_generator_is_refused(tmp_path, run_cli):
    np.savez(tmp_path / "digits.npz", x=np.zeros((3, 28, 28), np.uint8), y=np.arange(3))
    said = run_cli("pate", "train-student", "--data", tmp_path / "digits.npz", "-p", 0)

    assert said.code == 2
    assert "name it with --from" in said.err


def test_evaluate_needs_files_or_a_set():
    assert call(evaluate).exit_code == 2
