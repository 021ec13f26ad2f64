"""Full disks, read-only caches, failing flock: nothing is lost, and one line says what to do."""

from __future__ import annotations

import json

import pytest

from datagen_core import Cache
from fault_checks import Move, Reference, snapshot, source, violations
from hostile_filesystems import (
    datagen,
    flock_environment,
    flock_fails,
    mounted,
    remount,
    start_datagen,
)

ERRORS = (37, 38, 95, 524)  # ENOLCK, ENOSYS, EOPNOTSUPP, ENOTSUPP: what NFS and Lustre answer


def generate(cache, samples, name="quick", executor="inline", environment=None):
    words = ("generate", source(name), "-n", str(samples), "--executor", executor)
    return datagen(*words, cache=cache, environment=environment)


def complaint(err):
    """The one line of an error, behind the lines of progress."""
    lines = [line for line in err.splitlines() if line.startswith("datagen: error: ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return lines[0]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return Reference.make(tmp_path_factory.mktemp("reference"), "quick", 80)


@pytest.fixture
def small_disk():
    with mounted("1m") as folder:
        yield folder


@pytest.fixture(scope="module")  # nothing can change it
def read_only_cache():
    with mounted("16m") as folder:
        assert generate(folder, 20)[0] == 0
        assert datagen("move", "quick", "5", "train", cache=folder)[0] == 0
        remount(folder, "ro")
        yield folder


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_full_disk_is_named_with_what_is_safe_and_what_to_do(small_disk, executor):
    code, _, err = generate(small_disk, 200, "wide", executor)
    assert code != 0
    message = complaint(err)
    assert "No space left on device" in message
    assert str(small_disk) in message
    assert "samples are missing, the others are kept" in message
    assert "datagen resume wide" in message


def test_what_a_full_disk_holds_is_whole(small_disk, tmp_path):
    generate(small_disk, 200, "wide")
    assert Cache(small_disk)["wide"][0].existing
    assert violations(small_disk, Reference.make(tmp_path, "wide", 200)) == []


def test_a_run_goes_on_when_there_is_room_again(small_disk, tmp_path):
    generate(small_disk, 200, "wide")
    remount(small_disk, "size=32m")
    code, _, err = datagen("resume", "--executor", "inline", cache=small_disk)
    assert code == 0, err
    reference = Reference.make(tmp_path, "wide", 200)
    assert violations(small_disk, reference, complete=True) == []


def test_status_on_a_full_disk_says_why(small_disk):
    generate(small_disk, 200, "wide")
    code, out, _ = datagen("status", "--json", cache=small_disk)
    assert code == 0
    reasons = [item["reason"] for run in json.loads(out) for item in run["ranges"]]
    assert any("No space left on device" in reason for reason in reasons)


def test_a_move_on_a_full_disk_changes_nothing(small_disk):
    generate(small_disk, 200, "wide")
    fill(small_disk / "filler")
    before = snapshot(small_disk)
    code, _, err = datagen("move", "wide", "5", "train", cache=small_disk)
    assert code == 1
    assert f"No space left on device: {small_disk}" in complaint(err)
    assert snapshot(small_disk) == before


def test_a_disk_that_is_still_full_stops_resume_with_what_is_safe(small_disk):
    generate(small_disk, 200, "wide")
    fill(small_disk / "filler")
    code, _, err = datagen("resume", "--executor", "inline", cache=small_disk)
    assert code == 1
    message = complaint(err)
    assert f"No space left on device: {small_disk}" in message
    assert "of 200 samples are made and safe" in message
    assert "datagen resume wide" in message


def fill(path):
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1024)):
                pass
        except OSError:
            pass


@pytest.mark.parametrize(
    "words", [["list"], ["status"], ["verify"], ["show", "quick", "-p", "0"], ["resume"]]
)
def test_a_read_only_cache_can_be_read(read_only_cache, words):
    code, _, err = datagen(*words, cache=read_only_cache)
    assert code == 0, err


def test_samples_of_a_read_only_cache_can_be_read(read_only_cache, reference):
    train = Cache(read_only_cache)["quick"][0]["train"].get(5)
    assert train["x"].tolist() == reference.columns["x"][:5].tolist()


@pytest.mark.parametrize(
    "words",
    [
        ["generate", source("quick"), "-n", "5", "--executor", "inline"],
        ["generate", source("quick"), "-n", "5", "--executor", "local"],
        ["move", "quick", "5", "train"],
        ["compact", "--grace", "0"],
        ["preprocess", "quick", "total", "train", "5"],
        ["rm", "quick", "-y"],
    ],
)
def test_writing_to_a_read_only_cache_ends_with_one_line(read_only_cache, words):
    code, _, err = datagen(*words, cache=read_only_cache)
    message = complaint(err)
    assert code == 1
    assert "Read-only file system" in message
    assert str(read_only_cache) in message


@pytest.mark.parametrize("error", ERRORS)
def test_nothing_needs_flock(tmp_path, reference, error):
    environment = flock_environment(tmp_path, error)
    assert flock_fails(environment)
    cache = tmp_path / "cache"
    assert generate(cache, 20, executor="local", environment=environment)[0] == 0
    for words in (["move", "quick", "5", "train"], ["compact"], ["verify"], ["list"]):
        code, _, err = datagen(*words, cache=cache, environment=environment)
        assert code == 0, err
    assert violations(cache, reference, complete=True) == []


@pytest.mark.parametrize("error", [None, 0, 37], ids=["flock", "local to a node", "failing"])
def test_four_movers_and_four_generators_at_once(tmp_path, reference, error):
    environment = None if error is None else flock_environment(tmp_path, error)
    cache = tmp_path / "cache"
    assert generate(cache, 40)[0] == 0
    words = [["move", "quick", "7", "train", "--json"]] * 4
    words += [["generate", source("quick"), "-n", "10", "--executor", "inline"]] * 4
    started = [start_datagen(*each, cache=cache, environment=environment) for each in words]
    outputs = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0] * 8, outputs
    moves = [Move("train", json.loads(out)["moved"]) for out, _ in outputs[:4]]
    assert violations(cache, reference, moves, complete=True) == []
