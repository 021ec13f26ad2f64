"""Documents of later versions: which commands go on with them, and which say to update datagen.

Every kind of document in a cache is written by hand as a later version would, with one more key,
and the commands are called for its set.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import h5py
import numpy as np
import pytest

from datagen_core import Cache, Ragged, generate
from datagen_core.generators.registry import load_generator
from datagen_core.scheduling.judging import record_verdict
from datagen_core.scheduling.worker import run_task
from datagen_core.store.journals import read_journal
from datagen_core.store.probes import Probe, keep_probe
from datagen_core.store.runs import list_plans
from datagen_core.store.sets import grow_set
from datagen_core.upkeep.preprocess import find_preprocessor, preprocess

SOURCE = """
import numpy as np
import datagen_core

@datagen_core.generator(5)
def lines(size, start):
    for index in range(start, start + size):
        yield {"x": np.arange(index % 3 + 1.0), "y": index}

@lines.preprocessor
def doubled(X, y):
    return X, 2 * y
"""

KINDS = {
    "params": "params.json",
    "later": "later/0.json",
    "schema": "schema.json",
    "number": "../numbers/0.json",
    "code": "../code/*.json",
    "run": "runs/1.json",
    "plan": "runs/1/0.json",
    "receipt": "runs/1/workers/0.json",
    "probe": "probes/*.json",
    "verdict": "runs/1/verdicts/0-0.json",
    "journal": "runs/1/0-0.jsonl",
    "ledger": "splits/00000001.json",
    "derived": "derived/train/*/derived.json",
    "use": "derived/train/*/0.json",
    "view": "views/*/view.json",
    "frozen": "frozen/*.json",
    "shard": "shards/*.h5",
    "derived shard": "derived/train/*/*.h5",
    "view shard": "views/*/*/*.h5",
}
"""Where the document that tests change lies in the folder of a parameter set."""

KNOWN = {
    "number": 2,
    "ledger": 3,
    "frozen": 2,
    "schema": 2,
    "derived": 2,
    "shard": 2,
    "derived shard": 2,
    "view shard": 2,
}
"""The major versions that are known, where they are not 1."""

FIRST = ("lines", "-p", 0)
COMMANDS = {
    "list": ("list",),
    "show": ("show", *FIRST),
    "status": ("status", *FIRST),
    "verify": ("verify", *FIRST),
    "resample": ("verify", *FIRST, "--resample", 3),
    "export": ("export", *FIRST, "table.csv", "--format", "csv"),
    "view": ("export", *FIRST, "view.csv", "--format", "csv", "--view", "mine"),
    "move": ("move", *FIRST, 1, "test"),
    "preprocess": ("preprocess", "lines.py:lines", "doubled", "train", 4, "-p", 0),
    "freeze": ("freeze", *FIRST, "train"),
    "cancel": ("cancel", *FIRST),
    "generate": ("generate", "lines.py:lines", "-n", 5, "--executor", "inline"),
    "resume": ("resume", *FIRST, "--executor", "inline"),
    "compact": ("compact", *FIRST, "--grace", 0),
    "rm": ("rm", *FIRST, "-y"),
}
"""What is called, one after another: what changes the set comes late."""

ALL = set(COMMANDS)
CHECKS = {"verify", "resample"}
RUNS = {"list", "show", "status", "cancel", "resume", "rm"}
"""What asks for the state of runs, where samples are missing."""

MINOR = {"run": 1, "params": 2, "shard": 1, "derived shard": 1, "view shard": 1}
"""The minor versions that are known, where they are not 0."""

NEWER_MAJOR = {
    "params": ALL - {"status", "cancel"},
    "later": ALL - {"status", "cancel"},
    "schema": ALL - {"list", "status", "move", "cancel", "rm"},
    "number": ALL,
    "code": set(),
    "run": RUNS | CHECKS | {"generate"},
    "plan": RUNS,
    "receipt": RUNS,
    "verdict": RUNS,
    "journal": RUNS,
    "ledger": {"list", "show", "move", "freeze", "export", "view", "preprocess", "rm"} | CHECKS,
    "frozen": {"show", "freeze"} | CHECKS,
    "derived": {"preprocess"} | CHECKS,
    "use": {"preprocess"},
    "view": {"view"} | CHECKS,
    "probe": {"list", "show", "export", "view"} | CHECKS,
    "shard": {"freeze", "export", "view", "preprocess", "generate", "resume"} | CHECKS,
    "derived shard": CHECKS,
    "view shard": {"view"} | CHECKS,
}
LATER_MINOR = {
    "params": {"generate", "resume", "resample"},
    "later": {"generate", "resume", "resample"},
    "schema": {"generate", "resume", "resample"},
    "run": {"resume"},
    "derived": {"preprocess"},
    "shard": {"compact"},
}
"""Which commands refuse a document, by its kind."""


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Make a cache that has every kind of document, with a hole in run 1 of set 0."""
    folder = tmp_path_factory.mktemp("original")
    (folder / "lines.py").write_text(SOURCE)
    lines = load_generator(f"{folder / 'lines.py'}:lines").generator
    for seed in (0, 1):
        made = [
            generate(lines, n, seed=seed, executor=executor, cache=folder / "cache")
            for n, executor in ((10, "inline"), (5, ("local", "inline")[seed]))
        ][-1]
        made.move(4, "train")
        made["train"].freeze()
    first = Cache(folder / "cache")["lines"][0]
    keep_probe(first.paths, Probe("0123456789abcdef", ()))
    grow_set(first.paths, first.record, {"later": 1}, {})
    preprocess(first, find_preprocessor(lines, "doubled"), "train", 3)
    rows = Ragged(np.array([1]), np.array([0, 1]))
    first.publish_view(
        "mine", {"by": "hand"}, {"all": {"users": ["u"], "sample": rows, "row": rows}}
    )
    max(first.paths.shards.iterdir()).unlink()
    journal = first.paths.run(1).journal(0, 0)
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    record_verdict(list_plans(first.paths.run(1))[0], 0, "node n7 failed")
    return folder


