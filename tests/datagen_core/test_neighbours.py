"""Two users of one cache, one of whom closes what he makes: the other one's work goes on."""

from __future__ import annotations

import json
import os

import pytest

import datagen_core
from generators_for_tests import count
from other_users import GROUP, OTHER, OWNER, find_others

PROGRAM = """
import datagen_core as d
@d.generator(5)
def g(size, rng):
    yield from ({"x": x} for x in rng.random(size))
@d.generator(5)
def h(size, rng):
    yield from ({"x": x} for x in rng.random(size))
"""

others = pytest.fixture(scope="module")(find_others)


@pytest.fixture(scope="module")
def folder(others):
    return others.folder


@pytest.fixture(scope="module")
def datagen(others, folder):
    """Return `datagen(user, umask, *words)` for a cache with one open data set and one closed."""
    (folder / "gens.py").write_text(PROGRAM)
    (folder / "gens.py").chmod(0o644)
    (folder / "c").mkdir()
    os.chown(folder / "c", OWNER, GROUP)
    (folder / "c").chmod(0o2775)

    def run(user, umask, *words):
        return others.run_datagen(user, umask, *words, "--cache", folder / "c")

    made = ("-n", 10, "--executor", "inline")
    for words in (
        ("generate", "./gens.py:g", *made),
        ("move", "g", 1, "test", "-y"),  # whoever moves first makes the folder of splits
        ("generate", "./gens.py:h", *made),
    ):
        done = run(OWNER, 0o002, *words)
        assert done.returncode == 0, done.stderr
    (folder / "c" / "h").chmod(0o700)
    return run


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "g"),
        ("status", "--all"),
        ("verify",),
        ("verify", "g"),
        ("compact",),
        ("show", "g", "-p", 0),
        ("export", "g", "out.csv", "--format", "csv", "--force"),
        ("move", "g", 2, "train", "-y"),
        ("generate", "./gens.py:g", "-n", 5, "--executor", "local"),
    ],
    ids=str,
)
def test_a_closed_data_set_stops_no_command(datagen, words):
    done = datagen(OTHER, 0o002, *words)

    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_it_is_one_line_that_says_whose_it_is(datagen, folder):
    lines = datagen(OTHER, 0o002, "list").stdout.splitlines()

    assert [line for line in lines if line.startswith("h")] == [
        f"h  unreadable: {folder}/c/h cannot be read: permission denied; it belongs to user {OWNER}"
    ]


def test_naming_it_is_an_error_in_one_line(datagen):
    done = datagen(OTHER, 0o002, "show", "h", "-p", 0)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"belongs to user {OWNER}" in done.stderr


READING = (
    ("list",), ("status", "--all"), ("verify",), ("show", "g", "-p", 0),
    ("export", "g", "out.csv", "--format", "csv", "--force"), ("du",), ("logs", "g"),
    ("publish", "g", "released"),
)  # fmt: skip


@pytest.fixture
def closed(folder, datagen):
    """Return what closes a folder of the open set to its reader, until the test has ended."""
    (root,) = (folder / "c" / "g").glob("*-*")
    before = {}

    def close(path, mode=0o700):
        before.setdefault(path, path.stat().st_mode)
        path.chmod(mode)

    yield lambda name, **options: close(root / name if name else folder / "c", **options)
    for path, mode in before.items():
        path.chmod(mode)


@pytest.mark.parametrize("part", ["shards", "runs", "splits"])
def test_a_set_that_is_closed_in_part_ends_no_command_in_a_traceback(datagen, closed, part):
    datagen(OWNER, 0o002, "move", "g", 1, "test", "-y")
    closed(part)
    answers = {words: datagen(OTHER, 0o002, *words) for words in READING}
    chosen = datagen(OTHER, 0o002, "verify", "g", "-p", 0)

    assert not [each.stderr for each in answers.values() if "Traceback" in each.stderr]
    assert [answers[words].returncode for words in READING[:3]] == [0, 0, 0]
    assert "g 0  unreadable: " in answers["list",].stdout
    assert chosen.returncode == 5
    assert f"/{part} cannot be read: permission denied" in chosen.stderr


def test_an_import_refuses_what_is_closed_and_brings_all_else(others, closed, folder):
    words = ("import", folder / "c", "--cache", folder / "mine", "--json")
    some = others.run_datagen(OTHER, 0o022, *words)
    closed(".")
    none = others.run_datagen(OTHER, 0o022, *words)

    (g, h), (closed_set, _) = json.loads(some.stdout), json.loads(none.stdout)
    assert (some.returncode, none.returncode) == (1, 1)
    assert (g["new"], g["refused"]) == (True, [])
    for refused in (h, closed_set):
        assert "cannot be read: permission denied" in refused["refused"][0]["reason"]


def test_nothing_is_said_to_be_empty_that_is_closed(others, folder):
    (folder / "k" / "g").mkdir(mode=0o700, parents=True)
    answer = others.run_datagen(OTHER, 0o022, "audit", "--cache", folder / "k")

    assert (answer.returncode, answer.stdout) == (0, "")
    assert "g is left out" in answer.stderr


def test_who_may_only_read_a_cache_reads_all_of_it(datagen, closed, folder):
    before = sorted(folder.joinpath("c").rglob("*"))
    for path in [each for each in before if each.is_dir()]:
        closed(path, mode=0o755 if "/c/h" not in str(path) else 0o700)
    closed("", mode=0o755)
    answers = [datagen(OTHER, 0o002, *words) for words in READING]
    refused = datagen(OTHER, 0o002, "move", "g", 1, "train", "-y")

    assert [(each.returncode, each.stderr) for each in answers if each.returncode] == []
    assert sorted(folder.joinpath("c").rglob("*")) == before
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "cannot be written" in refused.stderr
    assert f"user {OWNER}" in refused.stderr


def test_what_somebody_published_is_found_and_no_folder_of_his_is_filled(datagen, folder):
    words = ("publish", "g", "-p", 0)
    first, again = (datagen(user, 0o077, *words, "once") for user in (OWNER, OTHER))
    (folder / "his").mkdir(mode=0o755)
    refused = datagen(OTHER, 0o077, *words, "his/once")

    assert (first.returncode, again.returncode) == (0, 0), (first.stderr, again.stderr)
    assert "is published already" in again.stdout
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "his cannot be written: permission denied" in refused.stderr


FOREIGN = ("lost+found", ".snapshot", "@eaDir", "#recycle", ".Trash-1000")
STRAY = (".nfs000000000123", ".DS_Store", "._g", "notes.txt", "Thumbs.db")


def test_foreign_folders_and_files_are_passed_over(run_cli, generate_here, cache):
    path = generate_here.paths.root
    answers = {words: run_cli(*words).out for words in (("list",), ("verify",), ("compact",))}
    for place in (
        cache,
        path.parent,
        path,
        path / "shards",
        path / "runs",
        path.parent / "numbers",
    ):
        for name in FOREIGN:
            (place / name / "numbers").mkdir(parents=True)
        for name in STRAY:
            (place / name).write_text("x")

    assert {words: run_cli(*words).out for words in answers} == answers
    assert list(datagen_core.Cache(cache)) == ["count"]
    assert run_cli("rm", "count", "-p", 0, "-y").code == 0
    assert not path.exists()


@pytest.fixture
def generate_here(cache):
    return datagen_core.generate(count, 10, executor="inline", cache=cache)
