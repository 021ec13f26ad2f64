"""Who submits what is missing: of several processes that look after a run, one does.

A plan is a claim. It is published, put-if-absent, under the number behind those of the plans that
were looked at; who does not get the number looks again. Who gets it asks once more who is alive,
and submits it. Until the job is submitted its tasks count as queued, see
`datagen_core.executors.submitters`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate, takewhile

from datagen_core.executors.base import Executor
from datagen_core.executors.submitters import submitting
from datagen_core.scheduling.judging import NEVER_SUBMITTED, record_verdict
from datagen_core.scheduling.run import Run
from datagen_core.store.publishing import in_parallel
from datagen_core.store.runs import Plan, TaskKey, list_plans, next_plan, publish_plan

Part = tuple[Run, Plan]
"""What a job does of one run."""

_FRESH_SECONDS = 5.0
"""Nobody takes a claim for dead so soon."""


class OvertakenError(Exception):
    """Another process took this one for dead, and has submitted its samples."""


@contextmanager
def claiming(parts: Sequence[Part]) -> Iterator[list[Plan]]:
    """Publish the plans of a job; yield those before the first that another process was ahead of.

    The block submits them, and nobody else does meanwhile.
    """
    minutes = max((plan.minutes or 0 for _, plan in parts), default=0) or None
    parts = [(run, _complete(run, replace(plan, minutes=minutes))) for run, plan in parts]
    for run, _ in parts:
        run.plan = None
    run, plan = parts[0]
    if len(parts) == 1:
        claimed = publish_plan(plan, run.record.id)
        if claimed is None:
            yield []
            return
        with submitting(claimed.name, claimed.process):
            yield [claimed]
        return
    name = f"{run.record.id}-and-{len(parts) - 1}-more.{os.urandom(3).hex()}"
    with submitting(name, run.paths.set.job(name).process):
        yield _claim_all(parts, name)


def _complete(run: Run, plan: Plan) -> Plan:
    source = run.demand.source if run.demand.source != run.record.source else None
    return replace(plan, source=source)


def _claim_all(parts: Sequence[Part], name: str) -> list[Plan]:
    """Publish the plans of a shared job, whose tasks have no gaps."""
    places = accumulate((len(plan.tasks) for _, plan in parts), initial=0)

    def claim(part: tuple[Part, int]) -> Plan | None:
        (run, plan), place = part
        return publish_plan(plan, run.record.id, TaskKey(name, place))

    first, *others = zip(parts, places, strict=False)
    # Of two processes that want the same, one gets nothing but sees it at once.
    found = [claim(first)]
    found += in_parallel(claim, others) if found[0] else []
    plans = [plan for plan in takewhile(lambda plan: plan is not None, found) if plan]
    behind = [plan for plan in found[len(plans) :] if plan is not None]
    withdraw((plan, range(len(plan.tasks))) for plan in behind)
    return plans


def withdraw(plans: Iterable[tuple[Plan, Iterable[int]]]) -> None:
    """Say of tasks of plans that they are not submitted."""
    tasks = [(plan, task) for plan, numbers in plans for task in numbers]
    in_parallel(lambda each: record_verdict(*each, NEVER_SUBMITTED), tasks)


def look_again(executor: Executor, plans: Sequence[Plan]) -> None:
    """Check, once plans are claimed, that no task of earlier plans has begun with their samples.

    What another process was submitting during the look may be seen only now.

    Raises
    ------
    OvertakenError
        When one has, or when that cannot be known.
    """
    own = {plan.run: plan for plan in plans if plan.number}  # others have none before them
    found = in_parallel(list_plans, list(own))
    earlier = [each for some in found for each in some if each.number < own[each.run].number]
    living = executor.poll(earlier) if earlier else {}
    if living is None or any(
        each.key(task) in living and samples & own[each.run].samples
        for each in earlier
        for task, samples in enumerate(each.tasks)
    ):
        raise OvertakenError


def check_ahead(plans: Sequence[Plan]) -> None:
    """Check that this process is the last one that claimed the samples of plans.

    Raises
    ------
    OvertakenError
        When it was stopped for so long that another one has.
    """
    if time.time() - plans[0].created < _FRESH_SECONDS:
        return
    newest = in_parallel(lambda plan: next_plan(plan.run) == plan.number + 1, plans)
    if not all(newest):
        raise OvertakenError
