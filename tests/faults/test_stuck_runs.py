"""Whatever is stuck says why, at once: in the log of who waits, and in `datagen status`."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress

import psutil
import pytest

from fault_checks import source
from hostile_filesystems import datagen, start_datagen
from patience import patience
from slurm_cluster import wait_until


@pytest.fixture
def waiting_run(tmp_path):
    """A submitter that waits for a local worker, and the worker's pid."""
    words = ("generate", source("slow"), "-n", "2000", "--executor", "local")
    driver = start_datagen(*words, cache=tmp_path)
    wait_until(lambda: any(tmp_path.glob("*/*/runs/0/workers/0.json")), "the worker's start")
    [receipt] = tmp_path.glob("*/*/runs/0/workers/0.json")
    [worker] = json.loads(receipt.read_text())["workers"]
    wait_until(lambda: any(tmp_path.glob("*/*/shards/*.h5")), "the first shard")
    yield driver, worker["pid"]
    for pid in (driver.pid, worker["pid"]):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    driver.communicate()


def ranges(cache):
    _, out, _ = datagen("status", "--json", cache=cache)
    return [item for run in json.loads(out) for item in run["ranges"]]


def reasons(cache):
    return [item["reason"] for item in ranges(cache)]


def test_a_stopped_worker_is_named_by_status(tmp_path, waiting_run):
    os.kill(waiting_run[1], signal.SIGSTOP)
    assert any(f"kill -CONT {waiting_run[1]}" in reason for reason in reasons(tmp_path))


def test_a_stopped_worker_is_named_to_who_waits(waiting_run):
    driver, worker = waiting_run
    os.kill(worker, signal.SIGSTOP)
    line = next(line for line in driver.stderr if "is stopped" in line)
    assert f"kill -CONT {worker}" in line


def test_a_killed_worker_without_a_submitter_is_called_killed(tmp_path, waiting_run):
    driver, worker = waiting_run
    driver.kill()
    driver.wait()
    os.kill(worker, signal.SIGKILL)
    with suppress(psutil.NoSuchProcess):
        psutil.wait_procs([psutil.Process(worker)], timeout=patience(10))
    assert "died: killed" in reasons(tmp_path)


def test_what_does_not_run_after_its_submitter_died_at_once_says_why(tmp_path):
    words = ("generate", source("slow"), "-n", "20", "--executor", "local")
    driver = start_datagen(*words, cache=tmp_path)
    wait_until(lambda: any(tmp_path.glob("*/*/runs/0.json")), "the reservation")
    driver.kill()
    driver.communicate()
    assert all(item["reason"] for item in ranges(tmp_path) if item["state"] != "running")
