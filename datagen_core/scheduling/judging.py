"""Why samples are missing: the fate of each range, from journals, and from what executors say.

A journal's last word comes first. Where a task left none, its executor is asked, and its verdict is
kept, since schedulers forget.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

from datagen_core.batches import is_one_batch
from datagen_core.executors.base import DIED, Executor
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling.attempts import Attempts
from datagen_core.scheduling.liveness import VERDICT_FORMAT, Signs, read_verdict
from datagen_core.scheduling.stories import NO_WORD, Story, is_death, read_story
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


class RangeStatus(NamedTuple):
    """Missing samples that share a fate.

    `blocked` ones are not submitted again unless asked for: cancelled, refused, failed for good, or
    failed too often. `waiting` samples are made and not yet published. Some of the samples whose
    process `died` are poisonous. `nodes` are those where it happened.
    """

    state: State
    samples: IntervalSet
    reason: str
    log: Path | None = None
    blocked: bool = False
    waiting: int = 0
    died: bool = False
    nodes: frozenset[str] = frozenset()

    @property
    def told(self) -> str:
        """The reason for people, with the node if it was only one."""
        if len(self.nodes) != 1:
            return self.reason
        return f"{self.reason}; all on {min(self.nodes)}"

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
            nodes=frozenset(node for item in group for node in item.nodes),
        )
        for group in groups.values()
    ]


def _without_numbers(reason: str) -> str:
    return re.sub(r"[-+]?\d[\d.,]*(e[-+]?\d+)?", "0", reason)


class Judge:
    """Finds the fate of a run's missing samples.

    Parameters
    ----------
    paths
        The parameter set.
    signs
        Which tasks are alive.
    attempts
        The attempts at the run.
    """

    def __init__(
        self, paths: SetPaths, signs: Signs, executor: Executor | None, attempts: Attempts
    ) -> None:
        self._paths, self._signs, self._executor = paths, signs, executor
        self._plans, self._since, self._done = attempts.plans, attempts.since, attempts.done
        self._attempts = attempts
        self._story = self._attempts.story

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
        for plan in reversed(self._plans):
            planned = plan.samples
            for number, task in enumerate(plan.tasks if planned & missing else ()):
                if samples := task & missing:
                    yield from self._task(plan, number, samples)
            missing -= planned
        if missing:
            yield RangeStatus("lost", missing, NEVER_SUBMITTED)

    def _task(self, plan: Plan, number: int, samples: IntervalSet) -> Iterator[RangeStatus]:
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
        nodes = frozenset([story.node] if story.node else [])
        for item in self._failures(plan, number):
            if failed := item.samples & samples:
                samples -= failed
                yield item._replace(samples=failed, nodes=item.nodes or nodes)
        if samples and self._may_be_late(plan, story):
            yield RangeStatus("running", samples, "done, its files are not visible here yet", log)
        elif samples:
            yield self._ended(plan, number, samples)._replace(nodes=nodes)

    def _failures(self, plan: Plan, number: int) -> Iterator[RangeStatus]:
        """Yield the batches that failed or were refused, together where that is alike."""
        log = plan.log(number)
        found = [
            RangeStatus(
                "refused" if error.get("refused") else "failed",
                IntervalSet([error["range"]]),
                error["message"],
                log,
                self._is_final(plan, number, error),
                nodes=self._attempts.nodes_of(Interval(*error["range"])),
            )
            for error in self._story(plan, number).errors
        ]
        yield from merge_alike(found)

    def _may_be_late(self, plan: Plan, story: Story) -> bool:
        """Whether a network file system may still hide what a task published."""
        fresh = time.time() - story.ended < _VISIBLE_SECONDS
        return plan.number >= self._since and story.end == "done" and fresh

    def _is_final(self, plan: Plan, number: int, error: Mapping[str, Any]) -> bool:
        if plan.number < self._since or self._story(plan, number).node in self._attempts.bad_nodes:
            return False
        batch = Interval(*error["range"])
        return bool(error["final"]) or self._attempts.failures(batch) >= ERROR_LIMIT

    def _ended(self, plan: Plan, number: int, samples: IntervalSet) -> RangeStatus:
        """Judge what a task that is over has left, behind the batches that failed."""
        log, story = plan.log(number), self._story(plan, number)
        forgiven = plan.number < self._since
        reason = self._reason(plan, number)
        if reason.startswith(_CANCELLED):
            return RangeStatus(
                "cancelled" if not forgiven else "lost", samples, reason, log, not forgiven
            )
        if self._is_suspect(samples, story) and is_death(reason):
            blocked = not forgiven and self._is_deadly(samples)
            state: State = "failed" if blocked else "lost"
            return RangeStatus(state, samples, reason, log, blocked, died=True)
        hopeless = reason.startswith(_HOPELESS) or self._attempts.tries(samples) >= FRUITLESS_LIMIT
        blocked = hopeless and not forgiven
        vain = blocked and story.end == "failed" and story.is_refused
        return RangeStatus("refused" if vain else "lost", samples, reason, log, blocked)

    def _is_suspect(self, samples: IntervalSet, story: Story) -> bool:
        """Whether a task may have ended its process with one of these samples."""
        if not story.infers:
            return story.began
        # It was batch 0 that it made.
        return samples.intervals[0].start < self._batch_size

    def _is_deadly(self, samples: IntervalSet) -> bool:
        """Whether a range ended its processes often enough, alone, or with all others."""
        size = self._batch_size
        if is_one_batch(samples, size) and self._attempts.deaths(samples, size) >= ERROR_LIMIT:
            return True
        # Where samples were made, more poison than these tries can find is likelier than nothing
        # but poison.
        return self._attempts.fruitless >= (2 * FRUITLESS_LIMIT if self._done else FRUITLESS_LIMIT)

    def _reason(self, plan: Plan, number: int) -> str:
        """Why a task is over: its own last word, unless the executor knows who asked for it."""
        story = self._story(plan, number)
        if story.end == "done":
            return "its files are gone"
        if story.end == "failed":
            what = "were refused" if story.is_refused else "failed"
            return f"not tried, since the batches before it {what}"
        if story.end == TIME_LIMIT:
            return f"{TIME_LIMIT} of {plan.minutes} min reached"
        verdict = read_verdict(plan, number)
        if not verdict and self._executor is not None and not story.end.startswith(DIED):
            verdict = self._executor.diagnose(plan, number)
            record_verdict(plan, number, verdict)
        return verdict or story.end or (NO_WORD if story.began else "it did not begin")

    @cached_property
    def _batch_size(self) -> int:
        return read_set(self._paths).batch_size


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


def batch_0_is_deadly(plan: Plan) -> bool:
    """Whether a process died as it made batch 0, for the schema, in a task of an earlier plan."""
    earlier = list_plans(plan.run)[: plan.number]
    return any(_died_of_batch_0(each, task) for each in earlier for task in range(len(each.tasks)))


def _died_of_batch_0(plan: Plan, number: int) -> bool:
    story = read_story(plan, number)
    return story.infers and (story.end or read_verdict(plan, number)).startswith(DIED)


def record_verdict(plan: Plan, number: int, reason: str) -> None:
    """Keep why a task ended: schedulers forget. A read-only cache keeps nothing."""
    if reason:
        path = plan.run.verdict(plan.number, number)
        with suppress(OSError):
            content = {"format": VERDICT_FORMAT, "reason": reason}
            publish_document(path, content, plan.run.set.temporary)
