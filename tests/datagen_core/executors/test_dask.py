"""The dask executor, with a real scheduler and two worker processes."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import distributed
import pytest

import datagen_core
from dask_cluster import DaskCluster
from datagen_core import Cache
from datagen_core.errors import ConfigurationError, SchedulerUnavailableError, UntrustedError
from datagen_core.executors import conformance, dask
from datagen_core.executors.base import Job, Resources
from datagen_core.ranges import IntervalSet
from datagen_core.store.journals import Journal
from datagen_core.store.layout import SetPaths
from datagen_core.store.trust import approve
from demands import plan_for
from patience import patience
from slurm_cluster import wait_until

STEPS = f"{Path(conformance.__file__).with_name('steps.py')}:steps"

DEADLY = """
import os, signal
import datagen_core

@datagen_core.generator(5)
def deadly(size, start):
    if start == 20:
        os.kill(os.getpid(), signal.SIGSEGV)
    return {"x": [1.0] * size}
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    cluster.add_worker()
    cluster.add_worker()
    yield cluster
    cluster.stop()


@pytest.fixture
def orders(cluster, tmp_path, monkeypatch):
    """Return a folder of orders, in which those of the batches 1 and 5 say that they wait."""
    monkeypatch.setenv(dask.VARIABLE, cluster.address)
    folder = tmp_path / "orders"
    folder.mkdir()
    for start in (5, 25):
        (folder / str(start)).write_text("wait")
    return folder


def release(orders):
    for order in orders.iterdir():
        order.unlink()


def wait_for(orders, *starts):
    met = [orders / f"{start}.met" for start in starts]
    wait_until(lambda: all(path.exists() for path in met), f"the batches at {starts}")


def words(orders, *more):
    asked = ["generate", STEPS, "-n", "40", "-p", f"orders={orders}", "--njobs", "2"]
    return [*asked, "--executor", "dask", *more]


def start(orders, cache):
    """Start datagen as a process of its own, which waits for its run."""
    command = [sys.executable, "-m", "datagen_core", *words(orders), "--cache", cache]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_like_inline(orders, cache, tmp_path):
    """Whether the samples are there, and the same bytes as those that are made inline."""
    made = Cache(cache)["steps"][0]["raw"].get()["step"]
    here = {"executor": "inline", "cache": tmp_path / "inline"}
    expected = datagen_core.generate(STEPS, 40, {"orders": str(orders)}, **here)
    return made.tobytes() == expected["raw"].get()["step"].tobytes()


def journals(cache):
    return [path.read_text() for path in cache.rglob("*.jsonl")]


def test_dask_conforms(cluster, tmp_path):
    resources = Resources(options={dask.OPTION: cluster.address})
    conformance.check_executor(dask.DaskExecutor(), tmp_path, resources, patience(60))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_lost_dask_workers_share_is_made_by_another(cluster, orders, cache, tmp_path, how):
    """Its worker process publishes what it has and ends too."""
    child = start(orders, cache)
    wait_for(orders, 5, 25)
    cluster.workers[0].send_signal(how)
    wait_until(lambda: any('"terminated"' in text for text in journals(cache)), "the end")
    cluster.add_worker()
    release(orders)
    _, errors = child.communicate(timeout=patience(60))
    cluster.workers.pop(0).wait(patience(60))

    assert (child.returncode, "error" in errors) == (0, False), errors
    assert is_like_inline(orders, cache, tmp_path)


def test_a_run_survives_its_client(orders, cache, run_cli, tmp_path):
    child = start(orders, cache)
    wait_for(orders, 5, 25)
    child.kill()
    child.communicate()
    (status,) = run_cli("status", "--json").json
    assert [item["state"] for item in status["ranges"]] == ["running"]

    release(orders)
    wait_until(lambda: "complete" in run_cli("status").out, "all samples")
    assert is_like_inline(orders, cache, tmp_path)


def test_a_run_that_is_not_waited_for_is_cancelled_and_resumed(
    cluster, orders, cache, run_cli, tmp_path, monkeypatch
):
    """The address is remembered beside the run."""
    assert run_cli(*words(orders, "--no-wait")).code == 0
    monkeypatch.delenv(dask.VARIABLE)
    wait_for(orders, 5, 25)
    later = run_cli(*words(orders, "--no-wait", "--seed", 1,
                           "--executor-option", f"scheduler={cluster.address}"))  # fmt: skip
    assert later.code == 0
    states = {
        item["state"] for item in run_cli("status", "-p", 1, "steps", "--json").json[0]["ranges"]
    }
    assert states == {"queued"}
    assert run_cli("cancel").out == "cancelled 2 runs\n"
    wait_until(lambda: run_cli("status", "--json").json[0]["state"] == "holes", "its end")
    assert {
        json.dumps(run["ranges"][0]["reason"][:9]) for run in run_cli("status", "--json").json
    } == {'"cancelled"'}
    assert len(Cache(cache)["steps"][0]["raw"]) == 10
    release(orders)
    assert run_cli("resume").out == "resumed 2 runs\n"
    assert is_like_inline(orders, cache, tmp_path)


