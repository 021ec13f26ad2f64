"""Who submits a job: a process says so in a journal of the job, which it touches as a sign of life.

So others do not submit the same samples meanwhile, and do not wait for who is dead. The tasks of an
inline job are done while it is being submitted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from datagen_core.executors.base import TaskState
from datagen_core.executors.processes import (
    describe_process,
    find_process,
    find_worker,
    is_here,
    is_of_owner,
)
from datagen_core.store.heartbeats import BEAT_SECONDS, age, beating, is_beating
from datagen_core.store.journals import Journal, read_journal
from datagen_core.store.runs import Plan

_SUBMITTED = {"submitted", "done"}
"""The last words of who has submitted a job; the second one is of earlier versions."""

_WINDOW_SECONDS = 10.0
"""The first word comes a moment after the plan."""

_at_work: set[str] = set()
"""The names of the jobs that this process submits, in any of its threads."""


@contextmanager
def submitting(name: str, path: Path) -> Iterator[None]:
    """Say inside the block that this process submits a job, whose journal is at the path."""
    journal, word = Journal(path), "not submitted"
    journal.append("start", **describe_process(), beats=BEAT_SECONDS)
    _at_work.add(name)
    try:
        with beating(path):
            yield
        word = "submitted"
    finally:
        _at_work.discard(name)
        journal.append("end", reason=word)


def was_submitted(plan: Plan) -> bool:
    """Return whether a plan was submitted, as far as is known: those of earlier versions were."""
    events = read_journal(plan.process)
    ends = [event["reason"] for event in events if event["event"] == "end"]
    began = any(plan.start(task) for task in range(len(plan.tasks)))
    return not events or began or bool(_SUBMITTED & set(ends))


def find_submitter(plan: Plan) -> TaskState | None:
    """Return what tasks wait for that are about to be submitted; None where nobody submits them.

    Who gives no signs of life for some minutes is passed over, also where the process exists: it
    was stopped, and looks again before it submits anything.
    """
    if not read_journal(plan.process) and not any(map(plan.events, range(len(plan.tasks)))):
        with suppress(OSError):
            if age(plan.run.plan(plan.number), plan.run.set.root.parent) < _WINDOW_SECONDS:
                return TaskState("queued", "about to be submitted")
        return None
    found = process_of(plan)
    if found is None or not is_beating(plan.process, plan.run.set.root.parent):
        return None
    start, state = found
    who = f"about to be submitted by process {start['pid']} of {start['host']}"
    return TaskState("queued", f"{who}; {state.reason}".rstrip("; "))


def process_of(plan: Plan) -> tuple[Mapping[str, Any], TaskState] | None:
    """Return the first word of the process that submits a job, and what it does.

    None when it is through, or dead.
    """
    events = read_journal(plan.process)
    start = events[-1] if events else {}
    if not {"host", "pid", "started"} <= start.keys():  # it has ended
        return None
    if is_here(start) and start["pid"] == os.getpid():
        return (start, TaskState("running")) if plan.name in _at_work else None
    beats = partial(is_beating, plan.process, plan.run.set.root.parent, start)
    process = find_process(start) if is_here(start) else None
    # Others who write here may name any process, and only one of their own beats.
    if process and not is_of_owner(process, plan.process) and not beats():
        return None
    state = find_worker(plan, start, beats)
    return (start, state) if state is not None else None
