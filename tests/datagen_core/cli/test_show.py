"""`datagen show`."""

from __future__ import annotations

import json
from pathlib import Path

import datagen_core
import generators_for_tests

FILE = Path(generators_for_tests.__file__)
EXAMPLES = FILE.parents[1] / "example_datasets"


def test_a_generator_is_described(run_cli):
    shown = run_cli("show", f"{FILE}:sine", "--json").json

    assert (shown["generator"], shown["batch_size"], shown["memory"]) == ("sine", 10, "1GB")
    assert shown["doc"] == "Draw pairs from a noisy sine wave."
    assert shown["preprocessors"] == ["square_both"]
    assert [param["name"] for param in shown["params"]] == ["left", "right", "noise", "label"]
    assert shown["schema"] == "inferred from the first batch"


def test_a_description_reads_well(run_cli):
    answer = run_cli("show", "noisy_sine", "--generators", EXAMPLES)

    assert "Leftmost value of x." in answer.out
    assert "float" in answer.out


def test_a_parameter_set_is_described_with_its_provenance(run_cli, filled):
    shown = run_cli("show", "sine", "-p", 0, "--json").json

    assert shown["schema"][0]["name"] == "x"
    assert shown["batch_size"] == 10
    assert {"host", "created", "packages", "command", "source"} <= set(shown)
    assert json.loads(json.dumps(shown)) == shown


def test_a_parameter_set_reads_well(run_cli, filled):
    answer = run_cli("show", "sine", "-p", "left=0")

    assert answer.code == 0
    assert "float64" in answer.out or "<f8" in answer.out


TIMED = """
import numpy as np
import datagen_core as d
RECORD = np.dtype([("loss", "f8"), ("seconds", "f8")])
FIELDS = {"x": d.Field("f8"), "r": d.Field(RECORD, measured=("seconds",))}

@d.generator(5, schema=d.Schema(FIELDS))
def timed(size):
    yield from ({"x": 0.0, "r": np.zeros((), RECORD)} for _ in range(size))
"""


def test_a_field_that_has_more_to_say_than_others_reads_well(run_cli, tmp_path):
    (tmp_path / "timed.py").write_text(TIMED)
    name = f"{tmp_path / 'timed.py'}:timed"
    run_cli("generate", name, "-n", 5, "--executor", "inline")

    for words in (["show", name], ["show", "timed", "-p", 0]):
        answer = run_cli(*words)
        assert answer.code == 0, answer.err
        assert "record of loss float64, seconds float64 (measured)" in answer.out


def test_the_plugin_of_a_set_is_named_with_its_version(run_cli):
    run_cli("generate", "leaf_synthetic", "-n", 1, "--executor", "inline")
    plugin = f"datagen {datagen_core.__version__}"

    assert plugin in run_cli("show", "leaf_synthetic", "-p", 0).out
    assert plugin in run_cli("show", "leaf_synthetic", "-p", 0, "--runs").out
