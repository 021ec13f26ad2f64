"""The plan that `datagen generate --dry-run` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from datagen_core.cli.runs import set_numbers
from datagen_core.commands import find_profile, print_json, say, say_text
from datagen_core.errors import count_of
from datagen_core.executors.limits import format_minutes
from datagen_core.scheduling.probing import is_settled
from datagen_core.scheduling.run import describe_submission, plan_demands
from datagen_core.store.timings import format_duration

if TYPE_CHECKING:
    from datagen_core.executors.base import Executor
    from datagen_core.ranges import Interval
    from datagen_core.scheduling.demands import Demand
    from datagen_core.scheduling.plan import Settings
    from datagen_core.store.runs import Plan


def print_plans(
    demands: Sequence[Demand], executor: Executor, settings: Settings, *, as_json: bool
) -> None:
    """Print index range, tasks, estimated time, and what the scheduler would get.

    Parameter sets of a sweep share a job; each is shown with its own tasks.
    """
    shown = []
    if (profile := find_profile()) and not as_json:
        say(f"profile    {profile.name} of {profile.path} ({profile.reason})")
    planned = plan_demands(demands, executor, settings)
    for demand, (interval, plan) in zip(demands, planned, strict=True):
        text = describe_submission(demand, plan, executor, settings)
        if as_json:
            shown.append(_to_json(demand, interval, plan, text))
        else:
            _print_plan(demand, interval, plan, text)
    if as_json:
        print_json(shown if len(shown) > 1 else shown[0])


def _to_json(demand: Demand, interval: Interval, plan: Plan, text: str) -> dict[str, Any]:
    profile = find_profile()
    return {
        "profile": profile.name if profile else None,
        "generator": demand.record.generator,
        "digest": demand.record.digest,
        "set": set_numbers(demand.paths.root.parent).get(demand.paths),
        "folder": demand.paths.root.name,
        "start": interval.start,
        "stop": interval.stop,
        "executor": plan.executor,
        "tasks": [[list(part) for part in task] for task in plan.tasks],
        "minutes": plan.minutes,
        "estimate": asdict(plan.estimate) if plan.estimate else None,
        "probe": not is_settled(demand.paths, demand.code.id),
        "submission": text,
    }


def _print_plan(demand: Demand, interval: Interval, plan: Plan, text: str) -> None:
    sizes = [len(task) for task in plan.tasks]
    say(f"set        {demand.record.generator}/{demand.paths.root.name}")
    say(f"samples    {interval.start} to {interval.stop - 1} ({interval.size})")
    if sizes:
        span = f"{min(sizes)} to " if min(sizes) < max(sizes) else ""
        say(f"tasks      {len(sizes)} of {span}{count_of(max(sizes), 'sample')} each, "
                   f"batches of {demand.record.batch_size}")  # fmt: skip
    mean = plan.estimate and format_duration(plan.estimate.mean_seconds)
    known = f"about {mean} per task" if mean else "nothing timed yet"
    limit = f", limit {format_minutes(plan.minutes)}" if plan.minutes else ""
    say(f"time       {known}{limit}")
    say(f"executor   {plan.executor}")
    if not is_settled(demand.paths, demand.code.id):
        say("code       other code made this set: some of its samples are made anew first")
    say_text(text)
