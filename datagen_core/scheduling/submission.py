"""Submitting what is missing of runs: a job for each run, or one for many runs of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from datagen_core.batches import deal
from datagen_core.errors import count_of
from datagen_core.executors.base import Job, Recipe
from datagen_core.executors.control_groups import count_processors
from datagen_core.executors.limits import format_minutes
from datagen_core.generators.identity import canonical_json
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling import worker, worker_process
from datagen_core.scheduling.claims import OvertakenError, Part, claiming
from datagen_core.scheduling.judging import TIME_LIMIT
from datagen_core.scheduling.plan import Limits, Settings, divide_jobs, make_plan
from datagen_core.scheduling.run import Run
from datagen_core.scheduling.status import RunStatus
from datagen_core.scheduling.surroundings import make_recipe, seal
from datagen_core.store.runs import Plan, list_plans
from datagen_core.store.timings import format_duration

MOST_PIECES = 10_000
"""Ranges whose processes died are cut into no more tasks than this."""

Report = Callable[[int], None]


def group_alike(runs: Sequence[Run]) -> list[list[int]]:
    """Return the places of runs by groups that can share a job, in their order."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, run in enumerate(runs):
        settings = canonical_json([asdict(run.resources), run.settings.njobs, run.settings.wait])
        kind = (run.executor.name, *_recipe_of(run), str(run.threads), settings)
        # What is not loadable by name works in this process alone, for its own generator.
        shared = run.executor.shares_jobs and run.demand.source
        groups.setdefault(kind if shared else (str(place),), []).append(place)
    return list(groups.values())


def _recipe_of(run: Run) -> Recipe:
    demand, record = run.demand, run.record
    return make_recipe(record.details, demand.source, demand.code.fingerprint, record.source)


def plan_jobs(runs: Sequence[Run], statuses: Sequence[RunStatus]) -> list[list[Part]]:
    """Plan what is missing of runs that share a job; a list for each job to submit.

    All of them together get as many tasks as jobs may run at once, and each at least one. A job has
    at most as many as the scheduler takes.

    Raises
    ------
    ConfigurationError
        When a time limit is needed and not known, or is above what the partition allows.
    """
    executor, settings = runs[0].executor, runs[0].settings
    limits = Limits.of(executor, runs[0].resources)
    share = divide_jobs(settings, len(runs))
    pairs = sorted(zip(runs, statuses, strict=True), key=lambda pair: _danger(pair[1]))
    parts = [(run, run.plan or _plan(run, status, share, limits)) for run, status in pairs]
    numbers = [status.next_plan for _, status in pairs]
    parts = [(run, replace(plan, number=n)) for (run, plan), n in zip(parts, numbers, strict=True)]
    limits.check_tasks(executor, settings.njobs, sum(len(plan.tasks) for _, plan in parts))
    _announce_limit(parts)
    _announce_threads(runs[0])
    _announce_crowd(runs[0], sum(len(plan.tasks) for _, plan in parts))
    return list(_pack(parts, limits.tasks))


def _plan(run: Run, status: RunStatus, share: Settings, limits: Limits) -> Plan:
    settings = _longer_after_timeout(run, status, share, limits)
    plan = make_plan(run.demand, run.paths, status.submittable, run.executor, settings, limits)
    return replace(plan, tasks=tuple(_cut_suspects(run, status, plan))) if status.suspects else plan


def _danger(status: RunStatus) -> tuple[bool, int]:
    """Return what sorts runs by how soon they may end their process: an inline job has only one."""
    suspects = [len(item.samples) for item in status.suspects]
    return len(suspects) == len(status.idle) > 0, -max(suspects, default=0)


