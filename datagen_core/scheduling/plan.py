"""From a demand to a plan: bind parameters, find the set, share samples among tasks.

Nothing here writes. A demand says what is asked for, a plan which task makes which samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datagen_core.checks import check_kind
from datagen_core.errors import ConfigurationError, GeneratorError
from datagen_core.executors.base import Executor, Resources
from datagen_core.executors.limits import format_minutes, parse_memory
from datagen_core.generators.code import Code, code_of_generator
from datagen_core.generators.generator import DatasetGenerator, source_digest
from datagen_core.generators.identity import plain
from datagen_core.generators.params import Params, renamed_params
from datagen_core.generators.registry import (
    Loaded,
    load_generator,
    refuse_while_loading,
    source_of,
)
from datagen_core.ranges import MOST_SAMPLES, Interval, IntervalSet, count_batches, deal
from datagen_core.scheduling.estimation import estimate
from datagen_core.scheduling.known_sets import Known, KnownSets, bind_record, tell_renamed
from datagen_core.scheduling.provenance import gather_provenance
from datagen_core.store.codes import read_code
from datagen_core.store.layout import RunPaths, SetPaths, check_name
from datagen_core.store.runs import Plan
from datagen_core.store.sets import SetRecord, read_set, set_paths
from datagen_core.store.timings import Estimate, read_timings

MOST_TASKS = 1_000_000
"""More tasks are a slip; their list alone would be a file of a hundred megabytes."""

MOST_POINTS = 100_000
"""A sweep over more parameter sets would take hours to begin, and is most likely a slip."""

_MOST_SEED = 10**1000
"""Python writes and reads no more than 4,300 digits."""


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
    """

    njobs: int = 1
    executor: str | None = None
    resources: Resources = field(default_factory=Resources)
    wait: bool = True

    def __post_init__(self) -> None:
        if self.njobs < 1:
            raise ConfigurationError(f"cannot run {self.njobs} jobs at once; use at least one")


@dataclass(frozen=True)
class Demand:
    """What is asked for: a generator bound to parameters, seed and cache, and how many samples.

    Attributes
    ----------
    generator, params
        The generator and its bound parameters.
    source
        The name under which another process loads the generator; empty when none can.
    record, paths
        The parameter set and its files, begun or not.
    provenance, code
        How this demand came about, and what makes it; those of the record began the set.
    samples
        Number of samples to add, or the total to reach with `total`.
    notes
        What the user should be told of the parameters, a line each.
    news
        What the user should be told once: which parameters were renamed, and why a set is new.
    """

    generator: DatasetGenerator
    params: Params
    source: str
    record: SetRecord
    paths: SetPaths
    provenance: Mapping[str, Any]
    code: Code
    samples: int
    total: bool = False
    notes: tuple[str, ...] = ()
    news: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ConfigurationError(f"cannot make {self.samples} samples; ask for at least one")

    @property
    def cache(self) -> Path:
        """The cache's folder."""
        return self.paths.root.parent.parent

    def interval(self, reserved: int) -> Interval:
        """Return the indices to make when the first `reserved` ones are reserved already.

        Raises
        ------
        ConfigurationError
            When the parameter set cannot have that many.
        """
        stop = max(self.samples, reserved) if self.total else reserved + self.samples
        if stop > MOST_SAMPLES:
            raise ConfigurationError(
                f"a parameter set has at most 2**63 - 1 = {MOST_SAMPLES} samples, and {reserved} "
                "are made or reserved; ask for fewer"
            )
        limit = self.record.limit
        if limit is not None and stop > limit:
            raise ConfigurationError(
                f"with these parameters there are {limit} samples, {reserved} of them made or "
                f"reserved; ask for at most {limit - reserved} more"
            )
        return Interval(reserved, stop)

    def changed_code(self) -> str:
        """Return a warning when the generator's code is not the one that began the set."""
        changed = self._changes()
        if not changed:
            return ""
        return (
            f"the code of {self.generator.name} changed since this parameter set was begun "
            f"({self.record.provenance.get('created', 'earlier')}): {', '.join(changed)}; if its "
            "samples changed too, raise `version`; `datagen verify --resample 10` compares them"
        )

    def _changes(self) -> list[str]:
        begun = self.record.provenance
        if begun.get("code") == self.code.id:
            return []
        if "code" in begun:
            with suppress(FileNotFoundError):
                return self.code.changes_since(read_code(self.paths, begun["code"]))
        # Sets of 0.1 have a digest of the function alone.
        now = source_digest(self.generator.function)
        return [] if begun.get("source_digest") in {None, now} else [self.generator.name]


def load(generator: str | DatasetGenerator, folder: Path | None = None) -> Loaded:
    """Return a generator by its name, with the name under which other processes load it.

    Raises
    ------
    GeneratorError
        When there is no such generator, or its file is being loaded right now.
    """
    refuse_while_loading()
    form = 'a name, "path/to/file.py:name", or a function decorated with @datagen_core.generator()'
    check_kind("the generator", generator, (str, DatasetGenerator), form)
    if isinstance(generator, DatasetGenerator):
        return Loaded(generator, source_of(generator))
    return load_generator(generator, folder)


