"""What Slurm's controller says: its queue, its partitions and its limits, in typed records.

Job ids do not identify a job: a controller that lost its state reuses them. Jobs are therefore
found by name, and a name belongs to one plan.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from datagen_core.errors import ConfigurationError, SchedulerUnavailableError
from datagen_core.executors.base import TaskState
from datagen_core.executors.limits import parse_time_limit
from datagen_core.executors.slurm.environment import command_environment

TOOLS = ("sbatch", "srun", "squeue", "scancel", "scontrol")

_NAMES_PER_CALL = 500
"""An argument may have 128 KiB, and a name about a hundred characters."""

_BEGIN, _END = "[datagen|", "|datagen]"
_COLUMNS = f"{_BEGIN}%j|%K|%T|%A|%F|%S|%r{_END}"
_FIELD = r"([^|\n]*)[|]"
_ROW = re.compile(rf"{re.escape(_BEGIN)}{_FIELD * 6}([^\n]*?){re.escape(_END)}")
"""Rows say that they are some: sites print what they like besides them."""

_UP = re.compile(r"Slurmctld\([^)]*\) at \S+ is UP")

_QUEUED = {
    "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD",
    "SPECIAL_EXIT",
}  # fmt: skip
_ENDED = {
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "LAUNCH_FAILED", "NODE_FAIL",
    "OUT_OF_MEMORY", "PREEMPTED", "RECONFIG_FAIL", "REVOKED", "TIMEOUT",
}  # fmt: skip

_UNUSABLE = ("down", "drain", "drng", "fail", "futr", "inval", "maint", "unk")
"""How states of nodes begin that start no job now, beside those that do not respond: "idle*"."""

_LAUNCH_FAILED = "launch failed"
"""How the reason of a task begins that Slurm holds for ever, since a node could not start it."""

_REASONS = (
    ("None", ""),
    ("Priority", "waiting for jobs of higher priority"),
    ("Resources", "waiting for free processors or memory"),
    ("JobArrayTaskLimit", "waiting for other tasks of this run"),
    ("BeginTime", "waiting for its start time"),
    ("DependencyNeverSatisfied", "its dependency can never be satisfied"),
    ("Dependency", "waiting for another job"),
    ("PartitionTimeLimit", "time limit above the partition's maximum"),
    ("PartitionNodeLimit", "more nodes than the partition allows"),
    ("PartitionDown", "the partition is down"),
    ("PartitionInactive", "the partition is inactive"),
    ("ReqNodeNotAvail", "no node available"),
    ("Nodes required", "no node available"),
    ("NodeDown", "no node available"),
    ("BadConstraints", "no node has what is asked for"),
    ("JobHeldUser", "held by its owner; `scontrol release` lets it go"),
    ("JobHeldAdmin", "held by an administrator"),
    ("Reservation", "waiting for its reservation"),
    ("Licenses", "waiting for a licence"),
    ("QOS", "a limit of the quality of service"),
    ("Assoc", "a limit of the account"),
    ("MaxCpuPerAccount", "a limit of the account"),
)
"""How reasons begin, and what they mean. The first that fits counts."""

_TOLD_WHOLE = {"ReqNodeNotAvail", "Nodes required", "QOS", "Assoc"}
"""Reasons whose own words say more: which nodes, which limit."""


def call(*command: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str] | None:
    """Run one of Slurm's commands; None when it is missing or does not come back in time.

    Without a controller they try for 9 to 18 s before they give up; `seconds` should allow that.
    """
    try:
        return subprocess.run(  # noqa: S603 (our own words and job names, no shell)
            command,
            env=command_environment(),
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def ask(*command: str, seconds: float = 60.0) -> str | None:
    """Return what one of Slurm's commands prints; None when it fails or takes too long."""
    done = call(*command, seconds=seconds)
    return done.stdout if done and done.returncode == 0 else None


