"""`datagen repair`: damage is set aside, and made again by the same code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

import generators_for_tests
import private_sets
from datagen_core import Cache
from datagen_core.store import documents, shards
from datagen_core.store.compaction import compact
from datagen_core.upkeep import repair
from datagen_core.upkeep.repair import find_repair
from datagen_core.upkeep.verify import verify
from view_parts import part, published

FILE = Path(generators_for_tests.__file__)
SINE = f"{FILE}:sine"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    monkeypatch.setattr(documents, "_RETRIES", 1)


@pytest.fixture
def processes():
    """Return a function that runs commands at once and returns their exit codes."""

    def run(commands):
        head = [sys.executable, "-m", "datagen_core"]
        begun = [subprocess.Popen([*head, *words]) for words in commands]
        return [process.wait() for process in begun]

    return run


@pytest.fixture
def made(generate_inline, cache):
    """Return 25 and 15 samples in two shards, some of which are in splits or excluded."""
    generate_inline(SINE, "-n", 25)
    generate_inline(SINE, "-n", 15)
    made = Cache(cache)["sine"][0]
    made.move(30, "train")
    made.exclude([3, 31], "why")
    return made


def flip_a_byte(path):
    with h5py.File(path, "r") as file:
        place = file["x"].id.get_offset()
    content = bytearray(path.read_bytes())
    content[place + 3] ^= 4
    path.write_bytes(content)


def relabel(path):
    with h5py.File(path, "r+") as file:
        file.attrs["digest"] = "0" * 64


def replace_by_text(path):
    path.write_text("nothing")


def files_of(made):
    return sorted([*made.paths.packs.glob("*.h5"), *made.paths.shards.glob("*.h5")])


@pytest.mark.parametrize(
    "damage", [flip_a_byte, relabel, replace_by_text, lambda path: os.truncate(path, 0)]
)
def test_damage_is_set_aside_and_made_again(run_cli, made, damage):
    path, expected, ledger = files_of(made)[0], made["train"].digest, made.counts
    everything = made.samples.digest
    damage(path)
    bad = path.read_bytes()
    answer = run_cli("repair", "--executor", "inline")

    assert answer.code == 0
    assert f"{path} is damaged" in answer.out
    assert made.samples.digest == everything
    assert [each.read_bytes() for each in made.paths.damaged.iterdir()] == [bad]
    assert (made["train"].digest, made.counts, len(made.excluded)) == (expected, ledger, 2)
    assert verify(made).problems == ()
    assert run_cli("repair", "--executor", "inline").out == "nothing is damaged\n"


def test_the_answer_names_each_file(run_cli, made):
    path = files_of(made)[0]
    flip_a_byte(path)
    [found] = run_cli("repair", "--executor", "inline", "--json").json
    [place] = made.paths.damaged.iterdir()

    assert found == {
        "generator": "sine",
        "set": 0,
        "name": "sine 0",
        "files": [{"file": str(path), "problem": f"{path} is damaged: its checksum does not match",
                   "place": str(place), "made": True, "equal": True, "advice": ""}],
        "problems": [],
    }  # fmt: skip


def test_a_dry_run_changes_nothing(run_cli, made):
    path = files_of(made)[0]
    flip_a_byte(path)
    answer = run_cli("repair", "sine", "-p", 0, "--dry-run")

    assert (answer.code, path.exists(), made.paths.damaged.exists()) == (0, True, False)
    assert f"sine 0: {path} is damaged" in answer.out


def test_what_another_file_holds_needs_no_code(run_cli, made, monkeypatch):
    compact(made.paths, made.record, made.schema)
    flip_a_byte(next(made.paths.packs.glob("*.h5")))
    monkeypatch.setattr("datagen_core.scheduling.resuming.take_up", None)

    assert run_cli("repair", "--executor", "inline").code == 0
    assert len(list(made.paths.damaged.iterdir())) == 1
    assert verify(made).problems == ()


def test_a_pack_of_shards_that_are_gone_is_made_again(run_cli, made):
    compact(made.paths, made.record, made.schema, grace=0)
    [pack], expected = files_of(made), made["train"].digest
    flip_a_byte(pack)
    [found] = run_cli("repair", "--executor", "inline", "--json").json

    assert [(each["made"], each["equal"]) for each in found["files"]] == [(True, True)]
    assert made["train"].digest == expected


def test_a_repair_that_was_killed_is_taken_up_by_the_next(run_cli, made):
    path = files_of(made)[0]
    flip_a_byte(path)
    begun = find_repair(made)
    begun.set_aside(begun.runs, ())  # and no more
    [found] = run_cli("repair", "--executor", "inline", "--json").json

    assert [each["problem"] for each in found["files"]] == ["set aside by an earlier repair"]
    assert len(made.existing) == 40


def test_a_repair_that_is_late_puts_back_what_is_sound_by_then(made):
    path = files_of(made)[0]
    before = path.read_bytes()

    assert repair._set_aside(made.paths, path) is None
    assert path.read_bytes() == before
    path.unlink()
    assert repair._set_aside(made.paths, path) is None
    assert list(made.paths.damaged.iterdir()) == []


CODE = """
import datagen_core