def make_demands(
    loaded: Loaded,
    points: Sequence[Mapping[str, Any] | Params | None],
    seed: int,
    cache: Path,
    samples: int,
    *,
    total: bool = False,
) -> list[Demand]:
    """Bind a generator to one parameter set after the other; equal ones count once.

    Raises
    ------
    ParamsError
        When the parameters do not fit.
    ConfigurationError
        For a negative or monstrous seed, fewer samples than one, or more points than 100,000.
    """
    if len(points) > MOST_POINTS:
        raise ConfigurationError(
            f"a sweep has at most {MOST_POINTS:,} parameter sets, not {len(points):,}; leave out "
            "values, or sweep over a part of them at a time"
        )
    if seed < 0:
        raise ConfigurationError(f"the seed is {seed}; use 0 or more")
    if seed > _MOST_SEED:
        raise ConfigurationError("the seed has more than 1,000 digits; use a smaller one")
    name = check_name(loaded.generator.name, "generator")
    demands = {}
    generator, code = loaded.generator, code_of_generator(loaded.generator)
    provenance = gather_provenance(loaded, code)
    sets = KnownSets(cache / name, generator, seed)
    for point in points:
        params = generator.params_type.bind(point, name)
        known = sets.find(params)
        paths, record = known or _describe_new(sets, params, provenance)
        news = [
            *tell_renamed(generator, point),
            *([] if known else sets.explain_new(params, point)),
        ]
        demands[record.digest] = Demand(
            generator, params, loaded.source, record, paths, provenance, code, samples, total,
            generator.inspect(params, seed), tuple(news),
        )  # fmt: skip
    return list(demands.values())


def _describe_new(sets: KnownSets, params: Params, provenance: Mapping[str, Any]) -> Known:
    generator, (digest, identity) = sets.generator, sets.identify(params)
    record = SetRecord(
        digest=digest,
        generator=generator.name,
        version=generator.version,
        params=plain(params.canonical()),
        seed=sets.seed,
        defaults=sets.defaults,
        batch_size=generator.batch_size,
        limit=generator.limit(params) if generator.limit is not None else None,
        provenance=provenance,
        compress=generator.compress,
        identity=identity,
        renamed=renamed_params(generator.params_type),
    )
    return Known(set_paths(sets.folder.parent, record), record)


def renew_demand(paths: SetPaths, source: str, samples: int) -> Demand:
    """Return the demand of a run that was begun before.

    Raises
    ------
    NewerFormatError
        If a newer version began the set, and this one does not know all of its record.
    """
    generator, record = load_generator(source).generator, read_set(paths, strict=True)
    params = bind_record(generator, record)
    code = code_of_generator(generator)
    return Demand(generator, params, source, record, paths, record.provenance, code, samples)


def divide_jobs(settings: Settings, runs: int) -> Settings:
    """Return the settings of each of `runs` runs that share a job; each gets at least one task."""
    return replace(settings, njobs=-(-settings.njobs // max(1, runs)))


def combine_resources(generator: DatasetGenerator, asked: Resources) -> Resources:
    """Return what a task gets: what the generator declares, overruled by what the user asks."""
    memory = asked.memory or generator.memory
    if memory:
        parse_memory(memory)
    return replace(
        asked,
        memory=memory,
        options={**generator.options, **asked.options},
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
    """

    minutes: int | None
    tasks: int | None
    parallel: int | None

    @classmethod
    def of(cls, executor: Executor, resources: Resources) -> Limits:
        """Ask an executor for its limits."""
        return cls(executor.max_minutes(resources), executor.max_tasks(), executor.max_parallel())

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
    guess = estimate(history, math.ceil(batches / tasks))
    while tasks < batches and resources.minutes is None and _is_above(guess, longest):
        tasks = min(2 * tasks, batches)
        guess = estimate(history, math.ceil(batches / tasks))
    minutes = resources.minutes or _estimated_minutes(demand, executor, guess, longest)
    if longest is not None and minutes is not None and minutes > longest:
        raise ConfigurationError(_too_long(executor, minutes, longest))
    limits.check_tasks(executor, settings.njobs, tasks)
    dealt = tuple(deal(missing, size, tasks))
    return Plan(run, executor.name, dealt, minutes, guess, code=demand.code.id)


def _is_above(guess: Estimate | None, longest: int | None) -> bool:
    return guess is not None and longest is not None and guess.limit_minutes > longest


def _estimated_minutes(
    demand: Demand, executor: Executor, guess: Estimate | None, longest: int | None
) -> int | None:
    if not executor.needs_time_limit and (guess is None or longest is None):
        return longest
    if guess is None:
        raise ConfigurationError(
            "no run of this parameter set was timed yet: give --time, or run a small one first: "
            f"datagen generate {demand.source} -n {demand.record.batch_size} --executor local …"
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
