"""The command `datagen estimate`."""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen_core.cli.options import WholeNumber, folder_option
from datagen_core.cli.parameters import merge, read_layers
from datagen_core.commands import (
    cache_option,
    json_option,
    open_cache,
    print_json,
    say,
    select_set,
    set_option,
    tell,
)
from datagen_core.errors import ConfigurationError, SelectionError, count_of, human_bytes, noun_of
from datagen_core.reading.selection import parse_selector

if TYPE_CHECKING:
    from datagen_core.scheduling.forecast import Forecast, Past


@click.command("estimate")
@click.argument("name")
@click.option("-n", "samples", type=WholeNumber(1), required=True, metavar="N",
              help="Number of samples to make.")  # fmt: skip
@click.option("--njobs", "-njobs", type=WholeNumber(1), default=1, show_default=True,
              help="Number of jobs that may run at once.")  # fmt: skip
@set_option("Parameters of the samples, key=value, or the number or digest of a set.")
@click.option(
    "--trial",
    type=WholeNumber(1),
    metavar="K",
    help="Make K batches on this machine to know, in a cache of their own that is removed.",
)
@folder_option
@cache_option
@json_option
def estimate_command(  # noqa: PLR0913 (one for each argument and option)
    name: str,
    samples: int,
    njobs: int,
    selector: tuple[str, ...],
    trial: int | None,
    folder: Path | None,
    *,
    as_json: bool,
) -> None:
    """Estimate what samples of NAME will take: time, processors, disk and memory.

    Past tasks of the parameter set say so, else those of other sets of NAME in this cache, else a
    trial. How long jobs wait in a queue is not known. Memory is the most that a task has used so
    far, without that of devices.

    \b
    Examples:
      datagen estimate noisy_sine -n 1e6 --njobs 40
      datagen estimate noisy_sine -n 1e6 --njobs 40 -p left=0 --json
      datagen estimate noisy_sine -n 1e6 --njobs 40 -p std_dev=2 --trial 3
    """
    from datagen_core.executors.control_groups import count_processors
    from datagen_core.scheduling.demands import load
    from datagen_core.scheduling.forecast import predict

    past = _try(name, selector, folder, trial) if trial else _recall(name, selector)
    if past is None:
        load(name, folder)  # a trial needs it
        words = ["datagen", "estimate", name, "-n", str(samples), "--njobs", str(njobs)]
        words += [word for each in selector for word in ("-p", each)]
        words += ["--generators", str(folder)] if folder else []
        raise ConfigurationError(
            f"nothing of {name} was timed in {open_cache().path}; make a few batches to know: "
            f"{shlex.join([*words, '--trial', '3'])}"
        )
    found = predict(past, samples, njobs)
    if as_json:
        named = {"generator": name.rpartition(":")[2], "samples": samples, "njobs": njobs}
        print_json({**named, **asdict(found), "tasks": len(past.timings), "history": past.origin})
    else:
        _print(found, past, samples)
    if found.jobs * past.threads > count_processors():
        tell(f"that is with {found.jobs * past.threads} processors at once, and this machine has "
             f"{count_processors()}")  # fmt: skip


def _try(name: str, selector: tuple[str, ...], folder: Path | None, batches: int) -> Past:
    from datagen_core.cli.progress import watch
    from datagen_core.scheduling.demands import load
    from datagen_core.scheduling.forecast import try_batches

    loaded = load(name, folder)
    if all("=" in text or text.startswith("@") for text in selector):
        params = merge(read_layers(selector), loaded.generator)
    else:
        params = select_set(loaded.generator.name, selector).params
    return try_batches(loaded, params, batches, watch)


def _recall(name: str, selector: tuple[str, ...]) -> Past | None:
    from datagen_core.scheduling.forecast import recall
    from datagen_core.store.sets import list_generators

    cache, generator = open_cache(), name.rpartition(":")[2]
    if generator not in list_generators(cache.path):
        return None
    dataset = cache[generator]
    if not dataset:
        return None
    dataset.find(*selector)  # refuses parameters that no set has
    past = None
    with suppress(SelectionError):  # there is none of these parameters, or several
        chosen = dataset[parse_selector(",".join(selector)) if selector else {}]
        past = recall([chosen], str(chosen))
    others = f"{count_of(len(dataset), 'set')} of {generator}"
    return past or recall(list(dataset.values()), others)


def _print(found: Forecast, past: Past, samples: int) -> None:
    from datagen_core.executors.limits import format_minutes
    from datagen_core.store.timings import format_duration

    size = "not known" if found.bytes is None else human_bytes(found.bytes)
    memory = (
        "not recorded; a trial tells"
        if found.memory_bytes is None
        else f"{human_bytes(found.memory_bytes)} for each job"
    )
    most, limit = format_duration(found.wall_seconds_most), format_minutes(found.limit_minutes)
    say(f"samples     {samples:,} in {found.batches:,} {noun_of(found.batches, 'batch')} of "
        f"{past.batch_size:,}, {count_of(found.jobs, 'job')} at once")  # fmt: skip
    say(f"wall time   {format_duration(found.wall_seconds)}, at most {most} (time limit {limit})")
    say(f"processors  {_format_hours(found.cpu_hours)} h, {past.threads} for each job")
    say(f"disk        {size}")
    say(f"memory      {memory}")
    say(f"history     {past.origin}")


def _format_hours(hours: float) -> str:
    if hours < 0.01:
        return "under 0.01"
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.3g}"