def unavailable_reason() -> str:
    """Return why jobs cannot be submitted from here, or nothing.

    Raises
    ------
    SchedulerUnavailableError
        When the controller does not answer.
    """
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        return f"{', '.join(missing)} not found on PATH"
    answer = call("scontrol", "ping", seconds=5)
    # Not the exit status: it is 1 when one of two controllers is down.
    if answer and _UP.search(answer.stdout):
        return ""
    raise SchedulerUnavailableError("the Slurm controller does not answer `scontrol ping`")


class QueueRow(NamedTuple):
    """One task as squeue shows it; it shows ended ones for some minutes (MinJobAge).

    `task` is None for a job that is not an array, and for the rest of a cancelled array.
    """

    name: str
    task: int | None
    state: str
    job_id: str
    array_id: str
    start: str
    reason: str

    @property
    def element(self) -> str:
        """What scancel calls it."""
        return self.job_id if self.task is None else f"{self.array_id}_{self.task}"

    @property
    def is_stranded(self) -> bool:
        """Whether a node could not start it, so that it is held until somebody releases it."""
        return self.state in _QUEUED and self.reason.startswith(_LAUNCH_FAILED)

    @property
    def living(self) -> TaskState | None:
        """The state of a task that goes on or may start by itself; None for one that does not."""
        if self.state in _ENDED or self.is_stranded:
            return None
        if self.state in _QUEUED:
            return TaskState("queued", describe_reason(self.reason, self.start))
        # What newer versions of Slurm may add is taken as alive: a living task that is
        # resubmitted costs more than an ended one that is found out late.
        return TaskState("running", "suspended" if self.state == "SUSPENDED" else "")


def read_queue(names: Sequence[str]) -> list[QueueRow] | None:
    """Return the tasks of all jobs with these names; None when the controller does not say.

    One call of squeue, or one for every few hundred names.
    """
    rows: list[QueueRow] = []
    for start in range(0, len(names), _NAMES_PER_CALL):
        chunk = ",".join(names[start : start + _NAMES_PER_CALL])
        found = _ask_for_rows("-t", "all", "-n", chunk)
        if found is None:
            return None
        rows.extend(row for row in found if row.name in names)
    return rows


def _ask_for_rows(*filters: str) -> list[QueueRow] | None:
    text = ask("squeue", "-r", *filters, "-o", _COLUMNS)
    return None if text is None else _parse_rows(text)


def _parse_rows(text: str) -> list[QueueRow] | None:
    """Return the rows in what squeue printed; None where some of them may be lost.

    The row with the names of the columns is the proof that squeue has answered.
    """
    found = _ROW.findall(text)
    if not len(found) == text.count(_BEGIN) == text.count(_END):
        return None
    rows = [fields for fields in found if fields[2] != "STATE"]
    if len(rows) == len(found):
        return None
    with suppress(ValueError):
        return [QueueRow(name, _place(task), *others) for name, task, *others in rows]
    return None


def _place(text: str) -> int | None:
    return None if text == "N/A" else int(text)


def count_jobs(*, own: bool = False) -> int | None:
    """Return how many jobs the controller knows, or how many of this user's wait or run."""
    rows = _ask_for_rows(*(["-u", str(os.getuid())] if own else ["-t", "all"]))
    return None if rows is None else len(rows)


def describe_reason(reason: str, start_time: str = "N/A") -> str:
    """Return for people why a task is pending; Slurm's own word where that is not known."""
    for start, meaning in _REASONS:
        if reason.startswith(start):
            when = start == "BeginTime" and start_time != "N/A"
            more = f", {start_time}" if when else f": {reason}" if start in _TOLD_WHOLE else ""
            return meaning + more
    return reason


class Partition(NamedTuple):
    """A partition; `max_minutes` is None for one without a limit, or with one that says nothing."""

    name: str
    default: bool
    max_minutes: int | None


