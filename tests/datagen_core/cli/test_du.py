"""`datagen du`."""

from __future__ import annotations

import errno
import os
import subprocess
import time

import pytest

from datagen_core import Cache
from datagen_core.store import documents

BY = ("generator", "set", "split", "age")


def size_of(cache):
    """Return what the command of the system says of a folder: bytes on disk."""
    done = subprocess.run(["du", "-s", "-B1", cache], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0])


@pytest.fixture
def linked(filled, cache):
    """Return a cache with hard links, and with all that is not samples."""
    for folder in ("derived/train/sums-01234567", "views/x-01234567", "damaged"):
        (filled.paths.root / folder).mkdir(parents=True)
        (filled.paths.root / folder / "file").write_bytes(b"x" * 5000)
    first = next(filled.paths.shards.iterdir())
    os.link(first, cache / "sine" / "tmp" / "litter")
    os.link(first, filled.paths.damaged / "twin")
    (cache / "inputs").mkdir()
    (cache / "inputs" / "0123").write_bytes(b"x" * 9000)
    (cache / "lost+found").mkdir()
    (filled.paths.root / "loop").symlink_to(cache)
    return cache


@pytest.mark.parametrize("by", BY)
def test_every_byte_is_in_one_line(run_cli, linked, by):
    answer = run_cli("du", "--by", by, "--json").json

    assert answer["total"]["disk"] == size_of(linked)
    assert sum(row["disk"] for row in answer["rows"]) == size_of(linked)
    assert sum(row["files"] for row in answer["rows"]) == answer["total"]["files"]
    assert (answer["total"]["sets"], answer["total"]["samples"]) == (3, 47)
    assert all(row["disk"] == sum(row["kinds"].values()) for row in answer["rows"])


def test_what_files_are_is_told(run_cli, linked):
    kinds = run_cli("du", "sine", "--json").json["total"]["kinds"]
    header = run_cli("du").out.splitlines()[0].split()

    assert {"derived", "views", "runs", "damaged", "other"} <= kinds.keys()
    assert header[-9:-3] == ["derived", "views", "runs", "damaged", "temporary", "other"]
    assert "(inputs)" in run_cli("du").out


def test_a_split_has_its_share_of_a_file(run_cli, filled):
    answer = run_cli("du", "--by", "split", "sine", "--json").json
    rows = {row["split"]: row for row in answer["rows"]}
    whole = sum(each.stat().st_size for each in filled.paths.shards.iterdir())

    assert (rows["train"]["samples"], rows["raw"]["samples"]) == (10, 32)
    assert rows["train"]["apparent"] == pytest.approx(whole / 3, abs=2)


def test_sets_count_by_their_last_change(run_cli, filled, cache):
    then = time.time() - 40 * 86_400
    for each in (cache / "count").rglob("*"):
        os.utime(each, (then, then))
    rows = {row["age"]: row["sets"] for row in run_cli("du", "--by", "age", "--json").json["rows"]}

    assert rows == {"under 1 day": 2, "under 90 days": 1}


def test_what_may_not_be_read_is_named(run_cli, filled, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("shards") and str(path).startswith(str(filled.paths.root)):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    answer = run_cli("du", "--json")

    assert [each["path"] for each in answer.json["unreadable"]] == [str(filled.paths.shards)]
    assert (answer.code, answer.err.count("\n")) == (0, 1)
    assert f"left out: {filled.paths.shards} cannot be read" in answer.err


def test_damaged_numbers_and_ledgers_count_all_the_same(run_cli, filled, cache, monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)
    (cache / "count" / "numbers" / "0.json").write_text("[")
    filled.paths.generation(1).write_text("[")
    answer = run_cli("du", "--by", "split", "--json")

    assert answer.json["total"]["disk"] == size_of(cache)
    assert (answer.code, answer.err.count("is damaged")) == (1, 2)


def test_an_empty_cache_takes_nothing(run_cli, cache):
    assert run_cli("du").out == f"{cache} is empty\n"
    assert run_cli("du", "--json").json["rows"] == []
    assert run_cli("du", "sine").code == 2


def test_a_data_set_that_is_a_link_counts_where_it_leads(run_cli, filled, cache, tmp_path):
    before = run_cli("du", "sine", "--json").json["total"]
    (cache / "sine").rename(tmp_path / "moved")
    (cache / "sine").symlink_to(tmp_path / "moved")

    assert run_cli("du", "sine", "--json").json["total"] == before
    assert len(Cache(cache)["sine"]) == 2
