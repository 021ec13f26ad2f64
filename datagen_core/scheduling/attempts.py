"""How often missing samples were tried in vain, and where: what limits are counted by.

Attempts at the same time count once, as those of two processes that look after one run. What says
nothing about the samples does not count: plans that were never submitted, nodes that are bad or
were lost, preemption, and a scheduler that forgot its jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property

from datagen_core.batches import is_one_batch
from datagen_core.executors.submitters import was_submitted
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling.liveness import read_verdict
from datagen_core.scheduling.nodes import BadNode, Failure, find_bad_nodes, is_recent
from datagen_core.scheduling.stories import Story, is_blameless, is_death, read_story
from datagen_core.store.runs import Plan

Task = tuple[Plan, int]


class Attempts:
    """The attempts at the samples of a run.

    Parameters
    ----------
    plans
        All plans of the run, oldest first.
    since
        Failures before this plan are forgiven.
    done
        The samples that exist.
    nodes
        Asks for the nodes where tasks may run.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        since: int,
        done: IntervalSet,
        nodes: Callable[[], frozenset[str]],
    ) -> None:
        self.plans, self.since, self.done = plans, since, done
        self._nodes = nodes
        self._stories: dict[tuple[int, int], Story] = {}

    def story(self, plan: Plan, number: int) -> Story:
        """Return what the journal of a task says."""
        key = plan.number, number
        if key not in self._stories:
            self._stories[key] = read_story(plan, number)
        return self._stories[key]

    def tries(self, samples: IntervalSet) -> int:
        """Count the attempts at all these samples in tasks that published nothing."""
        return _count(
            (plan, number)
            for plan, number in self._tasks
            if not samples - plan.tasks[number]
            and not plan.tasks[number] & self.done
            and self._counts(plan, number)
        )

    def deaths(self, samples: IntervalSet, batch_size: int) -> int:
        """Count the tasks that began and made nothing but the batch of these samples."""
        return _count(
            (plan, number)
            for plan, number in self._tasks
            if not samples - plan.tasks[number]
            and is_one_batch(plan.tasks[number], batch_size)
            and self.story(plan, number).began
            and self._counts(plan, number)
        )

    def failures(self, batch: Interval) -> int:
        """Count how often a batch failed by its own error."""
        return _count(
            (plan, number)
            for plan, number in self._failed.get(batch, ())
            if self.story(plan, number).node not in self.bad_nodes
        )

    def nodes_of(self, batch: Interval) -> frozenset[str]:
        """Return the nodes on which a batch failed."""
        found = {self.story(*task).node for task in self._failed.get(batch, ())}
        return frozenset(found - {""})

    @cached_property
    def _failed(self) -> dict[Interval, list[Task]]:
        """The tasks in which batches failed by their own errors, by batch."""
        found: dict[Interval, list[Task]] = {}
        for plan, number in self._tasks:
            for error in self.story(plan, number).errors:
                found.setdefault(Interval(*error["range"]), []).append((plan, number))
        return found

    @cached_property
    def fruitless(self) -> int:
        """The number of plans in a row, up to now, of which nothing was made.

        Plans that divide samples among several jobs count once.
        """
        count, later = 0, IntervalSet()
        start = float("inf")
        for plan in reversed(self.plans):
            samples = plan.samples
            if plan.number < self.since or samples & self.done:
                break
            if not any(self._counts(plan, number) for number in _numbers(plan)):
                continue
            again = not count or (samples & later and _end_of(plan) <= start)
            count += bool(again)
            later, start = (samples, _start_of(plan)) if again else (later | samples, start)
        return count

    @cached_property
    def bad_nodes(self) -> dict[str, BadNode]:
        """The nodes that are not used for what is submitted again, and why, by name."""
        stories = [self.story(plan, number) for plan in self.plans for number in _numbers(plan)]
        recent = [each for each in self._failures() if is_recent(each.time)]
        return find_bad_nodes(recent, stories, self._nodes) if recent else {}

    def _failures(self) -> Iterator[Failure]:
        for plan in self.plans:
            for number in _numbers(plan):
                story = self.story(plan, number)
                if story.node:
                    yield from (Failure(story.node, *each) for each in story.failed)
                    yield from self._losses(plan, number, story)

    def _losses(self, plan: Plan, number: int, story: Story) -> Iterator[Failure]:
        """Yield the failure of a task whose process died, or whose node was lost."""
        reason = _reason(plan, number, story)
        if is_death(reason) or reason.startswith("node lost"):
            yield Failure(story.node, plan.tasks[number] - self.done, story.ended, reason)

    @cached_property
    def _tasks(self) -> list[Task]:
        """The tasks that are not forgiven."""
        plans = [plan for plan in self.plans if plan.number >= self.since]
        return [(plan, number) for plan in plans for number in _numbers(plan)]

    def _counts(self, plan: Plan, number: int) -> bool:
        """Whether a task that is over says anything about its samples."""
        story = self.story(plan, number)
        if is_blameless(_reason(plan, number, story)) or story.node in self.bad_nodes:
            return False
        return was_submitted(plan)


def _numbers(plan: Plan) -> range:
    return range(len(plan.tasks))


def _reason(plan: Plan, number: int, story: Story) -> str:
    """Return why a task ended: what its scheduler said, else its own last word."""
    return read_verdict(plan, number) or story.end


def _count(tasks: Iterable[Task]) -> int:
    """Count tasks; those that went on at the same time count once."""
    count, end = 0, 0.0
    for plan, number in tasks:
        count += _start_of(plan) >= end
        end = max(end, _last_sign(plan, number))
    return count


def _start_of(plan: Plan) -> float:
    """Return when a plan was published, by the clock of the files, as for `_end_of`."""
    return plan.run.plan(plan.number).stat().st_mtime


def _end_of(plan: Plan) -> float:
    return max((_last_sign(plan, number) for number in _numbers(plan)), default=0.0)


def _last_sign(plan: Plan, number: int) -> float:
    with suppress(OSError):
        return plan.run.journal(plan.number, number).stat().st_mtime
    return 0.0