def _cut_suspects(run: Run, status: RunStatus, plan: Plan) -> Iterator[IntervalSet]:
    """Yield tasks: what is above suspicion, then the halves of each range whose process died.

    They are less than halves where tasks are shorter anyway. The largest come first, since in one
    process the next death is the last.
    """
    size = run.demand.record.batch_size
    suspects = sorted((item.samples for item in status.suspects), key=len, reverse=True)
    if run.executor.in_process:
        yield from (item.samples for item in status.idle if not item.died)
    else:
        others = status.submittable - IntervalSet(part for each in suspects for part in each)
        yield from deal(others, size, len(plan.tasks))
    share, most = max(map(len, plan.tasks)), max(1, MOST_PIECES // len(suspects))
    for samples in suspects:
        yield from deal(samples, size, min(most, max(2, -(-len(samples) // share))))


def submit_job(
    parts: Sequence[Part], report: Report, busy: int, hand_over: Callable[[Job], None]
) -> bool:
    """Publish the plans of a job and submit it; return whether all of it was submitted.

    A plan that was published by another process meanwhile is not submitted, nor are those behind
    it: what they were to make is to be looked at again.

    Parameters
    ----------
    report
        Told of the samples that an inline executor makes.
    busy
        Number of other tasks that are alive. Fewer may run at once then, so that deaths one after
        another do not multiply processes.
    hand_over
        Submits the job, or tries to for a while.
    """
    with suppress(OvertakenError), claiming(parts) as plans:
        if plans:
            job = make_job(parts[: len(plans)], plans, report, busy)
            hand_over(job)
        return len(plans) == len(parts)
    return False


def make_job(parts: Sequence[Part], plans: Sequence[Plan], report: Report, busy: int) -> Job:
    """Return the job of published plans; parameters are those of `submit_job`."""
    first = parts[0][0]
    settings, recipe = first.settings, _recipe_of(first)
    recipe = recipe if first.executor.in_process else seal(recipe)
    work = _work(parts, plans, recipe, report)
    return Job(
        tuple(plans), first.resources, max(1, settings.njobs - busy), settings.wait, work,
        first.threads, recipe,
        excluded=frozenset(name for run, _ in parts for name in run.bad_nodes),
    )  # fmt: skip


def _work(
    parts: Sequence[Part], plans: Sequence[Plan], recipe: Recipe, report: Report
) -> Callable[[int], Any]:
    if not parts[0][0].executor.in_process:
        addresses = [(worker.address_of(each), len(each.tasks)) for each in plans]
        return partial(worker_process.run_job, addresses, recipe=recipe)
    tasks = [
        (worker.address_of(plan), task, run.maker)
        for (run, _), plan in zip(parts, plans, strict=True)
        for task in range(len(plan.tasks))
    ]
    return lambda place: worker.run_task(*tasks[place], report, recipe=recipe)


def _pack(parts: Sequence[Part], width: int | None) -> Iterator[list[Part]]:
    """Yield the plans in jobs of at most `width` tasks; a larger plan is cut."""
    job: list[Part] = []
    size = 0
    for run, plan in parts:
        step = width or len(plan.tasks)
        for first in range(0, len(plan.tasks), step):
            tasks = plan.tasks[first : first + step]
            if job and width and size + len(tasks) > width:
                yield job
                job, size = [], 0
            job.append((run, replace(plan, tasks=tasks, number=plan.number + first // step)))
            size += len(tasks)
    yield job


def _announce_limit(parts: Sequence[Part]) -> None:
    """Report the longest of the estimated time limits."""
    guesses = [
        (plan.minutes, plan.estimate.mean_seconds, run)
        for run, plan in parts
        if plan.estimate and plan.minutes and run.settings.resources.minutes is None
    ]
    if guesses:
        minutes, seconds, run = max(guesses, key=lambda guess: guess[:2])
        run.announce(
            f"a job is estimated to take {format_duration(seconds)}, and gets a time limit of "
            f"{format_minutes(minutes)}; --time sets another one"
        )


def _announce_threads(run: Run) -> None:
    """Report once that the samples of a set are made with as many threads as its first ones."""
    asked = run.settings.resources.cpus
    if asked not in {1, run.threads} and not list_plans(run.paths)[run.since :]:
        run.announce(
            f"a job gets {count_of(asked, 'processor')}, and makes the samples with "
            f"{count_of(run.threads, 'thread')}, "
            "as the first ones of this set were: with another number they may differ"
        )


def _announce_crowd(run: Run, tasks: int) -> None:
    """Report once that the jobs of a run have to take turns on this machine."""
    jobs, here = min(run.settings.njobs, tasks), count_processors()
    is_first = not list_plans(run.paths)[run.since :]
    if run.executor.shares_processors and is_first and jobs * run.threads > here:
        run.announce(
            f"{count_of(jobs, 'job')} of {count_of(run.threads, 'thread')} "
            f"{'share' if jobs > 1 else 'takes'} "
            f"the {count_of(here, 'processor')} that this "
            "process may use here: more of them than processors make nothing faster"
        )


def _longer_after_timeout(
    run: Run, status: RunStatus, settings: Settings, longest: Limits
) -> Settings:
    """Double the time limit that tasks ran into, as far as the partition allows."""
    plans = list_plans(run.paths)[run.since :]
    late = [item.samples for item in status.ranges if item.reason.startswith(TIME_LIMIT)]
    # Others may have run into the limit of another plan before.
    found = [next((p.minutes for p in reversed(plans) if p.samples & each), None) for each in late]
    limits = [2 * minutes for minutes in found if minutes]
    if not limits:
        return settings
    minutes = min(max(limits), longest.minutes or max(limits))
    return replace(settings, resources=replace(settings.resources, minutes=minutes))
