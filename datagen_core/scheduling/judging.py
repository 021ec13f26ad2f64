"""Why samples are missing: the fate of each range, from journals, and from what executors say.

A journal's last word comes first. Where a task left none, its executor is asked, and its verdict is
kept, since schedulers forget.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

from datagen_core.batches import is_one_batch
from datagen_core.executors.base import DIED, Executor
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling.liveness import VERDICT_FORMAT, Signs, read_verdict
from datagen_core.store.documents import publish_document
from datagen_core.store.layout import SetPaths
from datagen_core.store.published import lost_samples
from datagen_core.store.runs import Plan, list_plans
from datagen_core.store.sets import read_set

State = Literal["queued", "running", "failed", "refused", "lost", "cancelled", "unknown"]

ERROR_LIMIT = 3
"""A batch that failed this often by its own error, or took its process with it this often while it
was alone in a task, is reported, not tried again."""

FRUITLESS_LIMIT = 4
"""A range whose task ended this often without publishing anything is reported, not tried again. So
are the ranges of processes that died, after this many plans in a row that made nothing."""

TIME_LIMIT = "time limit"
_VISIBLE_SECONDS = 60.0
"""Folder listings of network file systems are cached for up to a minute."""

NEVER_AGAIN = "private, and published before, so never made again"
"""Why samples whose files are gone stay missing."""

NEVER_SUBMITTED = "never submitted"

_CANCELLED = ("cancelled", "interrupted", "terminated")
_HOPELESS = ("out of memory",)
"""Ends that the same resources would only repeat."""

_NO_WORD = "ended without a word"
_DEATHS = (DIED, _NO_WORD, "killed", "exit status", "its process was killed")
"""How reasons begin when a process died by itself; the later ones are of earlier versions."""


class RangeStatus(NamedTuple):
    """Missing samples that share a fate.

    `blocked` ones are not submitted again unless asked for: cancelled, refused, failed for good, or
    failed too often. `waiting` samples are made and not yet published. Some of the samples whose
    process `died` are poisonous.
    """

    state: State
    samples: IntervalSet
    reason: str
    log: Path | None = None
    blocked: bool = False
    waiting: int = 0
    died: bool = False

    @property
    def kind(self) -> tuple[object, ...]:
        """What alike ranges share: state and reason, whatever numbers it has."""
        return self.state, self.blocked, self.died, _without_numbers(self.reason)


def merge_alike(ranges: Iterable[RangeStatus]) -> list[RangeStatus]:
    """Return one range for all of the same state and reason, whatever numbers the reason has.

    It has all their samples, and the reason and the log of the first one.
    """
    groups: dict[tuple[object, ...], list[RangeStatus]] = {}
    for item in ranges:
        groups.setdefault(item.kind, []).append(item)
    return [
        group[0]._replace(
            samples=IntervalSet(chain.from_iterable(item.samples for item in group)),
            waiting=sum(item.waiting for item in group),
        )
        for group in groups.values()
    ]


def _without_numbers(reason: str) -> str:
    return re.sub(r"[-+]?\d[\d.,]*(e[-+]?\d+)?", "0", reason)


class _Story(NamedTuple):
    """What the journal of one task says about its latest start."""

    began: bool
    end: str
    ended: float
    errors: tuple[Mapping[str, Any], ...]
    waiting: int
    infers: bool
    """Whether it was making batch 0, for its schema, when it was last heard of."""


class Judge:
    """Finds the fate of a run's missing samples.

    Parameters
    ----------
    paths
        The parameter set.
    plans
        All plans of the run, oldest first.
    signs
        Which tasks are alive.
    done
        The samples that exist.
    since
        Failures before this plan are forgiven.
    """

    def __init__(
        self,
        paths: SetPaths,
        plans: Sequence[Plan],
        signs: Signs,
        executor: Executor | None,
        done: IntervalSet,
        since: int,
    ) -> None:
        self._plans, self._signs, self._executor = plans, signs, executor
        self._paths, self._done, self._since = paths, done, since

        self._stories: dict[tuple[int, int], _Story] = {}

    def judge(self, missing: IntervalSet) -> list[RangeStatus]:
        """Return the fates of missing samples, those of the latest plan first."""
        lost = lost_samples(self._paths) & missing if missing else missing
        found = [part for item in self._ranges(missing) for part in _without_lost(item, lost)]
        refusal = self.refusal(missing)
        return [_refused_with_all(item, refusal) for item in found] if refusal else found

    def refusal(self, missing: IntervalSet) -> str:
        """Return what a worker said that found that no batch of the set can be made, or nothing."""
        errors = self._errors(missing)
        return next((error["message"] for error in errors if error.get("whole_set")), "")

    def _errors(self, missing: IntervalSet) -> Iterator[Mapping[str, Any]]:
        """Yield the errors that count, of tasks with missing samples."""
        for plan in self._plans:
            for number, task in enumerate(plan.tasks if plan.number >= self._since else ()):
                if task & missing:
                    yield from self._story(plan, number).errors

    def _ranges(self, missing: IntervalSet) -> Iterator[RangeStatus]:
        counts = Counter(Interval(*error["range"]) for error in self._errors(missing))
        for plan in reversed(self._plans):
            planned = plan.samples
            for number, task in enumerate(plan.tasks if planned & missing else ()):
                if samples := task & missing:
                    yield from self._task(plan, number, samples, counts)
            missing -= planned
        if missing:
            yield RangeStatus("lost", missing, NEVER_SUBMITTED)

    def _task(
        self, plan: Plan, number: int, samples: IntervalSet, counts: Counter[Interval]
    ) -> Iterator[RangeStatus]:
        story = self._story(plan, number)
        log = plan.log(number)
        state = self._signs.states.get(plan.key(number))
        if state is not None:
            yield RangeStatus(state.state, samples, state.reason, log, waiting=story.waiting)
            return
        if plan.key(number) in self._signs.unknown and not story.end:
            reason = f"{plan.executor} does not say whether it is alive; ask again later"
            yield RangeStatus("unknown", samples, reason, log)
            return
        for item in self._failures(plan, number, counts):
            if failed := item.samples & samples:
                samples -= failed
                yield item._replace(samples=failed)
        if samples and self._may_be_late(plan, story):
            yield RangeStatus("running", samples, "done, its files are not visible here yet", log)
        elif samples:
            yield self._ended(plan, number, samples)

    def _failures(
        self, plan: Plan, number: int, counts: Counter[Interval]
    ) -> Iterator[RangeStatus]:
        """Yield the batches that failed or were refused, together where that is alike."""
        log = plan.log(number)
        found = [
            RangeStatus(
                "refused" if error.get("refused") else "failed",
                IntervalSet([error["range"]]),
                error["message"],
                log,
                self._is_final(plan, error, counts),
            )
            for error in self._story(plan, number).errors
        ]
        yield from merge_alike(found)

    def _may_be_late(self, plan: Plan, story: _Story) -> bool:
        """Whether a network file system may still hide what a task published."""
        fresh = time.time() - story.ended < _VISIBLE_SECONDS
        return plan.number >= self._since and story.end == "done" and fresh

    def _is_final(self, plan: Plan, error: Mapping[str, Any], counts: Counter[Interval]) -> bool:
        if plan.number < self._since:
            return False
        return bool(error["final"]) or counts[Interval(*error["range"])] >= ERROR_LIMIT

    def _ended(self, plan: Plan, number: int, samples: IntervalSet) -> RangeStatus:
        """Judge what a task that is over has left, behind the batches that failed."""
        log, story = plan.log(number), self._story(plan, number)
        forgiven = plan.number < self._since
        reason = self._reason(plan, number)
        if reason.startswith(_CANCELLED):
            return RangeStatus(
                "cancelled" if not forgiven else "lost", samples, reason, log, not forgiven
            )
        if self._is_suspect(samples, story) and reason.startswith(_DEATHS):
            blocked = not forgiven and self._is_deadly(samples)
            state: State = "failed" if blocked else "lost"
            return RangeStatus(state, samples, reason, log, blocked, died=True)
        hopeless = reason.startswith(_HOPELESS) or self._tries(samples) >= FRUITLESS_LIMIT
        blocked = hopeless and not forgiven
        vain = blocked and story.end == "failed" and _is_refused(story)
        return RangeStatus("refused" if vain else "lost", samples, reason, log, blocked)

    def _is_suspect(self, samples: IntervalSet, story: _Story) -> bool:
        """Whether a task may have ended its process with one of these samples."""
        if not story.infers:
            return story.began
        # It was batch 0 that it made.
        return samples.intervals[0].start < self._batch_size

    def _tries(self, samples: IntervalSet) -> int:
        """Count the plans that had all these samples in tasks that published nothing."""
        return sum(
            not samples - task and not task & self._done
            for plan in self._plans
            if plan.number >= self._since
            for task in plan.tasks
        )

    def _is_deadly(self, samples: IntervalSet) -> bool:
        """Whether a range ended its processes often enough, alone, or with all others."""
        if is_one_batch(samples, self._batch_size) and self._deaths(samples) >= ERROR_LIMIT:
            return True
        # Where samples were made, more poison than these tries can find is likelier than nothing
        # but poison.
        return self._fruitless >= (2 * FRUITLESS_LIMIT if self._done else FRUITLESS_LIMIT)

    def _deaths(self, samples: IntervalSet) -> int:
        """Count the tasks that began and made nothing but the batch of these samples."""
        return sum(
            not samples - task
            and is_one_batch(task, self._batch_size)
            and self._story(plan, number).began
            for plan in self._plans
            if plan.number >= self._since
            for number, task in enumerate(plan.tasks)
        )

    @cached_property
    def _fruitless(self) -> int:
        """The number of plans in a row, up to now, of which nothing was made.

        Plans that divide samples among several jobs count once.
        """
        count, later = 0, IntervalSet()
        for plan in reversed(self._plans):
            samples = plan.samples
            if plan.number < self._since or samples & self._done:
                break
            again = not count or samples & later
            count += bool(again)
            later = samples if again else later | samples
        return count

    def _reason(self, plan: Plan, number: int) -> str:
        """Why a task is over: its own last word, unless the executor knows who asked for it."""
        story = self._story(plan, number)
        if story.end == "done":
            return "its files are gone"
        if story.end == "failed":
            what = "were refused" if _is_refused(story) else "failed"
            return f"not tried, since the batches before it {what}"
        if story.end == TIME_LIMIT:
            return f"{TIME_LIMIT} of {plan.minutes} min reached"
        verdict = read_verdict(plan, number)
        if not verdict and self._executor is not None and not story.end.startswith(DIED):
            verdict = self._executor.diagnose(plan, number)
            record_verdict(plan, number, verdict)
        return verdict or story.end or (_NO_WORD if story.began else "it did not begin")

    @cached_property
    def _batch_size(self) -> int:
        return read_set(self._paths).batch_size

    def _story(self, plan: Plan, number: int) -> _Story:
        key = plan.number, number
        if key not in self._stories:
            self._stories[key] = _read_story(plan, number)
        return self._stories[key]


def _without_lost(item: RangeStatus, lost: IntervalSet) -> Iterator[RangeStatus]:
    """Yield the parts of a range that may be made, and that must not be made a second time."""
    if not lost or item.state in {"queued", "running", "unknown"}:
        yield item
        return
    parts = item.samples - lost, item.samples & lost
    if parts[0]:
        yield item._replace(samples=parts[0])
    if parts[1]:
        yield RangeStatus("lost", parts[1], NEVER_AGAIN, blocked=True)


def _refused_with_all(item: RangeStatus, message: str) -> RangeStatus:
    if item.state in {"queued", "running", "unknown", "refused"} or item.reason == NEVER_AGAIN:
        return item
    return item._replace(state="refused", reason=message, blocked=True, died=False)


def _is_refused(story: _Story) -> bool:
    return all(error.get("refused") for error in story.errors)


def _read_story(plan: Plan, number: int) -> _Story:
    events = plan.events(number)
    starts = [place for place, event in enumerate(events) if event["event"] == "start"]
    latest = events[starts[-1] :] if starts else []
    ends = [event for event in latest if event["event"] == "end"]
    waiting = [event["waiting"] for event in latest if event["event"] == "batches"]
    work = [event["event"] for event in latest if event["event"] != "end"]
    return _Story(
        began=bool(starts),
        end=ends[-1]["reason"] if ends else "",
        ended=ends[-1]["time"] if ends else 0.0,
        errors=tuple(event for event in latest if event["event"] == "error"),
        waiting=waiting[-1] if waiting else 0,
        infers=work[-1:] == ["schema"],
    )


def batch_0_is_deadly(plan: Plan) -> bool:
    """Whether a process died as it made batch 0, for the schema, in a task of an earlier plan."""
    earlier = list_plans(plan.run)[: plan.number]
    return any(_died_of_batch_0(each, task) for each in earlier for task in range(len(each.tasks)))


def _died_of_batch_0(plan: Plan, number: int) -> bool:
    story = _read_story(plan, number)
    return story.infers and (story.end or read_verdict(plan, number)).startswith(DIED)


def record_verdict(plan: Plan, number: int, reason: str) -> None:
    """Keep why a task ended: schedulers forget. A read-only cache keeps nothing."""
    if reason:
        path = plan.run.verdict(plan.number, number)
        with suppress(OSError):
            content = {"format": VERDICT_FORMAT, "reason": reason}
            publish_document(path, content, plan.run.set.temporary)
