"""What became of a run: for each index range whether it is done, and if not, why not.

Files come first: a sample in a shard is done, whatever anything else says. The executor only says
which tasks are alive, and a task's journal why it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from datagen_core.errors import CacheError, DatagenError
from datagen_core.executors.base import Executor, Resources, TaskState
from datagen_core.executors.choice import find_executor
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.attempts import Attempts
from datagen_core.scheduling.judging import NEVER_AGAIN, Judge, RangeStatus, merge_alike
from datagen_core.scheduling.liveness import find_living
from datagen_core.scheduling.nodes import BadNode
from datagen_core.store.layout import RunPaths, SetPaths
from datagen_core.store.reservations import reserved_samples
from datagen_core.store.runs import Plan, RunRecord, TaskKey, list_plans, list_runs, next_plan
from datagen_core.store.sets import existing_samples

ACCEPT_CODE = "--accept-code"
"""What refusals name that come of changed code, and not of the generator."""

Poll = Callable[[Sequence[Plan]], Mapping[TaskKey, TaskState] | None]
Existing = Callable[[SetPaths], IntervalSet]

_IDLE = {"failed", "lost", "refused"}
_ANY = Resources()


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run at one moment."""

    record: RunRecord
    done: IntervalSet
    ranges: tuple[RangeStatus, ...]
    stopped: bool = False
    """Whether a worker found that no batch of the parameter set can be made."""
    orphaned: bool = False
    """Whether its executor is not installed here, so that nobody can be asked who lives."""
    bad_nodes: Mapping[str, BadNode] = field(default_factory=dict)
    """The nodes that are not used for what is submitted again, and why, by name."""
    next_plan: int = 0
    """The number of the plan that is next after those that were looked at."""

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
        return [item for item in self.ranges if item.state in _IDLE and not item.blocked]

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
    if any(ACCEPT_CODE in item.reason for item in status.refused):
        return f"then: {resume}"  # the reason says what to do
    if status.ranges and all(item.reason == NEVER_AGAIN for item in status.ranges):
        return "restore their files from a backup, or go on without them"
    if status.state != "refused":
        return f"{'make the others' if status.refused else 'go on'} with: {resume}"
    kept = ", or go on with the samples that are made" if status.done else ""
    return f"use other parameters, or mend the generator and raise its `version`{kept}"


def inspect_run(  # noqa: PLR0913 (what is asked, and who answers)
    run: RunPaths,
    record: RunRecord,
    executor: Executor | None,
    since: int = 0,
    poll: Poll | None = None,
    existing: Existing = existing_samples,
    *,
    resources: Resources = _ANY,
) -> RunStatus:
    """Return the status of a run.

    Parameters
    ----------
    executor
        The run's executor; None where it is not installed, so that only heartbeats say who lives.
    since
        Failures before this plan are forgiven: that is what `resume` means.
    poll
        Asks for the living tasks of plans; None to ask the executor.
    existing
        Lists the samples of a set; what it returns behind `poll` was listed behind it.
    resources
        What its tasks may use, which says on which nodes they may run.
    """
    done = _made(record, existing(run.set))
    if len(done) == record.interval.size:  # whatever its tasks do
        return RunStatus(record, done, ())
    number = next_plan(run)  # what is published from here on was not looked at
    plans = list_plans(run)
    poll = poll or (executor.poll if executor is not None else _poll_nobody)
    signs = find_living(plans, poll(plans), executor, IntervalSet([record.interval]) - done)
    # Files are listed behind the tasks: what ends in between is then seen as done, not as lost.
    done = _made(record, existing(run.set))
    missing = IntervalSet([record.interval]) - done
    attempts = Attempts(plans, since, done, _nodes(executor, resources))
    judge = Judge(run.set, signs, executor, attempts)
    ranges = tuple(judge.judge(missing))
    is_idle = any(item.state in _IDLE for item in ranges)
    stopped, bad_nodes = bool(judge.refusal(missing)), attempts.bad_nodes if is_idle else {}
    return RunStatus(record, done, ranges, stopped, bad_nodes=bad_nodes, next_plan=number)


def _nodes(executor: Executor | None, resources: Resources) -> Callable[[], frozenset[str]]:
    return partial(executor.nodes, resources) if executor is not None else frozenset


def _made(record: RunRecord, existing: IntervalSet) -> IntervalSet:
    return IntervalSet(existing.clip(record.interval))


def has_holes(paths: SetPaths) -> bool:
    """Return whether a reserved sample of a set is missing; only its last run is read."""
    reserved = reserved_samples(paths)
    return sum(part.size for part in existing_samples(paths).clip((0, reserved))) < reserved