def test_a_scheduler_without_workers_and_one_that_is_gone(
    cluster, tmp_path, cache, run_cli, monkeypatch
):
    monkeypatch.setattr(dask, "_ANSWER_SECONDS", 1.0)
    idle = DaskCluster(tmp_path)
    monkeypatch.setenv(dask.VARIABLE, idle.address)
    try:
        (tmp_path / "orders").mkdir()
        assert run_cli(*words(tmp_path / "orders", "--no-wait")).code == 0
        (status,) = run_cli("status", "--json").json
        reasons = {(item["state"], item["reason"]) for item in status["ranges"]}
        assert reasons == {("queued", "the dask scheduler has no workers")}
    finally:
        idle.stop()

    (status,) = run_cli("status", "--json").json
    assert {item["state"] for item in status["ranges"]} == {"unknown"}
    for failing in (words(tmp_path / "orders", "--no-wait"), ["cancel"]):
        answer = run_cli(*failing)
        assert answer.code == 1
        assert f"dask scheduler at {idle.address} does not answer" in answer.err.splitlines()[-1]
    resumed = run_cli("resume", "--executor-option", f"scheduler={cluster.address}")
    assert resumed.out == "resumed 1 run\n"  # what was refused has reserved nothing


@pytest.fixture
def plan(tmp_path):
    run = SetPaths(tmp_path / "gen" / "default-0123abcd").run(0)
    run.set.root.mkdir(parents=True)
    return plan_for(run, "gen-0", "dask", [IntervalSet([(0, 10)])])