@datagen_core.generator(5)
def walk(size, rng):
    return {"x": rng.normal(size=size)}

@walk.preprocessor
def double(columns):
    return {"x": 2 * columns["x"]}
"""


@pytest.mark.parametrize("samples", [10, 5])
def test_other_code_makes_nothing_again(run_cli, tmp_path, cache, samples):
    file = tmp_path / "walk.py"
    file.write_text(CODE)
    for n in (samples, 10 - samples):
        if n:
            run_cli("generate", f"{file}:walk", "-n", n, "--executor", "inline")
    made = Cache(cache)["walk"][0]
    path = files_of(made)[0]
    flip_a_byte(path)
    bad = path.read_bytes()
    file.write_text(CODE.replace("normal", "uniform"))
    refused = run_cli("repair", "--executor", "inline", "--trust")

    assert refused.code == 2
    assert "raise `version` to begin a new set, put the code back" in refused.err
    assert list(made.paths.damaged.iterdir()) == []  # it was put back
    assert path.read_bytes() == bad
    file.write_text(CODE)
    assert run_cli("repair", "--executor", "inline", "--trust").code == 0
    assert verify(Cache(cache)["walk"][0]).problems == ()


def test_code_that_is_not_trusted_is_not_run(run_cli, made, monkeypatch, tmp_path):
    flip_a_byte(files_of(made)[0])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another user"))
    answer = run_cli("repair", "--executor", "inline")

    assert (answer.code, "not trusted" in answer.err) == (2, True)
    assert not made.paths.damaged.exists()
    assert run_cli("repair", "--executor", "inline", "--trust").code == 0


def test_results_are_made_again_by_the_same_preprocessor(run_cli, made):
    run_cli("preprocess", "sine", "square_both", "train", 10, "--trust")
    path = next(made.paths.derived("train").glob("*/*.h5"))
    sound = path.read_bytes()
    flip_a_byte(path)
    bad = path.read_bytes()
    [found] = run_cli("repair", "--executor", "inline", "--json").json

    assert [(each["made"], each["equal"]) for each in found["files"]] == [(True, True)]
    assert path.read_bytes() == sound
    assert [each.read_bytes() for each in made.paths.damaged.iterdir()] == [bad]
    assert verify(made).problems == ()


def test_results_of_samples_that_are_damaged_too_are_made_of_sound_ones(run_cli, made):
    run_cli("preprocess", "sine", "square_both", "train", 10, "--trust")
    results = [*made.paths.derived("train").glob("*/*.h5")]
    for path in (files_of(made)[0], *results):
        flip_a_byte(path)

    assert run_cli("repair", "--executor", "inline").code == 0
    assert verify(made).problems == ()


def test_results_that_an_earlier_repair_set_aside_are_made_again(run_cli, made):
    run_cli("preprocess", "sine", "square_both", "train", 10, "--trust")
    flip_a_byte(next(made.paths.derived("train").glob("*/*.h5")))
    begun = find_repair(made)
    begun.set_aside((), begun.results)  # and no more
    [found] = run_cli("repair", "--executor", "inline", "--json").json

    assert [each["problem"] for each in found["files"]] == ["set aside by an earlier repair"]
    assert verify(made).problems == ()


def test_results_of_a_preprocessor_that_changed_stay_where_they_are(run_cli, tmp_path, cache):
    file = tmp_path / "walk.py"
    file.write_text(CODE)
    run_cli("generate", f"{file}:walk", "-n", 10, "--executor", "inline")
    run_cli("move", "walk", 5, "train")
    run_cli("preprocess", f"{file}:walk", "double", "train", 5)
    path = next(Cache(cache)["walk"][0].paths.derived("train").glob("*/*.h5"))
    flip_a_byte(path)
    file.write_text(CODE.replace("2 *", "3 *"))
    answer = run_cli("repair", "--executor", "inline", "--trust")

    assert (answer.code, path.exists()) == (2, True)
    assert "the code of double has changed since it made" in answer.err


def test_a_file_of_a_view_is_set_aside_and_named(run_cli, made):
    view = published(made, train=part(a=[(0, 0), (1, 0)]))
    [path] = made.paths.views.glob("*/train/*.h5")
    os.truncate(path, 100)
    answer = run_cli("repair", "--executor", "inline")

    assert (answer.code, path.exists(), len(view)) == (5, False, 1)
    assert "make the view again, by its recipe" in answer.err


@pytest.mark.parametrize("name", ["derived", "views", "shards"])
def test_a_data_set_may_have_the_name_of_a_folder(run_cli, tmp_path, cache, name):
    file = tmp_path / "walk.py"
    file.write_text(CODE.replace("walk", name))
    run_cli("generate", f"{file}:{name}", "-n", 10, "--executor", "inline")
    flip_a_byte(files_of(Cache(cache)[name][0])[0])

    assert run_cli("repair", "--executor", "inline").code == 0
    assert verify(Cache(cache)[name][0]).problems == ()


def test_private_samples_are_never_made_again(run_cli, tmp_path, cache):
    (tmp_path / "votes.py").write_text(private_sets.SOURCE)
    run_cli("generate", f"{tmp_path}/votes.py:votes", "-n", 10, "--executor", "inline")
    made = Cache(cache)["votes"][0]
    path = files_of(made)[0]
    os.truncate(path, 100)
    before = (tmp_path / "made.txt").read_text()
    answer = run_cli("repair", "--executor", "inline", "--trust")

    assert answer.code != 0
    assert f"{path}: private samples are never made again: restore the file" in answer.err
    assert (path.stat().st_size, made.paths.damaged.exists()) == (100, False)
    assert (tmp_path / "made.txt").read_text() == before


def test_two_repairs_at_once_repair_once(made, cache, processes):
    everything, path = made.samples.digest, files_of(made)[0]
    flip_a_byte(path)
    words = ["repair", "--executor", "inline", "--trust", "--cache", str(cache)]
    codes = processes([words, words])

    assert set(codes) == {0}
    assert made.samples.digest == everything
    assert len(list(made.paths.damaged.iterdir())) == 1
    assert verify(made).problems == ()


@pytest.mark.parametrize("name", ["params.json", "schema.json", "runs/0.json"])
def test_damaged_documents_are_named_and_nothing_else_is_done(run_cli, made, name):
    flip_a_byte(files_of(made)[0])
    (made.paths.root / name).write_text("{}")
    answer = run_cli("repair", "--executor", "inline")

    assert answer.code != 0
    assert f"{name} is damaged" in answer.err
    assert not made.paths.damaged.exists()


def test_a_missing_schema_is_no_damage_of_the_files(run_cli, made):
    made.paths.schema.unlink()

    assert "schema.json is missing" in run_cli("repair", "--executor", "inline").err
    assert len(files_of(made)) == 2
