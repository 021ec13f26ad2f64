"""The plan that `datagen generate --dry-run` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from datagen_core.executors.limits import format_minutes
from datagen_core.scheduling.estimation import format_duration
from datagen_core.scheduling.run import preview

if TYPE_CHECKING:
    from datagen_core.executors.base import Executor
    from datagen_core.ranges import Interval
    from datagen_core.scheduling.plan import Binding, Settings, Shares
    from datagen_core.store.runs import Demand


def print_plans(
    bindings: Sequence[Binding],
    demands: Sequence[Demand],
    executor: Executor,
    settings: Settings,
    *,
    as_json: bool,
) -> None:
    """Print index range, tasks, estimated time, and what the scheduler would get.

    Parameter sets of a sweep share a job; each is shown with its own tasks.
    """
    settings = replace(settings, njobs=-(-settings.njobs // len(bindings)))
    pairs = zip(bindings, demands, strict=True)
    plans = [(binding, preview(binding, demand, executor, settings)) for binding, demand in pairs]
    if as_json:
        found = [_to_json(binding, executor, plan) for binding, plan in plans]
        click.echo(json.dumps(found if len(found) > 1 else found[0]))
        return
    for binding, plan in plans:
        _print_plan(binding, executor, plan)


Plan = tuple["Interval", "Shares", str]


def _to_json(binding: Binding, executor: Executor, plan: Plan) -> dict[str, Any]:
    interval, shares, text = plan
    return {
        "generator": binding.record.generator,
        "digest": binding.record.digest,
        "set": binding.paths.root.name,
        "start": interval.start,
        "stop": interval.stop,
        "executor": executor.name,
        "tasks": [[list(part) for part in task] for task in shares.tasks],
        "minutes": shares.minutes,
        "estimate": asdict(shares.estimate) if shares.estimate else None,
        "submission": text,
    }


def _print_plan(binding: Binding, executor: Executor, plan: Plan) -> None:
    interval, shares, text = plan
    sizes = [len(task) for task in shares.tasks]
    click.echo(f"set        {binding.record.generator}/{binding.paths.root.name}")
    click.echo(f"samples    {interval.start} to {interval.stop - 1} ({interval.size})")
    if sizes:
        click.echo(f"tasks      {len(sizes)} of {min(sizes)} to {max(sizes)} samples each, "
                   f"batches of {binding.record.batch_size}")  # fmt: skip
    guess = shares.estimate
    known = (
        f"about {format_duration(guess.mean_seconds)} per task" if guess else "nothing timed yet"
    )
    limit = f", limit {format_minutes(shares.minutes)}" if shares.minutes else ""
    click.echo(f"time       {known}{limit}")
    click.echo(f"executor   {executor.name}")
    click.echo(text)
