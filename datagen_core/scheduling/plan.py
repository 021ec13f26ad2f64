"""From a demand to a plan: share samples among tasks, and find their time limit.

Nothing here writes. A demand says what is asked for, a plan which task makes which samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from datagen_core.batches import count_batches, deal
from datagen_core.errors import ConfigurationError, GeneratorError
from datagen_core.executors.base import Executor, Resources
from datagen_core.executors.limits import format_minutes, parse_memory
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.demands import Demand
from datagen_core.scheduling.estimation import estimate
from datagen_core.store.advice import command_to_make
from datagen_core.store.layout import RunPaths
from datagen_core.store.runs import Plan
from datagen_core.store.timings import Estimate, read_timings

MOST_PROBED = 2
"""Number of existing batches that are made anew where the code changed, at most."""

MOST_TASKS = 1_000_000
"""More tasks are a slip; their list alone would be a file of a hundred megabytes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is to be executed. What is None is left to the generator, the executor, or datagen.

    Attributes
    ----------
    njobs
        Number of jobs that may run at once.
    executor
        "slurm", "local", "inline", "dask", or the name of a plugin's.
    resources
        What the user asked for; it wins over what the generator declares.
    wait
        Whether somebody waits for the run, and resubmits what is lost.
    probe
        Whether to make existing samples anew, where the code changed, whatever that costs.
    accept_code
        Whether to go on by other code without doing so, which marks the set as mixed.
    """

    njobs: int = 1
    executor: str | None = None
    resources: Resources = field(default_factory=Resources)
    wait: bool = True
    probe: bool = False
    accept_code: bool = False

    def __post_init__(self) -> None:
        if self.njobs < 1:
            raise ConfigurationError(f"cannot run {self.njobs} jobs at once; use at least one")
        if self.resources.gpus < 0:
            raise ConfigurationError(f"a job cannot have {self.resources.gpus} GPUs; use 0 or more")


def divide_jobs(settings: Settings, runs: int) -> Settings:
    """Return the settings of each of `runs` runs that share a job; each gets at least one task."""
    return replace(settings, njobs=-(-settings.njobs // max(1, runs)))


def combine_resources(generator: DatasetGenerator, asked: Resources) -> Resources:
    """Return what a task gets: what the generator declares, overruled by what the user asks."""
    memory = asked.memory or generator.memory
    if memory:
        parse_memory(memory)
    named = {"partition": asked.partition, "account": asked.account, "qos": asked.qos}
    declared = {name: each for name, each in generator.options.items() if not named.get(name)}
    return replace(
        asked,
        memory=memory,
        options={**declared, **asked.options},
        setup=(*generator.setup, *asked.setup),
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What an executor allows to tasks, None for no limit. Each may take a call of the scheduler.

    Attributes
    ----------
    minutes
        The longest time limit that can ever start.
    tasks
        Number of tasks that one job may have.
    parallel
        Number of tasks that may run at once.
    cluster
        The name of the cluster on which they would run.
    """

    minutes: int | None
    tasks: int | None
    parallel: int | None
    cluster: str | None = None

    @classmethod
    def of(cls, executor: Executor, resources: Resources) -> Limits:
        """Ask an executor for its limits."""
        return cls(
            executor.max_minutes(resources),
            executor.max_tasks(),
            executor.max_parallel(),
            executor.cluster(),
        )

    def check_tasks(self, executor: Executor, njobs: int, tasks: int) -> None:
        """Refuse numbers of tasks that are most likely a slip.

        Raises
        ------
        ConfigurationError
            When there are too many tasks, in all or at once.
        """
        if tasks > MOST_TASKS:
            raise ConfigurationError(
                f"that takes {tasks:,} tasks, more than {MOST_TASKS:,}; ask for fewer samples at a "
                "time, or for a longer --time in another --partition"
            )
        if self.parallel is not None and min(njobs, tasks) > self.parallel:
            raise ConfigurationError(
                f"{min(njobs, tasks):,} jobs at once are more than the {self.parallel} that "
                f"executor {executor.name} runs here; use a smaller --njobs"
            )


def check_loadable(demand: Demand, executor: Executor) -> None:
    """Refuse a generator that other processes could not load."""
    if not demand.source and not executor.in_process:
        raise GeneratorError(
            f"{demand.generator.name} was defined interactively, so no other process can load it; "
            "put it into a file, or use the executor inline"
        )


def make_plan(
    demand: Demand,
    run: RunPaths,
    missing: IntervalSet,
    executor: Executor,
    settings: Settings,
    limits: Limits | None = None,
) -> Plan:
    """Share missing samples of a run among tasks, and find the tasks' time limit.

    There are as many tasks as jobs may run at once; more when one would not fit under the
    partition's longest time limit. An inline run has one.

    Parameters
    ----------
    limits
        The limits of the executor, where it was asked before.

    Raises
    ------
    ConfigurationError
        When a time limit is needed, but not given and not known from past runs, or when it is above
        what the partition allows. When there are too many tasks.
    """
    if not missing:
        return Plan(run, executor.name, ())
    resources = combine_resources(demand.generator, settings.resources)
    size = demand.record.batch_size
    limits = limits or Limits.of(executor, resources)
    longest = limits.minutes
    history = read_timings(demand.paths)
    batches = count_batches(missing, size)
    most = 1 if executor.in_process else limits.tasks or batches
    tasks = min(settings.njobs, most, batches)
    # Each task makes existing batches anew, or waits for the one that does.
    more = MOST_PROBED if demand.probe == "compare" else 0
    guess = estimate(history, math.ceil(batches / tasks) + more)
    while tasks < batches and resources.minutes is None and _is_above(guess, longest):
        tasks = min(2 * tasks, batches)
        guess = estimate(history, math.ceil(batches / tasks) + more)
    minutes = resources.minutes or _estimated_minutes(demand, executor, guess, longest)
    if longest is not None and minutes is not None and minutes > longest:
        raise ConfigurationError(_too_long(executor, minutes, longest))
    limits.check_tasks(executor, settings.njobs, tasks)
    dealt = tuple(deal(missing, size, tasks))
    code, probe = demand.code.id, demand.probe
    return Plan(
        run, executor.name, dealt, minutes, guess, code=code, probe=probe, cluster=limits.cluster
    )


def _is_above(guess: Estimate | None, longest: int | None) -> bool:
    return guess is not None and longest is not None and guess.limit_minutes > longest


def _estimated_minutes(
    demand: Demand, executor: Executor, guess: Estimate | None, longest: int | None
) -> int | None:
    if not executor.needs_time_limit and (guess is None or longest is None):
        return longest
    if guess is None:
        small = command_to_make(
            demand.paths, demand.record, demand.source, demand.record.batch_size,
            "--executor", "local",
        )  # fmt: skip
        raise ConfigurationError(
            f"no run of this parameter set was timed yet: give --time, or first run a few: {small}"
        )
    if longest is not None and guess.mean_seconds < 60 * longest:
        # A job will mostly end in time; what it does not make is made by another one.
        return min(guess.limit_minutes, longest)
    return guess.limit_minutes


def _too_long(executor: Executor, minutes: int, longest: int) -> str:
    return (
        f"a time limit of {format_minutes(minutes)} is above the maximum of "
        f"{format_minutes(longest)} of executor {executor.name}; use a shorter --time with more "
        "--njobs, or another --partition where there are several"
    )
