"""The Slurm executor, against a real controller: what it starts, sees, ends and finds out."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from datagen_core.errors import ExecutionError, SchedulerUnavailableError
from datagen_core.executors.base import Resources
from published_documents import change
from slurm_cluster import wait_until
from slurm_jobs import EXECUTOR, make_job, phases, wait_for_end


def wait_for(*paths):
    wait_until(lambda: all(path.exists() for path in paths), f"{[path.name for path in paths]}")


def test_every_task_runs_and_logs_where_it_belongs(start, tmp_path):
    plan = start("note", tasks=3)
    wait_for_end(plan)
    assert {path.name for path in tmp_path.glob("*.json")} == {"0.json", "1.json", "2.json"}
    logs = [plan.run.log(plan.number, task) for task in range(3)]
    assert all(log.is_file() for log in logs)
    assert set(logs) == set(logs[0].parent.iterdir())


def test_a_single_task_logs_where_it_belongs(start, tmp_path):
    plan = start("note_and_fail")
    wait_for_end(plan)
    assert "ValueError: no luck" in plan.run.log(plan.number, 0).read_text()


def test_a_log_in_the_cache_of_a_group_is_the_groups(start, tmp_path):
    (tmp_path / "a cache").mkdir()
    (tmp_path / "a cache").chmod(0o2770)
    former = os.umask(0o077)
    try:
        plan = start("note")
    finally:
        os.umask(former)
    wait_for_end(plan)
    assert stat.S_IMODE(plan.run.log(plan.number, 0).stat().st_mode) == 0o660


def test_nothing_that_is_executed_lies_in_a_cache_or_is_left_behind(start, tmp_path, temporary):
    plan = start("note", tasks=2)
    wait_for_end(plan)
    files = [path for path in (tmp_path / "a cache").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".jsonl", ".log", ".h5"}
    assert not list(temporary.iterdir())


def test_a_queued_job_runs_what_was_submitted(start, slurm, tmp_path):
    """Whoever changes plan and run in the cache while it waits does not change what it runs."""
    plan = start("note", tasks=2, options={"hold": True})
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'EXECUTED')!r}, 'w')\n")
    change(plan.run.plan(0), source=f"{evil}:tasks", code=None, format="1.2")
    change(plan.run.record, source=f"{evil}:tasks", details={"working_directory": "/"})
    slurm.run("scontrol", "release", f"jobname={plan.name}")
    wait_for_end(plan)
    assert not (tmp_path / "EXECUTED").exists()
    assert json.loads((tmp_path / "1.json").read_text())["cwd"] == str(Path.cwd())
    assert [plan.last_word(task) for task in range(2)] == ["done", "done"]


def test_tasks_run_in_the_environment_of_the_submitter(start, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "own modules"))
    wait_for_end(start("note", cpus=2, setup=("export FROM_SETUP='a b'",)))
    found = json.loads((tmp_path / "0.json").read_text())
    assert found["python"] == sys.executable
    assert found["cwd"] == str(Path.cwd())
    assert str(tmp_path / "own modules") in found["path"]
    assert found["environment"]["OMP_NUM_THREADS"] == "2"
    assert found["environment"]["FROM_SETUP"] == "a b"


def test_a_task_of_another_array_may_submit_a_single_task(start, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "77")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "7")
    wait_for_end(start("note"))
    assert (tmp_path / "0.json").exists()


def test_poll_tells_running_from_queued(start, tmp_path):
    running = start("sleep_until_terminated", tasks=2)
    held = start("note", options={"hold": True})
    wait_for(tmp_path / "0.started", tmp_path / "1.started")
    found = EXECUTOR.poll([running, held])
    assert {place: state.state for place, state in found.items()} == {
        running.key(0): "running",
        running.key(1): "running",
        held.key(0): "queued",
    }
    assert found[held.key(0)].reason.startswith("held by its owner")


def test_poll_says_when_a_limit_is_above_the_maximum(start):
    plan = start("note", partition="short", minutes=100)
    expected = "time limit above the partition's maximum"
    wait_until(lambda: EXECUTOR.poll([plan])[plan.key(0)].reason == expected, "the reason")


def test_poll_says_that_no_node_is_available(start, slurm):
    slurm.fail_node("n4")
    plan = start("note", options={"nodelist": "n4"})
    try:
        wait_until(
            lambda: "no node available" in EXECUTOR.poll([plan])[plan.key(0)].reason, "reason"
        )
    finally:
        slurm.resume_nodes()


def test_cancelled_tasks_publish_what_they_have(start, tmp_path):
    plan = start("sleep_until_terminated", tasks=2)
    wait_for(tmp_path / "0.started", tmp_path / "1.started")
    EXECUTOR.cancel([plan])
    wait_for_end(plan)
    wait_for(tmp_path / "0.published", tmp_path / "1.published")
    assert EXECUTOR.diagnose(plan, 0) == "cancelled"


def test_pending_tasks_can_be_cancelled(start):
    plan = start("note", tasks=3, options={"hold": True})
    EXECUTOR.cancel([plan])
    wait_for_end(plan)
    assert [EXECUTOR.diagnose(plan, task) for task in range(3)] == ["cancelled"] * 3


def test_cancelling_what_has_ended_does_nothing(start):
    plan = start("note")
    wait_for_end(plan)
    EXECUTOR.cancel([plan])
    assert plan.last_word(0) == "done"


def test_a_task_over_its_memory_is_diagnosed(start):
    plan = start("take_memory", memory="200M")
    wait_for_end(plan)
    assert EXECUTOR.diagnose(plan, 0).startswith("out of memory: it used ")
    assert EXECUTOR.diagnose(plan, 0).endswith(" of 200 MiB")


@pytest.mark.parametrize(
    ("work", "verdict"),
    [("kill_itself", "died: SIGKILL"), ("exit_with_three", "died: exit code 3")],
)
def test_tasks_that_die_without_a_word_are_diagnosed(start, work, verdict):
    plan = start(work, tasks=2)
    wait_for_end(plan)
    assert EXECUTOR.diagnose(plan, 1).startswith(verdict)


def test_a_preempted_task_is_diagnosed(start, tmp_path):
    everything = {"exclusive": True, "nodelist": "n1"}
    plan = start("sleep_until_terminated", partition="scavenge", options=everything)
    wait_for(tmp_path / "0.started")
    start("note", partition="urgent", options=everything)
    wait_for_end(plan)
    assert EXECUTOR.diagnose(plan, 0) == "preempted"


def test_a_lost_node_is_diagnosed(start, slurm, tmp_path):
    plan = start("sleep_until_terminated", options={"nodelist": "n2"})
    wait_for(tmp_path / "0.started")
    slurm.kill_slurmd("n2")
    slurm.fail_node("n2")
    try:
        wait_for_end(plan)
        assert EXECUTOR.diagnose(plan, 0).startswith("node lost")
    finally:
        slurm.start_slurmd("n2")
        slurm.resume_nodes()


def test_a_task_over_its_time_limit_is_diagnosed(start, slurm, tmp_path):
    plan = start("sleep_until_terminated", minutes=1)
    wait_for(tmp_path / "0.started")
    # Its minute is over at once; Slurm looks every 30 s.
    (job,) = slurm.run("squeue", "-h", "-r", "-o", "%i").split()
    slurm.run("scontrol", "update", f"jobid={job}", "endtime=now")
    wait_for_end(plan)
    assert EXECUTOR.diagnose(plan, 0) == "time limit: 00:01:00 were over"


def test_an_unknown_partition_is_refused_with_the_known_ones(slurm, tmp_path):
    job = make_job(tmp_path, "note", tasks=3, partition="nowhere")
    with pytest.raises(ExecutionError, match="choose from: debug, scavenge, short, urgent") as told:
        EXECUTOR.submit(job)
    assert "Invalid partition name specified" in str(told.value)
    assert not isinstance(told.value, SchedulerUnavailableError)


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"memory": "999G"}, "Memory specification can not be satisfied.*ask for less memory"),
        ({"memory": "much"}, "Invalid --mem specification"),
        ({"options": {"no-such": "1"}}, "unrecognized option '--no-such=1'; remove or correct"),
        ({"options": {"nodelist": "n9"}}, "Invalid node name specified"),
    ],
)
def test_refusals_are_one_line_and_leave_nothing_behind(
    slurm, tmp_path, temporary, capfd, resources, words
):
    job = make_job(tmp_path, "note", **resources)
    with pytest.raises(ExecutionError, match=words) as told:
        EXECUTOR.submit(job)
    assert "\n" not in str(told.value)
    assert capfd.readouterr() == ("", "")
    assert not list(temporary.iterdir())


def test_an_array_is_as_large_as_the_controller_allows_and_no_larger(slurm, tmp_path):
    limit = EXECUTOR.max_tasks()
    assert limit == 101
    EXECUTOR.submit(make_job(tmp_path, "note", tasks=limit, options={"hold": True}))
    with pytest.raises(ExecutionError, match="Invalid job array"):
        EXECUTOR.submit(make_job(tmp_path, "note", tasks=limit + 1))
    slurm.cancel_all()


@pytest.mark.parametrize(
    ("partition", "minutes"),
    [(None, None), ("debug", None), ("short", 1), ("scavenge", 60), ("short,scavenge", 60)],
)
def test_the_longest_limit_is_the_partitions(slurm, partition, minutes):
    assert EXECUTOR.max_minutes(Resources(partition=partition)) == minutes


def test_options_choose_the_partition_too(slurm):
    assert EXECUTOR.max_minutes(Resources(partition="debug", options={"partition": "short"})) == 1


def test_the_longest_limit_of_an_unknown_partition_is_an_error(slurm):
    with pytest.raises(ExecutionError, match="no partition 'nowhere'; choose from: debug, "):
        EXECUTOR.max_minutes(Resources(partition="nowhere"))


@pytest.mark.slow
def test_without_a_controller_nothing_is_known_and_nothing_is_lost(
    slurm, start, tmp_path, temporary
):
    plan = start("sleep_until_terminated")
    wait_for(tmp_path / "0.started")
    slurm.stop_slurmctld()
    try:
        with pytest.raises(SchedulerUnavailableError, match="does not answer"):
            EXECUTOR.available()
        assert EXECUTOR.poll([plan]) is None
        refused = make_job(tmp_path, "note")
        with pytest.raises(SchedulerUnavailableError, match="Unable to contact"):
            EXECUTOR.submit(refused)
    finally:
        slurm.start_slurmctld()
        slurm.check_health()
    assert not list(temporary.iterdir())
    assert EXECUTOR.available() == ""
    assert phases(plan) == {0: "running"}
