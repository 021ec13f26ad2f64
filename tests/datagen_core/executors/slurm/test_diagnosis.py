"""Why tasks ended, from what Slurm writes and says, without a Slurm."""

from __future__ import annotations

import pytest

from datagen_core.executors.slurm.diagnosis import diagnose
from datagen_core.ranges import IntervalSet
from datagen_core.store.layout import SetPaths
from demands import plan_for
from slurm_rows import accounts, queue


@pytest.fixture
def plan(tmp_path):
    run = SetPaths(tmp_path / "gen" / "default-0123abcd").run(0)
    ranges = [IntervalSet([(0, 10)]), IntervalSet([(10, 20)])]
    return plan_for(run, "run-7", "slurm", ranges, 90)


@pytest.fixture(autouse=True)
def fake(tmp_path, monkeypatch):
    """Replace Slurm's commands by scripts; those that are not given are missing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def write(name, output, status=0):
        script = f"#!/bin/sh\nwhile read -r line; do echo \"$line\"; done <<'EOT'\n{output}\nEOT\n"
        (folder / name).write_text(f"{script}exit {status}\n")
        (folder / name).chmod(0o755)

    return write


def write_log(plan, text, task=0):
    log = plan.run.log(plan.number, task)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text)


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("*** JOB 5 ON n2 CANCELLED AT 2026-01-01T00:00:00 ***", "cancelled"),
        ("*** JOB 5 ON n2 CANCELLED AT 2026-01-01T00:00:00 DUE TO PREEMPTION ***", "preempted"),
        (
            "*** JOB 5 ON n2 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***",
            "time limit: 01:30:00 were over",
        ),
        (
            "*** JOB 5 ON n2 CANCELLED AT 2026-01-01T00:00:00 DUE TO NODE FAILURE, SEE LOG ***",
            "node lost",
        ),
        (
            "Detected 1 oom-kill event(s) in StepId=5.batch. Some of your processes may have been",
            "out of memory",
        ),
        (
            "StepId=4.batch exceeded memory limit (433164288 > 104857600), being killed",
            "out of memory: it used 413 MiB of 100 MiB",
        ),
    ],
)
@pytest.mark.parametrize("prefix", ["slurmstepd: error: ", "slurmstepd-n1: error: "])
def test_the_log_says_why_a_task_ended(plan, prefix, line, verdict):
    write_log(plan, f"10 of 20\n{prefix}{line}\nlast words\n")
    assert diagnose(plan, 0) == verdict


def test_memory_outweighs_the_cancellation_that_follows_from_it(plan):
    write_log(
        plan,
        "slurmstepd: error: Exceeded job memory limit\n"
        "slurmstepd: error: *** JOB 4 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***\n",
    )
    assert diagnose(plan, 0) == "out of memory"


def test_what_generators_print_is_not_taken_for_slurms_words(plan):
    write_log(plan, "sample 3 was CANCELLED AT noon\nout of memory of the past\n")
    assert diagnose(plan, 0) == ""


def test_a_log_that_is_no_text_is_no_error(plan):
    write_log(plan, "")
    plan.run.log(plan.number, 0).write_bytes(b"\xff\0" * 20000)
    assert diagnose(plan, 0) == ""


@pytest.mark.parametrize(
    ("state", "exit_code", "verdict"),
    [
        ("TIMEOUT", "0:15", "time limit: 01:30:00 were over"),
        ("OUT_OF_MEMORY", "0:125", "out of memory"),
        ("CANCELLED", "0:15", "cancelled"),
        ("NODE_FAIL", "0:0", "node lost: n3"),
        ("PREEMPTED", "0:15", "preempted"),
        ("FAILED", "0:9", "died: SIGKILL, perhaps out of memory"),
        ("FAILED", "0:11", "died: SIGSEGV"),
        ("FAILED", "139:0", "died: SIGSEGV"),
        ("FAILED", "0:15", "ended by SIGTERM"),
        ("FAILED", "0:99", "died: signal 99"),
        ("FAILED", "3:0", "died: exit code 3"),
        ("COMPLETED", "0:0", ""),
    ],
)
def test_the_queue_remembers_how_a_task_ended(plan, fake, state, exit_code, verdict):
    fake("squeue", queue("run-7.0|0|COMPLETED|8|8", f"run-7.0|1|{state}|9|8"))
    fake("scontrol", f"JobId=9 JobName=run-7.0 ExitCode={exit_code} NodeList=n3")
    assert diagnose(plan, 1) == verdict


def test_a_job_that_took_over_the_id_is_not_asked(plan, fake):
    fake("squeue", queue("run-7.0|1|FAILED|9|8"))
    fake("scontrol", "JobId=9 JobName=another ExitCode=3:0 NodeList=n3")
    assert diagnose(plan, 1) == ""


def test_what_never_started_of_a_cancelled_array_is_cancelled(plan, fake):
    fake("squeue", queue("run-7.0|0|COMPLETED|8|8", "run-7.0|N/A|CANCELLED|9|8"))
    assert diagnose(plan, 1) == "cancelled"


def test_a_living_task_has_no_verdict(plan, fake):
    fake("squeue", queue("run-7.0|1|RUNNING|9|8"))
    assert diagnose(plan, 1) == ""


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        (["12_0|COMPLETED|0:0|n1", "12_1|OUT_OF_MEMORY|0:125|n3"], "out of memory"),
        (["12_0|COMPLETED|0:0|n1", "12_1|CANCELLED by 1000|0:0|n3"], "cancelled"),
        (["12_1|NODE_FAIL|1:0|n3", "12_1|FAILED|2:0|n4"], "died: exit code 2"),
        (["12_0|COMPLETED|0:0|n1", "12_[1-7%2]|CANCELLED by 0|0:0|None assigned"], "cancelled"),
        (["12_0|FAILED|1:0|n1"], ""),
        (["12_1|FAILED"], ""),
        ([], ""),
    ],
)
def test_accounting_knows_what_the_queue_forgot(plan, fake, rows, verdict):
    fake("squeue", queue())
    fake("sacct", accounts(*rows))
    assert diagnose(plan, 1) == verdict


def test_nothing_is_known_where_nothing_answers(plan, fake):
    fake("squeue", "", status=1)
    fake("sacct", "Slurm accounting storage is disabled", status=1)
    assert diagnose(plan, 1) == ""


def test_nonsense_from_slurm_is_no_error(plan, fake):
    fake("squeue", "who knows")
    assert diagnose(plan, 0) == ""


REQUEUED = (
    "slurmstepd: error: *** JOB 5 ON n2 CANCELLED AT 2026-01-01T00:00:00 DUE TO JOB REQUEUE ***"
)


@pytest.mark.parametrize("log", ["", REQUEUED])
def test_what_its_node_could_not_start_is_over_and_not_cancelled(plan, fake, log):
    write_log(plan, log)
    fake("squeue", queue(f"{plan.name}|0|PENDING|5|5", reason="launch failed requeued held"))
    assert diagnose(plan, 0) == (
        "not started by its node, and held by Slurm: launch failed requeued held"
    )