def read_partitions() -> dict[str, Partition]:
    """Return the partitions by name; none where what is printed says nothing about them.

    Raises
    ------
    SchedulerUnavailableError
        When the controller does not answer.
    """
    text = _ask_or_raise("scontrol", "show", "partition", "--oneliner")
    lines = re.findall(r"PartitionName=.*", text)
    return {each.name: each for each in map(_parse_partition, lines) if each.name}


def _parse_partition(line: str) -> Partition:
    fields = parse_fields(line)
    minutes = None
    with suppress(ConfigurationError):  # "UNLIMITED", or anything
        minutes = parse_time_limit(fields.get("MaxTime", ""))
    return Partition(fields.get("PartitionName", ""), fields.get("Default") == "YES", minutes)


def read_nodes(partitions: Collection[str], excluded: str = "") -> frozenset[str]:
    """Return the names of the nodes that are up in some partitions, without those of a list.

    Without partitions, those of the default one; none where the controller does not say.
    """
    found = {
        node
        for node, state, name in parse_table(ask("sinfo", "-h", "-N", "-o", "%N|%t|%P"), 3)
        if not (state.startswith(_UNUSABLE) or state.endswith("*"))
        and (name.rstrip("*") in partitions if partitions else name.endswith("*"))
    }
    hidden = ask("scontrol", "show", "hostnames", excluded) if found and excluded else ""
    return frozenset(found - set((hidden or "").split()))


def parse_table(text: str | None, columns: int) -> list[list[str]]:
    """Return the rows of a table of cells between bars; what sites print besides has others."""
    rows = [line.strip().split("|") for line in (text or "").splitlines()]
    return [row for row in rows if len(row) == columns]


def parse_fields(line: str) -> dict[str, str]:
    """Return the fields of a line such as "JobId=3 JobState=FAILED ExitCode=0:9"."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def read_limit(name: str) -> int | None:
    """Return a number of the controller's configuration, such as MaxArraySize; None if unknown.

    Raises
    ------
    SchedulerUnavailableError
        When the controller does not answer.
    """
    for key, value in parse_configuration(_ask_or_raise("scontrol", "show", "config")):
        number, *_ = [*value.split(), ""]  # "300 sec"
        if key == name and number.isdecimal():
            return int(number)
    return None


def read_cluster_name() -> str | None:
    """Return ClusterName of the controller's configuration; None where it does not answer."""
    text = ask("scontrol", "show", "config")
    return dict(parse_configuration(text or "")).get("ClusterName") or None


def parse_configuration(text: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and values in what `scontrol show config` printed."""
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            yield key.strip(), value.strip()


def _ask_or_raise(*command: str) -> str:
    # Without a controller `scontrol show config` fails silently: it prints nothing and exits 0.
    text = ask(*command)
    if not text:
        raise SchedulerUnavailableError(
            f"the Slurm controller does not answer `{' '.join(command)}`; try again later"
        )
    return text


def cancel_tasks(rows: Sequence[QueueRow]) -> None:
    """End single tasks of arrays, pending and running ones.

    Raises
    ------
    SchedulerUnavailableError
        When the controller does not answer.
    """
    for start in range(0, len(rows), _NAMES_PER_CALL):
        chunk = rows[start : start + _NAMES_PER_CALL]
        _scancel(*(row.element for row in chunk), what=chunk[0].name)


def cancel_jobs(names: Sequence[str]) -> None:
    """End the jobs with these names, pending and running ones.

    Slurm sends SIGTERM first, and SIGKILL after the site's KillWait (30 s by default).

    Raises
    ------
    SchedulerUnavailableError
        When the controller does not answer.
    """
    for name in names:
        _scancel(f"--name={name}", what=name)


def _scancel(*arguments: str, what: str) -> None:
    done = call("scancel", *arguments)
    if done is None or done.returncode != 0:
        words = done.stderr.strip().splitlines()[-1:] if done else []
        raise SchedulerUnavailableError(
            f"cannot cancel {what}: {' '.join(words) or 'scancel does not answer'}; try again later"
        )
