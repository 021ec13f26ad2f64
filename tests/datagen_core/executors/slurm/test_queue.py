"""What the controller says becomes records, or an error that says what to do."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from datagen_core.errors import SchedulerUnavailableError
from datagen_core.executors.base import TaskState
from datagen_core.executors.slurm.queue import (
    QueueRow,
    describe_reason,
    read_limit,
    read_partitions,
    read_queue,
    unavailable_reason,
)
from slurm_rows import queue


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Replace one of Slurm's commands by a shell script."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def write(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    return write


def row(state, reason="None"):
    return QueueRow("run-7", 1, state, "9", "8", "2026-01-01T00:00:00", reason)


@pytest.mark.parametrize("state", ["PENDING", "CONFIGURING", "REQUEUED", "SPECIAL_EXIT"])
def test_a_task_that_may_start_is_queued(state):
    assert row(state).living == TaskState("queued")


@pytest.mark.parametrize("state", ["RUNNING", "COMPLETING", "STOPPED", "SIGNALING", "NEW_IN_99"])
def test_a_task_that_goes_on_is_running(state):
    assert row(state).living == TaskState("running")


def test_a_suspended_task_says_so():
    assert row("SUSPENDED").living == TaskState("running", "suspended")


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL"])
def test_an_ended_task_is_not_living(state):
    assert row(state).living is None


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("None", ""),
        ("Priority", "waiting for jobs of higher priority"),
        ("BeginTime", "waiting for its start time, 2026-01-01T00:00:00"),
        ("PartitionTimeLimit", "time limit above the partition's maximum"),
        ("DependencyNeverSatisfied", "its dependency can never be satisfied"),
        (
            "ReqNodeNotAvail, UnavailableNodes:n[1-4]",
            "no node available: ReqNodeNotAvail, UnavailableNodes:n[1-4]",
        ),
        ("QOSMaxCpuPerUserLimit", "a limit of the quality of service: QOSMaxCpuPerUserLimit"),
        ("AssocGrpCpuLimit", "a limit of the account: AssocGrpCpuLimit"),
        ("SomethingNew", "SomethingNew"),
    ],
)
def test_reasons_are_said_for_people(reason, meaning):
    assert describe_reason(reason, "2026-01-01T00:00:00") == meaning


def prints(text):
    return f"/bin/cat <<'EOT'\n{text}\nEOT"


def test_rows_may_hold_a_bar_in_their_reason(fake):
    fake("squeue", prints(queue("run-7|3|PENDING|9|8", reason="a|b")))
    assert read_queue(["run-7"]) == [QueueRow("run-7", 3, "PENDING", "9", "8", "N/A", "a|b")]


FOREIGN = [
    "### Maintenance on Monday ###",
    "run-7|3|RUNNING",
    "\x1b[31m|||\x1b[0m",
    "\0\xff\n\n",
    " ",
]


@pytest.mark.parametrize("line", FOREIGN)
def test_what_else_is_printed_is_passed_over(fake, tmp_path, line):
    (tmp_path / "rows").write_text(f"{line}\n{queue('run-7|3|RUNNING|9|8')}{line}", "latin-1")
    fake("squeue", f'/bin/cat "{tmp_path}/rows"')
    assert [found.state for found in read_queue(["run-7"])] == ["RUNNING"]


ROW = queue("run-7|3|RUNNING|9|8").splitlines()[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Maintenance on Monday",
        ROW,  # of which nobody knows whether it is all
        queue() + ROW[:-1],
        queue() + ROW[: len(ROW) // 2],
        queue() + ROW[5:],
        queue() + ROW.replace("|8|", "\n|8|"),
        queue() + ROW.replace("|3|", "|[0-3]|"),
        queue() + ROW[:12] + ROW,
    ],
)
def test_rows_that_may_be_lost_leave_nothing_known(fake, text):
    fake("squeue", prints(text))
    assert read_queue(["run-7"]) is None


def test_thousands_of_jobs_take_few_calls(fake, tmp_path):
    fake("squeue", f'echo called >> "{tmp_path}/calls"\n' + prints(queue()))
    names = [f"generator-with-a-long-name-{number:064}" for number in range(1200)]
    assert read_queue(names) == []
    assert (tmp_path / "calls").read_text().count("called") == 3


def test_one_call_that_fails_leaves_nothing_known(fake):
    fake("squeue", f"{prints(queue())}\nexit 1")
    assert read_queue(["run-7"]) is None


@pytest.mark.parametrize(
    ("line", "is_up"),
    [
        ("\x1b[0mSlurmctld(primary) at head is UP", True),
        ("Slurmctld(primary) at head is DOWN\nSlurmctld(backup) at other is UP", True),
        ("The file server is UP again\nSlurmctld(primary) at head is DOWN", False),
    ],
)
def test_a_controller_that_is_up_says_so_itself(fake, line, is_up):
    for tool in ("sbatch", "srun", "squeue", "scancel"):
        fake(tool, "")
    fake("scontrol", prints(line))
    with nullcontext() if is_up else pytest.raises(SchedulerUnavailableError):
        assert not unavailable_reason()


def test_partitions_have_their_limits_in_minutes(fake):
    fake("scontrol", "echo -n Maintenance: Name=x MaxTime=1\n"
         "echo PartitionName=a Default=YES MaxTime=UNLIMITED\n"
         "echo PartitionName=b Default=NO MaxTime=2-12:30:00\n"
         "echo PartitionName=c Default=NO MaxTime=soon")  # fmt: skip
    partitions = read_partitions()
    assert [(each.default, each.max_minutes) for each in partitions.values()] == [
        (True, None),
        (False, 3630),
        (False, None),
    ]


def test_limits_are_numbers_of_the_configuration(fake):
    fake("scontrol", "echo 'MaxArraySize            = 1001'")
    assert read_limit("MaxArraySize") == 1001
    assert read_limit("MaxJobCount") is None


@pytest.mark.parametrize("script", ["exit 1", "exit 0"])
def test_a_silent_controller_is_unavailable(fake, script):
    fake("scontrol", script)
    with pytest.raises(SchedulerUnavailableError, match="try again later"):
        read_limit("MaxArraySize")
