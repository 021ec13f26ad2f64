"""What became of a run: for each index range whether it is done, and if not, why not.

Files come first: a sample in a shard is done, whatever anything else says. The executor only says
which tasks are alive, and a task's journal why it ended.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from datagen_core.errors import DatagenError
from datagen_core.executors.base import Executor, TaskState
from datagen_core.executors.choice import find_executor
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import RunPaths, SetPaths
from datagen_core.store.runs import Plan, RunRecord, TaskKey, list_plans, list_runs
from datagen_core.store.sets import existing_samples

State = Literal["queued", "running", "failed", "lost", "cancelled", "unknown"]

Poll = Callable[[Sequence[Plan]], Mapping[TaskKey, TaskState] | None]

ERROR_LIMIT = 3
"""A batch that failed this often by its own error is reported, not tried again."""

FRUITLESS_LIMIT = 4
"""A range whose task ended this often without publishing anything is reported, not tried again."""

VERDICT_FORMAT = "1.0"

TIME_LIMIT = "time limit"
_VISIBLE_SECONDS = 60.0
"""Folder listings of network file systems are cached for up to a minute."""

_CANCELLED = ("cancelled", "interrupted", "terminated")
_HOPELESS = ("out of memory",)
"""Ends that the same resources would only repeat."""


class RangeStatus(NamedTuple):
    """Missing samples that share a fate.

    `blocked` ones are not submitted again unless asked for: cancelled, failed for good, or failed
    too often. `waiting` samples are made and not yet published.
    """

    state: State
    samples: IntervalSet
    reason: str
    log: Path | None = None
    blocked: bool = False
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run at one moment."""

    record: RunRecord
    done: IntervalSet
    ranges: tuple[RangeStatus, ...]

    @property
    def missing(self) -> IntervalSet:
        """The samples that are in no file."""
        return IntervalSet([self.record.interval]) - self.done

    @property
    def alive(self) -> bool:
        """Whether any task is queued or running, or may be."""
        return any(item.state in {"queued", "running", "unknown"} for item in self.ranges)

    @property
    def submittable(self) -> IntervalSet:
        """The samples that nobody makes and that may be submitted again."""
        idle = [item for item in self.ranges if item.state in {"failed", "lost"}]
        return IntervalSet(part for item in idle if not item.blocked for part in item.samples)

    @property
    def blocked(self) -> list[RangeStatus]:
        """The ranges that stay missing unless somebody asks for them again."""
        return [item for item in self.ranges if item.blocked]

    @property
    def state(self) -> str:
        """In one word: complete, running or holes."""
        if not self.missing:
            return "complete"
        return "running" if self.alive else "holes"


class _Story(NamedTuple):
    """What the journal of one task says about its latest start."""

    end: str
    ended: float
    errors: tuple[Mapping[str, Any], ...]
    waiting: int


def inspect_run(
    run: RunPaths,
    record: RunRecord,
    executor: Executor | None,
    since: int = 0,
    poll: Poll | None = None,
) -> RunStatus:
    """Return the status of a run.

    Parameters
    ----------
    executor
        The run's executor; None leaves tasks without a last word "unknown".
    since
        Failures before this plan are forgiven: that is what `resume` means.
    poll
        Asks for the living tasks of plans; None to ask the executor.
    """
    whole = IntervalSet([record.interval])
    if not whole - existing_samples(run.set):  # whatever its tasks do
        return RunStatus(record, whole, ())
    plans = list_plans(run)
    poll = poll or (executor.poll if executor is not None else _poll_nobody)
    states = poll(plans)
    # Files are listed behind the tasks: what ends in between is then seen as done, not as lost.
    done = existing_samples(run.set) & whole
    missing = whole - done
    judge = _Judge(plans, states, executor, done, since)
    return RunStatus(record, done, tuple(judge.ranges(missing)))


def never_submitted(record: RunRecord) -> RunStatus:
    """Return the status of a run that was begun this moment."""
    missing = IntervalSet([record.interval])
    return RunStatus(record, IntervalSet(), (RangeStatus("lost", missing, "never submitted"),))


def _poll_nobody(plans: Sequence[Plan]) -> None:
    """Know of no task whether it is alive."""


def status_of(paths: SetPaths, record: RunRecord) -> RunStatus:
    """Return the status of a run, asking its executor only when samples are missing."""
    run = paths.run(record.number)
    status = inspect_run(run, record, None)
    if not status.missing:
        return status
    plans = list_plans(run)
    name = plans[-1].executor if plans else record.details["executor"]
    try:
        executor = find_executor(name)
    except DatagenError as error:  # its plugin is not here, or does not load
        return _with_reason(status, str(error))
    return inspect_run(run, record, executor)


def _with_reason(status: RunStatus, reason: str) -> RunStatus:
    """Return a status that says why nobody knows of its tasks whether they are alive."""
    ranges = (
        item._replace(reason=reason) if item.state == "unknown" else item for item in status.ranges
    )
    return replace(status, ranges=tuple(ranges))


def statuses(paths: SetPaths) -> list[RunStatus]:
    """Return the status of every run of a parameter set."""
    return [status_of(paths, record) for record in list_runs(paths)]


