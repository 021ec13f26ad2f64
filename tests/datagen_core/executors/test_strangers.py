"""Whoever writes into a cache may name any process in it: none but workers are signalled."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from datagen_core.errors import DamagedFileError, ExecutionError
from datagen_core.executors import dask
from datagen_core.executors.base import WORKER
from datagen_core.executors.inline import InlineExecutor
from datagen_core.executors.local import LocalExecutor
from datagen_core.executors.processes import describe_process, find_process, is_worker
from datagen_core.executors.slurm.executor import SlurmExecutor
from datagen_core.ranges import IntervalSet
from datagen_core.store.journals import Journal
from datagen_core.store.layout import SetPaths
from demands import plan_for
from slurm_rows import queue


@pytest.fixture
def plan(tmp_path):
    run = SetPaths(tmp_path / "gen" / "default-0123abcd").run(0)
    run.set.root.mkdir(parents=True)
    return plan_for(run, "gen-0", "local", [IntervalSet([(0, 10)])])


@pytest.fixture
def start():
    """Return `start(*words)`: a waiting process with these words in its command line."""
    children = []

    def begin(*words, **options):
        command = ["/bin/bash", "-c", "echo up; read", "bash", *words]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        children.append(subprocess.Popen(command, **pipes, **options))
        children[-1].stdout.readline()
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


def words_of(plan, run=0, number=0):
    return "-m", WORKER, json.dumps([str(plan.run.set.root), run, number, [0]])


def name(plan, identity, how="receipt"):
    """Say in the cache that a process works on the plan."""
    if how == "receipt":
        plan.keep_receipt({"workers": [{**identity, "tasks": [0]}]})
    else:
        Journal(plan.run.journal(0, 0)).append("start", **identity)


def assert_left_alone(plan):
    executor = LocalExecutor()
    states = executor.poll([plan]) or {}
    executor.cancel([plan])
    assert "running" not in {state.state for state in states.values()}


def test_a_worker_is_seen_and_cancelled(plan, start):
    worker = describe_process(start(*words_of(plan)).pid)
    name(plan, worker)

    assert [state.state for state in LocalExecutor().poll([plan]).values()] == ["running"]
    LocalExecutor().cancel([plan])
    assert find_process(worker) is None


def test_a_worker_is_known_by_another_path_to_its_cache(plan, start, tmp_path):
    child = start(*words_of(plan))
    (tmp_path / "link").symlink_to(tmp_path / "gen")
    run = SetPaths(tmp_path / "link" / plan.run.set.root.name).run(0)

    assert is_worker(find_process(describe_process(child.pid)), run, 0)


@pytest.mark.parametrize("how", ["receipt", "journal"])
@pytest.mark.parametrize("kind", ["editor", "other run", "other plan", "other set", "no list"])
def test_another_process_of_this_user_is_left_alone(plan, start, tmp_path, how, kind):
    run = SetPaths(tmp_path / "gen" / "other-0123abcd").run(0)
    run.set.root.mkdir()
    other = plan_for(run, "gen-1", "local", [])
    words = {
        "editor": ("notes.txt", words_of(plan)[2]),
        "other run": words_of(plan, run=1),
        "other plan": words_of(plan, number=1),
        "other set": words_of(other),
        "no list": ("-m", WORKER, "@/dev/null", "@/nowhere", "@-", "[", "[1]"),
    }[kind]
    child = start(*words)
    name(plan, describe_process(child.pid), how)

    assert_left_alone(plan)
    assert child.poll() is None


@pytest.mark.parametrize("how", ["receipt", "journal"])
@pytest.mark.parametrize("which", ["first", "own"])
def test_the_first_process_and_this_one_are_left_alone(plan, how, which):
    name(plan, describe_process(1 if which == "first" else os.getpid()), how)

    assert_left_alone(plan)


@pytest.mark.skipif(os.geteuid() != 0, reason="two users need root")
def test_a_worker_of_another_user_is_alive_and_not_signalled(plan, start):
    child = start(*words_of(plan), user="nobody")
    name(plan, describe_process(child.pid))

    assert [state.state for state in LocalExecutor().poll([plan]).values()] == ["running"]
    with pytest.raises(ExecutionError, match=f"process {child.pid} is nobody's, who alone can"):
        LocalExecutor().cancel([plan])
    assert child.poll() is None


ODD = ["x", -1, 0, 10**30, None, True, 1.5, [1], {}]


@pytest.mark.parametrize("key", ["pid", "started", "tasks", "host"])
@pytest.mark.parametrize("how", ["receipt", "journal"])
def test_values_of_other_kinds_are_nothing(plan, how, key):
    for value in ODD[key == "host" :]:  # a text is another machine
        odd = plan_for(plan.run, "gen-0", "local", plan.tasks)
        content = {**describe_process(), "tasks": [0], key: value}
        if how == "receipt":
            odd.keep_receipt({"workers": [content]})
        Journal(odd.run.journal(odd.number, 0)).append("start", **content)
        with suppress(DamagedFileError):
            assert_left_alone(odd)
        assert isinstance(InlineExecutor().diagnose(odd, 0), str)


@pytest.mark.parametrize("workers", ["x", 1, None, {}, [1], [None], [[]], ["x"], [{}]])
def test_a_receipt_may_hold_anything(plan, workers):
    plan.keep_receipt({"workers": workers})

    with suppress(DamagedFileError):
        assert_left_alone(plan)


NAMES = {
    "gen-0123abcd-0-a1b2c3.0": True,
    "thesis": False,
    "gen-0123abcd-1-a1b2c3.0": False,
    "gen-0123abcd-0-a1b2c3.1": False,
    "gen-0123abcd-0-a1b2c3.0.x": False,
    "other-0123abcd-0-a1b2c3-and-1-more.a1b2c3": False,
}


@pytest.mark.parametrize(("job", "is_ours"), NAMES.items())
def test_only_jobs_that_are_called_like_those_of_a_run_are_ended(
    plan, job, is_ours, tmp_path, monkeypatch
):
    for tool, text in {"squeue": queue(f"{job}|N/A|RUNNING|17|17"), "scancel": ""}.items():
        (tmp_path / tool).write_text(
            f'#!/bin/sh\necho "$@" >> {tmp_path}/{tool}.log\ncat <<EOT\n{text}\nEOT\n'
        )
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    named = replace(plan, name=job)

    assert bool(SlurmExecutor().poll([named])) is is_ours
    SlurmExecutor().cancel([named])
    assert (tmp_path / "scancel.log").exists() is is_ours


def test_tasks_of_shared_jobs_are_those_of_the_data_set(plan):
    shared = replace(plan, name="gen-ffffffff-3-a1b2c3-and-2-more.a1b2c3", first=4)

    assert shared.has_own_name
    assert not replace(shared, name="gen2-ffffffff-3-a1b2c3-and-2-more.a1b2c3").has_own_name


def test_only_futures_of_the_plan_are_cancelled(plan, monkeypatch):
    named = replace(plan, name="gen-0123abcd-0-a1b2c3.0")
    shares = {f"{named.name}-0": [0], "thesis": [0]}
    named.keep_receipt({dask.OPTION: "here:1", "shares": shares})
    monkeypatch.setenv(dask.VARIABLE, "here:1")
    monkeypatch.setattr(dask, "_read_states", lambda *_: None)
    cancelled = []
    monkeypatch.setattr(dask, "_cancel", lambda _, keys: cancelled.extend(keys))
    dask.DaskExecutor().cancel([named])

    assert cancelled == [f"{named.name}-0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can begin a process of another user")
@pytest.mark.parametrize(("seconds_ago", "states"), [(0.0, {"running"}), (3600.0, set())])
def test_a_process_of_another_user_works_inline_if_it_beats(plan, start, seconds_ago, states):
    stranger = describe_process(start(user=65534).pid)
    Journal(plan.process).append("start", **stranger, beats=15.0)
    Journal(plan.run.journal(0, 0)).append("start", **stranger, beats=15.0)
    touched = time.time() - seconds_ago
    os.utime(plan.process, (touched, touched))

    assert {state.state for state in InlineExecutor().poll([plan]).values()} == states
