"""`datagen list`."""

from __future__ import annotations

import errno
import getpass
import os
import shutil
import sys
from pathlib import Path

import pytest

import generators_for_tests
from datagen_core import CacheError
from datagen_core.cli.tables import print_table
from datagen_core.store import documents

FILE = Path(generators_for_tests.__file__)


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
    assert cells(lines[1])[2:7] == ["defaults", "0", "1", "20", "10"]
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

    names = [(row["generator"], row["number"]) for row in answer.json]
    assert names == [("count", 0), ("sine", 1), ("sine", 0)]
    assert [row["damaged"] is None for row in answer.json] == [True, True, False]
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert f"{filled.paths.params} is damaged" in answer.err


@pytest.mark.parametrize(
    "error",
    [OSError(5, "Input/output error", "/c/x"), RecursionError("too deep"), KeyError("start"),
     UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), ValueError("\x1b[31m"),
     MemoryError(), AttributeError("no"), CacheError("/c/x is odd")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@pytest.mark.parametrize("document", ["params.json", "runs/0.json"])
def test_any_error_of_a_reader_is_a_line_of_its_set(run_cli, filled, monkeypatch, document, error):
    def fail(path, parse=documents._parse):
        if path == filled.paths.root / document:
            raise error
        return parse(path)

    monkeypatch.setattr(documents, "_parse", fail)
    answers = {words: run_cli(*words.split()) for words in (*WHOLE, "list --json")}

    assert [row["number"] for row in answers["list --json"].json if row["damaged"]] == [0]
    assert "\x1b" not in str([answer.out + answer.err for answer in answers.values()])
    assert all("sine 1" in answers[words].out for words in ("status --all", "verify", "compact"))
    assert "left=0" in answers["list"].out
    assert "sine 0  damaged: " in answers["list"].out
    assert (answers["list"].code, answers["verify"].code) == (1, 5)


WHOLE = ("list", "list sine", "status --all", "verify", "compact", "verify --against 0123456789ab")


def test_damaged_numbers_are_one_line(run_cli, filled, cache, monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)
    path = cache / "sine" / "numbers" / "0.json"
    path.write_text("[" * 100_000)
    *others, row = run_cli("list", "--json").json
    line = run_cli("list").out.splitlines()[-1]

    assert [(each["generator"], each["number"]) for each in others] == [("count", 0), ("sine", 1)]
    assert (row["generator"], row["number"], row["unreadable"]) == ("sine", None, False)
    assert line == f"sine  damaged: {row['damaged']}"


@pytest.fixture
def deny(monkeypatch):
    """Refuse to read a file or what is in a folder, to root as well, who runs tests somewhere."""

    os_stat = os.stat  # which needs no right to the file itself

    def refuse(folder):
        for module, name in ((os, "listdir"), (os, "stat"), (os, "scandir"), (os, "open")):
            call = getattr(module, name)

            def checked(path, *args, call=call, **options):
                is_it = str(path) == str(folder) and call is not os_stat
                if Path(folder) in Path(str(path)).parents or is_it:
                    raise PermissionError(errno.EACCES, "Permission denied", str(path))
                return call(path, *args, **options)

            monkeypatch.setattr(module, name, checked)

    return refuse


@pytest.mark.parametrize("part", ["", "params.json", "shards", "runs"])
def test_a_set_that_may_not_be_read_is_one_line(run_cli, filled, deny, part):
    deny(filled.paths.root / part)
    *others, closed = run_cli("list", "--json").json
    answer = run_cli("list")

    assert [(row["number"], row["unreadable"]) for row in others] == [(0, False), (1, False)]
    assert (closed["generator"], closed["number"], closed["unreadable"]) == ("sine", 0, True)
    assert (closed["path"], closed["owner"]) == (f"{filled.paths.root / part}", getpass.getuser())
    assert answer.code == 0
    assert answer.out.splitlines()[-1].startswith(f"sine 0  unreadable: {closed['path']} cannot")


@pytest.mark.parametrize(
    "part", ["", "shards", "packs", "params.json", "runs", "splits", "derived", "views", "frozen"]
)
def test_verify_says_in_one_line_what_it_may_not_read(run_cli, filled, deny, part):
    (filled.paths.root / part).mkdir(exist_ok=True) if "." not in part else None
    deny(filled.paths.root / part)
    answer, chosen = run_cli("verify", "--json"), run_cli("verify", "sine", "-p", 0)

    assert len(answer.json) >= 2
    assert (answer.code, answer.err.count("\n")) == (0, 1)
    assert f"{filled.paths.root / part} cannot be read: permission denied" in answer.err
    assert (chosen.code, chosen.err.count("\n")) == (5, 1)


def test_numbers_that_may_not_be_read_hide_no_other_data_set(run_cli, filled, cache, deny):
    deny(cache / "sine" / "numbers" / "0.json")
    answer = run_cli("list", "--json")

    rows = [(row["generator"], row["number"], row["unreadable"]) for row in answer.json]
    assert rows == [("count", 0, False), ("sine", 1, False), ("sine", 0, True)]
    assert answer.json[-1]["path"].endswith("sine/numbers/0.json")
    assert (answer.code, answer.err) == (0, "")


def test_a_foreign_folder_that_may_not_be_read_is_passed_over(run_cli, filled, cache, deny):
    (cache / "lost+found").mkdir()
    deny(cache / "lost+found")

    assert (len(run_cli("list", "--json").json), run_cli("list").code) == (3, 0)


def test_listing_changes_no_file(run_cli, filled, cache):
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    run_cli("list")

    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before


def loop(path):
    path.unlink()
    path.symlink_to(path.name)


def dangle(path):
    path.unlink()
    path.symlink_to("nowhere")


def replace_folder(path):
    shutil.rmtree(path.parent)
    path.parent.write_text("something else")


@pytest.mark.parametrize("damage", [loop, dangle, replace_folder])
def test_a_set_of_which_the_parameters_cannot_be_opened_is_told_of(run_cli, filled, damage):
    damage(filled.paths.params)

    for words in (["list"], ["verify"]):
        answer = run_cli(*words)
        assert answer.code != 0
        assert "is damaged: something else is in its place" in answer.err


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (["-p", "left=0"], [("sine", 1)]),
        (["-p", "seed=0"], [("count", 0), ("sine", 0)]),
        (["-p", 0], [("count", 0), ("sine", 0)]),
        (["sine", "-p", "label=?*", "-p", "left=-*"], [("sine", 0)]),
        (["--state", "holes", "--state", "mixed"], []),
        (["--state", "complete", "--sort", "-samples"], [("sine", 0), ("sine", 1), ("count", 0)]),
        (["--sort", "left"], [("sine", 0), ("sine", 1), ("count", 0)]),
        (["--sort", "-created"], [("count", 0), ("sine", 1), ("sine", 0)]),
    ],
)
def test_sets_are_filtered_and_sorted(run_cli, filled, words, listed):
    rows = run_cli("list", *words, "--json").json

    assert [(row["generator"], row["number"]) for row in rows] == listed


def test_what_fits_nothing_is_told(run_cli, filled):
    answer = run_cli("list", "--state", "private")

    assert (answer.code, answer.out, answer.err) == (0, "", "datagen: no parameter set fits\n")
    assert "lft" in run_cli("list", "-p", "lft=0").err
    assert (
        "cannot sort by 'colour'; choose one of created" in run_cli("list", "--sort", "colour").err
    )


def test_a_damaged_set_may_fit_a_filter(run_cli, filled, monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)
    os.truncate(filled.paths.params, 10)
    answer = run_cli("list", "sine", "-p", "left=0", "--json")

    assert [row["damaged"] is None for row in answer.json] == [True, False]
    assert answer.code == 1


@pytest.mark.parametrize(
    ("columns", "shown"), [(60, []), (70, ["version"]), (200, ["version", "created"])]
)
def test_columns_that_are_spare_need_a_wide_terminal(columns, shown, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table("", ["name", "version", "created"], [["x" * 56, "1", "2026-11-30"]], [1, 2])

    out = capsys.readouterr().out
    assert [each for each in ("version", "created") if each in out] == shown