@pytest.fixture
def copy(original, cache, tmp_path, monkeypatch):
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return next(tmp_path.glob("cache/lines/default-*"))


def change(root, kind, version=None):
    """Let a document be of a later version, or of the same one, which says something more."""
    path = min(root.glob(KINDS.get(kind, "splits/00000002.json")))
    more = {**({"format": version} if version else {}), "of_later": {"key": [1]}}
    if path.suffix == ".h5":
        numbers = map(int, version.split(".")) if version else ()
        with h5py.File(path, "r+") as file:
            file.attrs.update(zip(("version", "minor"), numbers, strict=False), of_later="more")
    elif path.suffix == ".jsonl":
        lines = [json.loads(line) | more for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    else:
        content = json.loads(path.read_text()) | more
        del content["checksum"]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        path.write_text(
            json.dumps(content | {"checksum": hashlib.sha256(text.encode()).hexdigest()})
        )
    return path


def call_all(run_cli):
    """Call all commands and return the answers of those that fail."""
    answers = {name: run_cli(*words) for name, words in COMMANDS.items()}
    return {name: answer for name, answer in answers.items() if answer.code}


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_major_version_is_refused_in_one_line(copy, run_cli, kind):
    known = KNOWN.get(kind, 1)
    path = change(copy, kind, f"{known + 1}.0")

    failed = call_all(run_cli)

    assert failed.keys() == NEWER_MAJOR[kind]
    words = (
        f"was made by a newer datagen (format {known + 1}.0, this one reads {known}.x): "
        "update datagen to read it"
    )
    for name, answer in failed.items():
        line = answer.err.splitlines()[-1]
        assert line.startswith("datagen: error: ")
        assert line.endswith(f"{path.parent.resolve() / path.name} {words}")
        assert answer.code == (5 if name in CHECKS and kind != "number" else 6)


@pytest.mark.parametrize("kind", LATER_MINOR)
def test_a_later_minor_version_is_read_and_not_extended(copy, run_cli, kind):
    known = KNOWN.get(kind, 1)
    path = change(copy, kind, f"{known}.7")

    failed = call_all(run_cli)

    assert failed.keys() == LATER_MINOR[kind]
    newest = f"{known}.{MINOR.get(kind, 0)}"
    words = f"was made by a newer datagen (format {known}.7, this one knows {newest})"
    for answer in failed.values():
        assert f"{path} {words}" in answer.err
        assert answer.err.endswith("update datagen to go on with it\n")


def test_later_minor_versions_of_everything_else_change_nothing(copy, run_cli):
    for kind in KINDS.keys() - LATER_MINOR:
        change(copy, kind, f"{KNOWN.get(kind, 1)}.7")

    assert not call_all(run_cli)


def test_one_key_more_in_every_document_changes_nothing(copy, run_cli):
    for kind in KINDS:
        change(copy, kind)

    assert not call_all(run_cli)


@pytest.mark.parametrize("kind", ["params", "number", "run"])
def test_a_set_that_is_too_new_disables_no_other(copy, run_cli, kind):
    change(copy, kind, "9.0")
    other = ("lines", "-p", "seed=1")

    listed = run_cli("list", "--json")
    good, bad = listed.json
    assert (listed.code, good["number"], good["damaged"]) == (6, 1, None)
    assert (bad["generator"], bad["number"]) == ("lines", None if kind == "number" else 0)
    assert bad["damaged"] in listed.err
    assert listed.err.count("\n") == 1
    for command in (
        ("move", *other, 1, "test"),
        ("generate", "lines.py:lines", "-n", 5, "--seed", 1, "--executor", "inline"),
        ("export", *other, "table.csv", "--format", "csv"),
        ("verify", *other, "--resample", 3),
    ):
        assert run_cli(*command).code == 0
    assert re.search(r"^lines 1: \d+ files, .* good$", run_cli("verify").out, re.MULTILINE)
    assert "lines 1: " in run_cli("compact").out
    assert run_cli("rm", *other, "-y").code == 0


def test_no_set_is_the_only_one_beside_one_that_is_too_new(copy, run_cli):
    change(copy, "params", "2.0")

    answer = run_cli("move", "lines", 1, "test")

    assert answer.code == 2
    assert "lines has 2 parameter sets: 0 (unreadable), 1 (seed=1)" in answer.err


def test_a_ledger_passes_on_what_a_later_version_says(copy, run_cli):
    change(copy, "ledger", "1.7")

    assert run_cli(*COMMANDS["move"]).code == 0

    content = json.loads((copy / "splits/00000002.json").read_text())
    assert (content["format"], content["of_later"]) == ("1.0", {"key": [1]})


def test_a_ledger_that_excludes_samples_stays_one_that_older_versions_refuse(copy, run_cli):
    words = ("exclude", *FIRST, "--indices", 1, "--reason", "bad")
    assert run_cli(*words).code == 0
    change(copy, "newest ledger", "2.7")
    assert run_cli(*COMMANDS["move"]).code == 0

    content = json.loads((copy / "splits/00000003.json").read_text())
    assert (content["format"], content["of_later"]) == ("2.0", {"key": [1]})
    assert content["excluded"][0]["reason"] == "bad"


@pytest.mark.parametrize("version", ["1.7", "2.0"])
def test_a_worker_does_not_follow_the_plan_of_a_newer_version(copy, version):
    change(copy, "plan", version)

    word = run_task((str(copy), 1, 0), 0)

    assert "was made by a newer datagen" in word
    assert read_journal(copy / "runs/1/0-0.jsonl")[-1]["reason"] == word
    assert not (copy / "shards/000000000010-000000000015.h5").exists()


def test_every_document_names_its_format(original):
    documents = list(original.rglob("*.json*"))
    lines = [line for path in documents for line in read_lines(path)]

    assert {json.loads(line)["format"] for line in lines} == {"1.0", "1.1", "1.2", "1.3"}
    assert len({path.parent.name for path in documents}) > 8


def read_lines(path):
    text = path.read_text()
    return text.splitlines() if path.suffix == ".jsonl" else [text]
