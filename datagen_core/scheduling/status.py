"""What became of a run: for each index range whether it is done, and if not, why not.

Files come first: a sample in a shard is done, whatever anything else says. The executor only says
which tasks are alive, and a task's journal why it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from datagen_core.errors import DatagenError
from datagen_core.executors.base import Executor, TaskState
from datagen_core.executors.choice import find_executor
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.judging import Judge, RangeStatus, merge_alike
from datagen_core.store.layout import RunPaths, SetPaths
from datagen_core.store.runs import Plan, RunRecord, TaskKey, list_plans, list_runs
from datagen_core.store.sets import existing_samples

Poll = Callable[[Sequence[Plan]], Mapping[TaskKey, TaskState] | None]


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run at one moment."""

    record: RunRecord
    done: IntervalSet
    ranges: tuple[RangeStatus, ...]
    stopped: bool = False
    """Whether a worker found that no batch of the parameter set can be made."""

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
        return IntervalSet(part for item in self.idle for part in item.samples)

    @property
    def idle(self) -> list[RangeStatus]:
        """The ranges that nobody makes and that may be submitted again."""
        states = {"failed", "lost", "refused"}
        return [item for item in self.ranges if item.state in states and not item.blocked]

    @property
    def suspects(self) -> list[RangeStatus]:
        """Those of them that ended their processes, and are tried in halves."""
        return [item for item in self.idle if item.died]

    @property
    def blocked(self) -> list[RangeStatus]:
        """The ranges that stay missing unless somebody asks for them again."""
        return [item for item in self.ranges if item.blocked]

    @property
    def groups(self) -> list[RangeStatus]:
        """The ranges for people: those of the same state and reason are one."""
        return merge_alike(self.ranges)

    @property
    def refused(self) -> list[RangeStatus]:
        """The ranges that the generator refuses to make."""
        return [item for item in self.ranges if item.state == "refused"]

    @property
    def state(self) -> str:
        """In one word: complete, running, refused, if all that is missing is, or holes."""
        if not self.missing:
            return "complete"
        if self.alive:
            return "running"
        return "refused" if len(self.refused) == len(self.ranges) else "holes"


def advise(status: RunStatus, resume: str) -> str:
    """Return what helps a run with missing samples; `resume` is the command that takes it up."""
    if status.state != "refused":
        return f"{'make the others' if status.refused else 'go on'} with: {resume}"
    kept = ", or go on with the samples that are made" if status.done else ""
    return f"use other parameters, or mend the generator and raise its `version`{kept}"


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
    judge = Judge(run.set, plans, states, executor, done, since)
    ranges = tuple(judge.judge(missing))
    return RunStatus(record, done, ranges, bool(judge.refusal(missing)))


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