class _Judge:
    """Finds the fate of missing samples."""

    def __init__(
        self,
        plans: Sequence[Plan],
        states: Mapping[TaskKey, TaskState] | None,
        executor: Executor | None,
        done: IntervalSet,
        since: int,
    ) -> None:
        self._plans, self._states, self._executor = plans, states, executor
        self._done, self._since = done, since

    def ranges(self, missing: IntervalSet) -> Iterator[RangeStatus]:
        counts = self._count_errors(missing)
        for plan in reversed(self._plans):
            planned = IntervalSet(part for task in plan.tasks for part in task)
            for number, task in enumerate(plan.tasks if planned & missing else ()):
                if samples := task & missing:
                    yield from self._task(plan, number, samples, counts)
            missing -= planned
        if missing:
            yield RangeStatus("lost", missing, "never submitted")

    def _count_errors(self, missing: IntervalSet) -> Counter[Interval]:
        return Counter(
            Interval(*error["range"])
            for plan in self._plans
            if plan.number >= self._since
            for number, task in enumerate(plan.tasks)
            if task & missing
            for error in _read_story(plan, number).errors
        )

    def _task(
        self, plan: Plan, number: int, samples: IntervalSet, counts: Counter[Interval]
    ) -> Iterator[RangeStatus]:
        story = _read_story(plan, number)
        log = plan.log(number)
        state = (self._states or {}).get(plan.key(number))
        if state is not None:
            yield RangeStatus(state.state, samples, state.reason, log, waiting=story.waiting)
            return
        if self._states is None and not story.end:
            reason = f"{plan.executor} does not say whether it is alive; ask again later"
            yield RangeStatus("unknown", samples, reason, log)
            return
        for error in story.errors:
            failed = IntervalSet([error["range"]]) & samples
            if failed:
                samples -= failed
                blocked = self._is_final(plan, error, counts)
                yield RangeStatus("failed", failed, error["message"], log, blocked)
        if samples and self._may_be_late(plan, story):
            yield RangeStatus("running", samples, "done, its files are not visible here yet", log)
        elif samples:
            yield self._ended(plan, number, samples, story.end)

    def _may_be_late(self, plan: Plan, story: _Story) -> bool:
        """Whether a network file system may still hide what a task published."""
        fresh = time.time() - story.ended < _VISIBLE_SECONDS
        return plan.number >= self._since and story.end == "done" and fresh

    def _is_final(self, plan: Plan, error: Mapping[str, Any], counts: Counter[Interval]) -> bool:
        if plan.number < self._since:
            return False
        return bool(error["final"]) or counts[Interval(*error["range"])] >= ERROR_LIMIT

    def _ended(self, plan: Plan, number: int, samples: IntervalSet, end: str) -> RangeStatus:
        """Judge what a task that is over has left, behind the batches that failed."""
        log = plan.log(number)
        forgiven = plan.number < self._since
        reason = self._reason(plan, number, end)
        if reason.startswith(_CANCELLED):
            return RangeStatus(
                "cancelled" if not forgiven else "lost", samples, reason, log, not forgiven
            )
        hopeless = reason.startswith(_HOPELESS) or self._tries(samples) >= FRUITLESS_LIMIT
        return RangeStatus("lost", samples, reason, log, hopeless and not forgiven)

    def _tries(self, samples: IntervalSet) -> int:
        """Count the plans that had all these samples in tasks that published nothing."""
        return sum(
            not samples - task and not task & self._done
            for plan in self._plans
            if plan.number >= self._since
            for task in plan.tasks
        )

    def _reason(self, plan: Plan, number: int, end: str) -> str:
        """Why a task is over: its own last word, unless the executor knows who asked for it."""
        if end == "done":
            return "its files are gone"
        if end == "failed":
            return "not tried, since the batches before it failed"
        if end == TIME_LIMIT:
            return f"{TIME_LIMIT} of {plan.minutes} min reached"
        verdict = _read_verdict(plan, number)
        if not verdict and self._executor is not None:
            verdict = self._executor.diagnose(plan, number)
            record_verdict(plan, number, verdict)
        return verdict or end or "ended without a word"


def _read_story(plan: Plan, number: int) -> _Story:
    events = plan.events(number)
    starts = [place for place, event in enumerate(events) if event["event"] == "start"]
    latest = events[starts[-1] :] if starts else []
    ends = [event for event in latest if event["event"] == "end"]
    waiting = [event["waiting"] for event in latest if event["event"] == "batches"]
    return _Story(
        end=ends[-1]["reason"] if ends else "",
        ended=ends[-1]["time"] if ends else 0.0,
        errors=tuple(event for event in latest if event["event"] == "error"),
        waiting=waiting[-1] if waiting else 0,
    )


def _read_verdict(plan: Plan, number: int) -> str:
    path = plan.run.verdict(plan.number, number)
    with suppress(FileNotFoundError):
        reason: str = read_document(path, VERDICT_FORMAT)["reason"]
        return reason
    return ""


def record_verdict(plan: Plan, number: int, reason: str) -> None:
    """Keep why a task ended: schedulers forget. A read-only cache keeps nothing."""
    if reason:
        path = plan.run.verdict(plan.number, number)
        with suppress(OSError):
            content = {"format": VERDICT_FORMAT, "reason": reason}
            publish_document(path, content, plan.run.set.temporary)