def never_submitted(record: RunRecord) -> RunStatus:
    """Return the status of a run that was begun this moment."""
    missing = IntervalSet([record.interval])
    return RunStatus(record, IntervalSet(), (RangeStatus("lost", missing, "never submitted"),))


def _poll_nobody(plans: Sequence[Plan]) -> None:
    """Know of no task whether it is alive."""


class Look:
    """One look at many runs, for which each of their executors is found and asked once.

    A call of a scheduler takes a moment, and a sweep has thousands of runs. So has a set, whose
    files are listed once before executors are asked, and once behind each answer.
    """

    def __init__(self, runs: Iterable[tuple[RunPaths, RunRecord]]) -> None:
        self._runs = runs
        self._listed: dict[SetPaths, IntervalSet] = {}
        self._executors: dict[str, Executor | DatagenError] = {}
        self._answers: dict[str, Mapping[TaskKey, TaskState] | None] = {}

    @classmethod
    def at(cls, sets: Iterable[SetPaths]) -> Look:
        """Return a look at all runs of some sets; where they cannot be read, whoever asks is told.

        See `status_of`.
        """
        return cls([each for paths in sets for each in _runs_of(paths)])

    def find(self, name: str) -> Executor:
        """Return an executor by its name.

        Raises
        ------
        DatagenError
            When its plugin is not here, or does not load.
        """
        if name not in self._executors:
            try:
                self._executors[name] = find_executor(name)
            except DatagenError as error:
                self._executors[name] = error
        found = self._executors[name]
        if isinstance(found, DatagenError):
            raise found
        return found

    def existing(self, paths: SetPaths) -> IntervalSet:
        """Return the samples of a set, as they were listed since the last answer."""
        if paths not in self._listed:
            self._listed[paths] = existing_samples(paths)
        return self._listed[paths]

    def poll(self, executor: Executor) -> Poll:
        """Return what stands for the executor's `poll` during this look."""

        def poll(plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState] | None:
            if executor.name not in self._answers:
                self._answers[executor.name] = self._ask(executor, self._plans)
            living = self._answers[executor.name]
            # Processes of another machine keep nobody from knowing those of this one.
            is_hidden = living is None and executor.ends_with_caller
            # Somebody else may have submitted a new plan since.
            is_new = not {each.key(0) for each in plans} <= self._known
            return self._ask(executor, plans) if is_hidden or is_new else living

        return poll

    def _ask(self, executor: Executor, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState] | None:
        answer = executor.poll(plans)
        self._listed.clear()  # what ended in between is then seen as done, not as lost
        return answer

    @cached_property
    def _plans(self) -> list[Plan]:
        """The plans of all runs that lack samples and can be read; status tells of the others."""
        found: list[Plan] = []
        for run, record in self._runs:
            with suppress(CacheError):
                if len(_made(record, self.existing(run.set))) < record.interval.size:
                    found += list_plans(run)
        return found

    @cached_property
    def _known(self) -> set[TaskKey]:
        return {plan.key(0) for plan in self._plans}


def _runs_of(paths: SetPaths) -> list[tuple[RunPaths, RunRecord]]:
    with suppress(Exception):  # which is told of the set itself
        return [(paths.run(each.number), each) for each in list_runs(paths)]
    return []


def status_of(paths: SetPaths, record: RunRecord, look: Look | None = None) -> RunStatus:
    """Return the status of a run, asking its executor only when samples are missing.

    `look` is a look at this run and others.
    """
    run = paths.run(record.number)
    look = look or Look([(run, record)])
    done = _made(record, look.existing(paths))
    if len(done) == record.interval.size:
        return RunStatus(record, done, ())
    plans = list_plans(run)
    name = plans[-1].executor if plans else record.details["executor"]
    try:
        executor = look.find(name)
    except DatagenError as error:
        return _with_reason(inspect_run(run, record, None), str(error))
    return inspect_run(run, record, executor, poll=look.poll(executor), existing=look.existing)


def _with_reason(status: RunStatus, reason: str) -> RunStatus:
    """Return a status that says why nobody knows of its tasks whether they are alive."""
    ranges = (
        item._replace(reason=reason) if item.state == "unknown" else item for item in status.ranges
    )
    return replace(status, ranges=tuple(ranges), orphaned=True)


def statuses(paths: SetPaths, look: Look | None = None) -> list[RunStatus]:
    """Return the status of every run of a parameter set; see `status_of`."""
    records = list_runs(paths)
    look = look or Look([(paths.run(record.number), record) for record in records])
    return [status_of(paths, record, look) for record in records]