def test_a_scheduler_that_was_given_up_is_not_waited_for(plan, monkeypatch):
    monkeypatch.setattr(dask, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setenv(dask.VARIABLE, "tcp://127.0.0.1:9")
    plan.keep_receipt({dask.OPTION: "tcp://127.0.0.1:9", "shares": {"gen-0-0": [0]}})
    executor = dask.DaskExecutor()
    assert executor.poll([plan]) is None

    executor.complete(Resources(options={dask.OPTION: "tcp://127.0.0.1:8"}), [plan])
    assert executor.poll([plan]) == {}


def test_the_option_precedes_the_environment_and_both_what_is_remembered(plan, monkeypatch):
    plan.keep_receipt({dask.OPTION: "earlier:1", "shares": {}})
    approve("address", {dask.OPTION: "earlier:1"})
    found = []
    for option, variable in ((None, ""), (None, "now:2"), ("asked:3", "now:2")):
        monkeypatch.setenv(dask.VARIABLE, variable)
        asked = Resources(options={dask.OPTION: option} if option else {})
        found.append(dask.DaskExecutor().complete(asked, [plan]).options[dask.OPTION])

    assert found == ["earlier:1", "now:2", "asked:3"]


@pytest.fixture
def stranger(plan):
    """Return a server that somebody else has named as the scheduler of the plan."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        plan.keep_receipt({dask.OPTION: address, "shares": {"gen-0-0": [0]}})
        yield server


def assert_unasked(server):
    with pytest.raises(BlockingIOError):
        server.accept()


def test_a_scheduler_that_others_have_named_is_not_asked(plan, stranger, monkeypatch):
    monkeypatch.delenv(dask.VARIABLE, raising=False)
    (state,) = dask.DaskExecutor().poll([plan]).values()
    assert (state.state, "is none that you have given" in state.reason) == ("queued", True)
    with pytest.raises(UntrustedError, match=r"was cancelled: .* set DASK_SCHEDULER_ADDRESS=tcp:"):
        dask.DaskExecutor().cancel([plan])
    with pytest.raises(ConfigurationError, match="address is not given"):
        dask.DaskExecutor().complete(Resources(), [plan])
    elsewhere = dask.DaskExecutor()
    elsewhere.complete(Resources(options={dask.OPTION: "tcp://127.0.0.1:8"}), [plan])

    assert elsewhere.poll([plan]) == {}
    assert_unasked(stranger)


def test_an_address_that_was_given_once_is_used_without(plan, stranger, monkeypatch):
    monkeypatch.setattr(dask, "_ANSWER_SECONDS", 0.2)
    monkeypatch.delenv(dask.VARIABLE, raising=False)
    address = plan.read_receipt()[dask.OPTION]
    dask.DaskExecutor().complete(Resources(options={dask.OPTION: address}), [plan])

    assert dask.DaskExecutor().poll([plan]) is None
    stranger.accept()[0].close()


@pytest.mark.parametrize("address", ["", "\x1b[2J:1", "a\nb:1", "x" * 5000])
def test_an_odd_address_is_not_asked_and_shown_in_one_line(plan, address, monkeypatch):
    monkeypatch.delenv(dask.VARIABLE, raising=False)
    plan.keep_receipt({dask.OPTION: address, "shares": {"gen-0-0": [0]}})
    (state,) = dask.DaskExecutor().poll([plan]).values()

    assert state.reason.isprintable()


def test_a_notebook_with_a_running_loop_can_ask(cluster, plan, monkeypatch):
    monkeypatch.setenv(dask.VARIABLE, cluster.address)
    plan.keep_receipt({dask.OPTION: cluster.address, "shares": {"gen-0-0": [0]}})

    async def ask():
        return dask.DaskExecutor().poll([plan])

    assert asyncio.run(ask()) == {}


def test_other_versions_are_no_warning(cluster, plan, monkeypatch):
    """Warnings are errors in tests; the client's would say that versions differ."""
    versions = distributed.versions.get_versions()
    other = {**versions, "packages": {**versions["packages"], "msgpack": "0.1"}}
    monkeypatch.setattr(distributed.versions, "get_versions", lambda packages=None: other)
    resources = Resources(options={dask.OPTION: cluster.address})
    dask.DaskExecutor().submit(Job((plan,), resources, 1, False, lambda place: None))


@pytest.mark.parametrize("address", ["", "host", "tcp://host", "tcp://host:port"])
def test_an_address_that_is_none_is_refused_before_anything_is_written(
    run_cli, cache, monkeypatch, address
):
    monkeypatch.setenv(dask.VARIABLE, address)
    answer = run_cli("generate", STEPS, "-n", 5, "-p", "orders=.", "--executor", "dask")

    assert (answer.code, cache.exists()) == (2, False)
    assert f"the dask scheduler's address is {address or 'not given'}; set $DASK" in answer.err


@pytest.mark.parametrize("how", [(), ("--no-wait",), ("--dry-run",)])
def test_a_scheduler_that_is_not_there_is_refused_before_anything_is_written(
    run_cli, cache, monkeypatch, how
):
    monkeypatch.setattr(dask, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setenv(dask.VARIABLE, "tcp://127.0.0.1:1")
    answer = run_cli("generate", STEPS, "-n", 5, "-p", "orders=.", "--executor", "dask", *how)

    assert (answer.code, answer.out, cache.exists()) == (1, "", False)
    assert answer.err == (
        "datagen: error: the dask scheduler at tcp://127.0.0.1:1 does not answer; start it, give "
        "another address, or try --executor local\n"
    )


def test_a_scheduler_that_does_not_answer_is_unavailable(plan, monkeypatch):
    monkeypatch.setattr(dask, "_ANSWER_SECONDS", 0.2)
    resources = Resources(options={dask.OPTION: "tcp://127.0.0.1:9"})
    job = Job((replace(plan, number=1),), resources, 1, False, lambda place: None)

    with pytest.raises(SchedulerUnavailableError, match=r"tcp://127.0.0.1:9 does not answer"):
        dask.DaskExecutor().submit(job)


def test_without_distributed_it_says_what_to_install(monkeypatch, run_cli):
    monkeypatch.setitem(sys.modules, "distributed", None)

    assert "pip install 'datagen[dask]'" in dask.DaskExecutor().available()


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (None, "died: killed, or lost with its dask worker"),
        ("terminated", "its dask worker was lost"),
        ("failed", ""),
    ],
)
def test_a_task_that_began_has_a_reason_for_its_end(plan, word, reason):
    assert dask.DaskExecutor().diagnose(plan, 0).startswith("its worker process did not begin: do")
    journal = Journal(plan.run.journal(0, 0))
    journal.append("start")
    if word is not None:
        journal.append("end", reason=word)

    assert dask.DaskExecutor().diagnose(plan, 0) == reason


def test_a_batch_that_ends_its_process_costs_itself(cluster, cache, run_cli, tmp_path, monkeypatch):
    monkeypatch.setenv(dask.VARIABLE, cluster.address)
    source = tmp_path / "deadly.py"
    source.write_text(DEADLY)
    words = ["generate", f"{source}:deadly", "-n", 40, "--njobs", 1, "--executor", "dask"]
    answer = run_cli(*words)

    assert answer.code == 4
    assert "samples 20-24 failed: died: SIGSEGV; log: " in answer.err
    assert len(Cache(cache)["deadly"][0]["raw"]) == 35
