"""Why a Slurm task ended: from its log, the queue, and accounting where that is on.

Nothing here may fail. An answer is advice for people; which samples exist is what files say.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress

from datagen_core.errors import ExecutionError
from datagen_core.executors.limits import format_minutes
from datagen_core.executors.processes import death_in_log, describe_exit, read_tail
from datagen_core.executors.slurm.queue import QueueRow, ask, parse_fields, read_limit, read_queue
from datagen_core.store.heartbeats import age
from datagen_core.store.runs import Plan

# With several daemons on one machine the name of the node is part of it: "slurmstepd-n1".
_SLURMSTEPD = re.compile(r"slurmstepd(?:-\S+)?: (?:error: )?(.*)")

_REQUEUED = "cancelled: requeued"

_LOG_LINES = (
    (re.compile(r"exceeded memory limit \((\d+) > (\d+)\)", re.IGNORECASE), "out of memory"),
    (re.compile(r"oom.kill|out.of.memory|exceeded .*memory limit", re.IGNORECASE), "out of memory"),
    (re.compile(r"DUE TO TIME LIMIT"), "time limit"),
    (re.compile(r"DUE TO PREEMPTION"), "preempted"),
    (re.compile(r"DUE TO NODE FAILURE"), "node lost"),
    (re.compile(r"DUE TO JOB REQUEUE"), _REQUEUED),
    (re.compile(r"CANCELLED AT"), "cancelled"),
)
"""What slurmstepd writes as it ends a task. A task over its memory is also CANCELLED."""

_SHELL = 128

_BAR = "|datagen|"
"""What separates the columns of sacct, and tells its rows from what sites print besides."""

_STATES = {
    "OUT_OF_MEMORY": "out of memory",
    "TIMEOUT": "time limit",
    "DEADLINE": "time limit: its deadline came",
    "CANCELLED": "cancelled",
    "REVOKED": "cancelled",
    "NODE_FAIL": "node lost",
    "BOOT_FAIL": "node lost",
    "PREEMPTED": "preempted",
}


def diagnose(plan: Plan, task: int) -> str:
    """Return in one line why a task ended, or nothing. Never raises.

    Sources, in this order: what slurmstepd wrote into the task's log, the queue (which forgets
    after MinJobAge, 300 s by default), sacct where the site keeps accounts, what the dying
    process itself wrote into its log, and that the queue forgot the task too soon.
    """
    sources: tuple[Callable[[Plan, int], str], ...] = (
        _from_log, _from_queue, _from_accounts, _from_dump, _from_memory,
    )  # fmt: skip
    for source in sources:
        # Foreign output, of versions of Slurm still to come.
        with suppress(OSError, ValueError, LookupError, ExecutionError):
            if verdict := source(plan, task):
                # What ended as it should is no death, if it was no worker.
                unknown = verdict == describe_exit(0) and not plan.events(task)
                return "" if unknown else _with_limit(verdict, plan)
    return ""


def _with_limit(verdict: str, plan: Plan) -> str:
    if verdict == "time limit" and plan.minutes:
        return f"time limit: {format_minutes(plan.minutes)} were over"
    return verdict


def _from_log(plan: Plan, task: int) -> str:
    lines = read_tail(plan.log(task))
    said = [match[1] for match in map(_SLURMSTEPD.match, lines) if match]
    # A task that was requeued has the end of its earlier lives in its log: only the last counts.
    last = "\n".join(said[-4:])
    for pattern, verdict in _LOG_LINES:
        if match := pattern.search(last):
            # What became of its next life may be known.
            later = _from_queue(plan, task) if verdict is _REQUEUED else ""
            return f"{verdict}: {_shares(match)}" if match.groups() else later or verdict
    return ""


def _shares(match: re.Match[str]) -> str:
    used, allowed = (int(number) / 2**20 for number in match.groups())
    return f"it used {used:.0f} MiB of {allowed:.0f} MiB"


def _from_dump(plan: Plan, task: int) -> str:
    return death_in_log(plan.log(task))


def _from_memory(plan: Plan, task: int) -> str:
    """Return that the controller lost its state, and so all jobs: it forgets none so soon."""
    if read_queue([plan.name]) != []:
        return ""
    folder, seconds = plan.run.set.root.parent, read_limit("MinJobAge") or 0
    for number in (task, *range(len(plan.tasks))):
        with suppress(FileNotFoundError):  # it did not begin
            if age(plan.run.journal(plan.number, number), folder) < seconds:
                return "lost by its scheduler, which does not know the job any more"
    return ""


def _from_queue(plan: Plan, task: int) -> str:
    rows = read_queue([plan.name]) or []
    place = plan.key(task).place
    # Of a cancelled array, what never started is one row without an index.
    mine = [row for row in rows if row.task == place] or [row for row in rows if row.task is None]
    if not mine or mine[-1].living:
        return ""
    row = mine[-1]
    if row.is_stranded:
        return f"not started by its node, and held by Slurm: {row.reason}"
    details = _job_details(row)
    return _verdict(row.state, details.get("ExitCode", ""), details.get("NodeList", ""))


def _job_details(row: QueueRow) -> dict[str, str]:
    text = ask("scontrol", "show", "job", "--oneliner", row.job_id) or ""
    for line in text.splitlines():
        details = parse_fields(line)
        # The id of an array shows all its tasks, and an id may have gone to another job.
        if details.get("JobId") == row.job_id and details.get("JobName") == row.name:
            return details
    return {}


def _from_accounts(plan: Plan, task: int) -> str:
    # By default sacct looks back to midnight only.
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(plan.created - 60))
    columns = "JobName,JobID,State,ExitCode,NodeList"
    # Without accounting it exits with 1.
    text = ask(
        "sacct", "-nXP", f"--delimiter={_BAR}", f"--name={plan.name}", f"--starttime={since}",
        "-o", columns,
    )  # fmt: skip
    lines = [line.split(_BAR) for line in (text or "").splitlines()]
    rows = [line[1:] for line in lines if len(line) == 5 and line[0] == plan.name]
    array = plan.is_shared or len(plan.tasks) > 1
    place = plan.key(task).place
    mine = [row for row in rows if not array or row[0].endswith(f"_{place}")]
    # Of a cancelled array, what never started is one row: "12_[3-7%2]".
    mine = mine or [row for row in rows if "[" in row[0]]
    if not mine:
        return ""
    _, state, exit_code, node = mine[-1]
    return _verdict(state.split()[0], exit_code, node)


def _verdict(state: str, exit_code: str, node: str) -> str:
    """Say what a final state and an exit code, "<status>:<signal>", mean."""
    if verdict := _STATES.get(state):
        known = verdict == "node lost" and node not in {"", "(null)", "None assigned"}
        return f"{verdict}: {node}" if known else verdict
    status, _, number = exit_code.partition(":")
    if not (status.isdigit() and number.isdigit()):
        return ""
    # A shell, as in a script of one's own, exits with 128 more than the signal of its command.
    code = -int(number) or (128 - int(status) if int(status) > _SHELL else int(status))
    return describe_exit(code) if code or state == "COMPLETED" else ""
