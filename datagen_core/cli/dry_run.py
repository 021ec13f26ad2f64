"""Printing a plan without doing anything."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from datagen_core.estimation import format_duration
from datagen_core.execution.limits import format_minutes
from datagen_core.generation import preview

if TYPE_CHECKING:
    from datagen_core.execution import Executor
    from datagen_core.planning import Binding, Settings
    from datagen_core.store.runs import Demand


def print_plan(
    binding: Binding, demand: Demand, executor: Executor, settings: Settings, *, as_json: bool
) -> None:
    """Print index range, tasks, estimated time, and what the scheduler would be handed."""
    interval, shares, text = preview(binding, demand, executor, settings)
    sizes = [len(task) for task in shares.tasks]
    if as_json:
        click.echo(json.dumps({
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
        }))  # fmt: skip
        return
    click.echo(f"set        {binding.record.generator}/{binding.paths.root.name}")
    click.echo(f"samples    {interval.start} to {interval.stop - 1} ({interval.size})")
    if sizes:
        click.echo(f"tasks      {len(sizes)} of {min(sizes)} to {max(sizes)} samples each, "
                   f"batches of {binding.record.batch_size}")  # fmt: skip
    guess = shares.estimate
    known = f"about {format_duration(guess.mean_seconds)} a task" if guess else "nothing timed yet"
    limit = f", limit {format_minutes(shares.minutes)}" if shares.minutes else ""
    click.echo(f"time       {known}{limit}")
    click.echo(f"executor   {executor.name}")
    click.echo(text)
