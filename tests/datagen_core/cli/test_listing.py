"""`datagen list`, `generators` and `show`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import generators_for_tests
from datagen_core import generate
from datagen_core.store import documents
from distributions import install_menagerie
from generators_for_tests import count, sine

FILE = Path(generators_for_tests.__file__)
EXAMPLES = FILE.parents[1] / "example_datasets"


@pytest.fixture
def filled(cache):
    made = generate(sine, 30, executor="inline", cache=cache)
    made.move(10, "train")
    generate(sine, 12, {"left": 0, "label": "a b"}, seed=7, executor="inline", cache=cache)
    generate(count, 5, executor="inline", cache=cache)
    return made


def cells(line):
    return line.split()


def test_an_empty_cache_says_how_to_go_on(run_cli, cache):
    answer = run_cli("list")

    assert answer.out == f"{cache} is empty; `datagen generators` lists what can be made\n"
    assert run_cli("list", "--json").json == []
    assert not cache.exists()


def test_a_line_for_each_parameter_set(run_cli, filled):
    answer = run_cli("list")
    header, *lines = [line for line in answer.out.splitlines() if line.strip()]

    assert cells(header)[:5] == ["data", "set", "set", "parameters", "seed"]
    assert "raw" in header
    assert "train" in header
    assert [cells(line)[:2] for line in lines] == [["count", "0"], ["sine", "0"], ["sine", "1"]]
    assert cells(lines[1])[2:6] == ["defaults", "0", "20", "10"]
    assert "left=0" in lines[2]
    assert "label=a b" in lines[2]
    assert all(line.rstrip().endswith("complete") for line in lines)


def test_one_data_set_alone(run_cli, filled):
    names = {row["generator"] for row in run_cli("list", "sine", "--json").json}

    assert names == {"sine"}


def test_json_has_everything(run_cli, filled):
    first = run_cli("list", "sine", "--json").json[0]
    on_disk = sum(file.stat().st_size for file in filled.paths.shards.iterdir())

    assert first["splits"] == {"raw": 20, "train": 10}
    assert (first["number"], first["seed"], first["samples"]) == (0, 0, 30)
    assert (first["bytes"], first["state"]) == (on_disk, "complete")
    assert first["digest"] == filled.record.digest
    assert first["params"]["left"] == -1.0


def test_holes_are_told(run_cli):
    run_cli("generate", f"{FILE}:broken", "-n", 20, "--executor", "inline")
    (row,) = run_cli("list", "--json").json

    assert (row["state"], row["samples"], row["reserved"]) == ("holes", 15, 20)


def test_a_damaged_set_hides_no_other(run_cli, filled, monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)
    os.truncate(filled.paths.params, 10)
    answer = run_cli("list", "--json")

    assert [(row["generator"], row["number"]) for row in answer.json] == [("count", 0), ("sine", 1)]
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert f"{filled.paths.params} is damaged" in answer.err


def test_listing_changes_no_file(run_cli, filled, cache):
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    run_cli("list")

    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before


def test_generators_are_plugins_and_those_of_a_folder(run_cli):
    found = {
        row["name"]: row["origin"]
        for row in run_cli("generators", "--generators", EXAMPLES, "--json").json
    }

    assert found["image_partition"].startswith("datagen (")
    assert found["noisy_sine"] == str(EXAMPLES / "datasets.py")


def test_a_broken_file_hides_no_plugin(run_cli, tmp_path):
    (tmp_path / "datasets.py").write_text("1 / 0")
    answer = run_cli("generators", "--generators", tmp_path)

    assert answer.code == 0
    assert "warning" in answer.err
    assert "ZeroDivisionError" in answer.err
    assert "image_partition" in answer.out


def test_broken_plugins_are_a_line_each(run_cli, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(install_menagerie(tmp_path / "site"))
    checks = {row["name"]: row["check"] for row in run_cli("generators", "--check", "--json").json}

    assert checks["good"] == "yes"
    assert checks["image_partition"] == "yes"
    broken = {name for name, verdict in checks.items() if verdict != "yes"}
    assert broken == {"needy", "absent", "torn", "misspelt", "raising", "renamed", "wrong",
                      "hookless", "twice"}  # fmt: skip
    assert all("\n" not in verdict for verdict in checks.values())


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
