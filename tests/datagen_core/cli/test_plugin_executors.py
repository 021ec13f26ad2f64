"""Executors of plugins on the command line: they behave as built-in ones do, whatever they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import generators_for_tests
from datagen_core import Cache
from datagen_core.store.runs import list_plans
from distributions import write_distribution
from patience import patience
from slurm_cluster import wait_until

SINE = f"{Path(generators_for_tests.__file__)}:sine"

PLUGIN = """
from datagen_core import hookimpl
from datagen_core.executors.inline import InlineExecutor
from datagen_core.executors.local import LocalExecutor

class Pool({base}):
    {method}

@hookimpl
def datagen_executor():
    return Pool()
"""
TEN_MINUTES = "def max_minutes(self, resources): return 10"
TRAVELLER = "def submit(self, job): raise RuntimeError('the network is\\nslow')"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return what installs an executor `pool`: a subclass of another one with a method."""

    def installed(base, method):
        module = f"pool_{abs(hash((base, method)))}"
        (tmp_path / f"{module}.py").write_text(PLUGIN.format(base=base, method=method))
        write_distribution(tmp_path, "pool", f"[datagen.executors]\npool = {module}\n")
        monkeypatch.syspath_prepend(tmp_path)

    return installed


@pytest.fixture
def uninstall(tmp_path):
    """Return what uninstalls `pool`."""
    return lambda: (tmp_path / "pool-1.dist-info" / "entry_points.txt").write_text("")


def test_ctrl_c_ends_the_processes_of_a_local_executors_heir(install, tmp_path, cache, slow):
    install("LocalExecutor", TEN_MINUTES)
    command = [sys.executable, "-m", "datagen_core", "generate", slow, "-n", "500"]
    child = subprocess.Popen(
        [*command, "--executor", "pool", "--cache", cache],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(
        lambda: any('"batches"' in path.read_text() for path in cache.rglob("*.jsonl")), "a batch"
    )
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=patience(60))

    assert (child.returncode, "jobs go on" in errors) == (130, False)
    (journal,) = cache.rglob("[0-9]*.jsonl")
    assert '"terminated"' in journal.read_text().splitlines()[-1]
    assert 0 < Cache(cache)["slow"][0].counts["raw"] < 500


@pytest.mark.parametrize("base", ["LocalExecutor", "InlineExecutor"])
def test_dry_run_has_the_executors_own_name_and_limit(install, run_cli, base):
    install(base, TEN_MINUTES)
    words = ("generate", SINE, "-n", 25, "--executor", "pool", "--dry-run")

    assert "limit 00:10:00\nexecutor   pool" in run_cli(*words).out
    assert run_cli(*words, "--json").json["minutes"] == 10
    assert "maximum of 00:10:00" in run_cli(*words, "--time", 11).err


def test_an_inline_executors_heir_works_here(install, run_cli):
    install("InlineExecutor", TEN_MINUTES)

    assert run_cli("generate", SINE, "-n", 25, "--executor", "pool").out.startswith("sine: 25")


def test_an_executor_that_never_knows_is_believed_its_files(install, run_cli):
    install("LocalExecutor", "def poll(self, plans): return None")

    assert run_cli("generate", SINE, "-n", 25, "--executor", "pool").out.startswith("sine: 25")
    assert run_cli("status").out == "all runs are complete\n"


def test_an_executor_of_single_tasks_gets_one_job_for_each(install, run_cli, cache):
    install("InlineExecutor", "in_process = False\n    max_tasks = lambda self: 1")
    sweep = ["--sweep", "left=-3,-2", "--njobs", 4]
    answer = run_cli("generate", SINE, "-n", 20, "--executor", "pool", *sweep)

    assert "40 samples made in 2 of 2" in answer.out
    runs = [each.paths.run(0) for each in Cache(cache)["sine"].values()]
    assert [len(list_plans(run)) for run in runs] == [1, 1]


def test_runs_share_jobs_only_where_the_executor_says_so(install, run_cli, cache):
    install("LocalExecutor", "shares_jobs = False")
    answer = run_cli("generate", SINE, "-n", 10, "--executor", "pool", "--sweep", "left=-3,-2")

    assert "20 samples made in 2 of 2" in answer.out
    plans = [list_plans(each.paths.run(0)) for each in Cache(cache)["sine"].values()]
    assert [plan.is_shared for (plan,) in plans] == [False, False]


def test_an_error_of_a_plugin_is_one_line(install, run_cli):
    install("InlineExecutor", TRAVELLER)
    answer = run_cli("generate", SINE, "-n", 10, "--executor", "pool")

    line = "datagen: error: executor pool fails in submit: RuntimeError: the network is slow"
    assert (answer.code, answer.err.splitlines()[-1]) == (1, line)
    (status,) = run_cli("status", "--json").json
    assert status["state"] == "holes"


def test_runs_of_an_executor_that_is_gone_are_unknown_and_can_go_elsewhere(
    install, uninstall, run_cli
):
    install("LocalExecutor", "def submit(self, job): pass")
    run_cli("generate", SINE, "-n", 10, "--executor", "pool", "--no-wait")
    uninstall()

    (status,) = run_cli("status", "--json").json
    assert status["ranges"][0]["state"] == "unknown"
    assert status["ranges"][0]["reason"].startswith("there is no executor 'pool'; there are slurm")
    assert run_cli("list").code == 0
    for command in ("cancel", "resume"):
        answer = run_cli(command)
        assert answer.code == 2
        assert answer.err.startswith("datagen: error: there is no executor 'pool'; there are slurm")
        assert answer.err.count("\n") == 1
    assert run_cli("resume", "--executor", "inline").out == "resumed 1 run\n"
