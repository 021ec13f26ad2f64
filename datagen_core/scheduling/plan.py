"""From what was asked for to a plan: bind parameters, find the set, share out. Writes nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datagen_core.errors import ConfigurationError, GeneratorError
from datagen_core.executors.base import Executor, Resources
from datagen_core.executors.limits import format_minutes, parse_memory
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.identity import folder_name, plain
from datagen_core.generators.params import Params, defaults_of
from datagen_core.generators.registry import Loaded, load_generator, refuse_while_loading, source_of
from datagen_core.ranges import IntervalSet, cut_into_batches, deal
from datagen_core.scheduling.estimation import Estimate, JobTimings, estimate
from datagen_core.scheduling.provenance import gather_provenance
from datagen_core.store.journals import read_timings
from datagen_core.store.layout import SetPaths, check_name
from datagen_core.store.runs import Demand, Reservation
from datagen_core.store.sets import SetRecord, read_set


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is to be executed. What is None is left to the generator, the executor, or datagen.

    Attributes
    ----------
    njobs
        How many jobs may run at once.
    executor
        "slurm", "local", "inline", or the name of a plugin's.
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
            message = f"cannot run {self.njobs} jobs at once; use at least one"
            raise ConfigurationError(message)


@dataclass(frozen=True, slots=True)
class Binding:
    """A generator bound to parameters, seed and cache: a parameter set, begun or not.

    `notes` are what the user should be told of the parameters, a line each.
    """

    generator: DatasetGenerator
    source: str
    record: SetRecord
    cache: Path
    notes: tuple[str, ...] = ()

    @property
    def paths(self) -> SetPaths:
        """The files of the set."""
        name = folder_name(self.record.changed, self.record.seed, self.record.digest)
        return SetPaths(self.cache / self.record.generator / name)

    def changed_code(self) -> str:
        """Return a warning when the generator's source is not the one that began the set."""
        if not self.paths.params.exists():
            return ""
        begun = read_set(self.paths).provenance
        if begun.get("source_digest") in {None, self.record.provenance["source_digest"]}:
            return ""
        return (
            f"the code of {self.generator.name} changed since this parameter set was begun "
            f"({begun.get('created', 'earlier')}); if its samples changed too, raise `version`; "
            "`datagen verify --resample 10` tells"
        )


@dataclass(frozen=True, slots=True)
class Shares:
    """How missing samples are shared out among the tasks of one attempt."""

    tasks: tuple[IntervalSet, ...]
    minutes: int | None
    estimate: Estimate | None


def bind_generator(
    generator: str | DatasetGenerator,
    folder: Path | None,
    params: Mapping[str, Any] | Params | None,
    seed: int,
    cache: Path,
) -> Binding:
    """Load a generator and bind its parameters; see `bind_all`."""
    return bind_all(generator, folder, [params], seed, cache)[0]


def bind_all(
    generator: str | DatasetGenerator,
    folder: Path | None,
    points: Sequence[Mapping[str, Any] | Params | None],
    seed: int,
    cache: Path,
) -> list[Binding]:
    """Load a generator and bind it to one parameter set after the other; equal ones count once.

    Raises
    ------
    GeneratorError
        When there is no such generator.
    ParamsError
        When the parameters do not fit.
    ConfigurationError
        For a negative seed.
    """
    refuse_while_loading()
    loaded = _load(generator, folder)
    bound = [_bind(loaded, point, seed, cache) for point in points]
    return list({binding.record.digest: binding for binding in bound}.values())


def _bind(
    loaded: Loaded, params: Mapping[str, Any] | Params | None, seed: int, cache: Path
) -> Binding:
    made = loaded.generator
    if seed < 0:
        message = f"the seed is {seed}; use 0 or more"
        raise ConfigurationError(message)
    bound = made.params_type.bind(params, check_name(made.name, "generator"))
    values = plain(bound.canonical())
    record = SetRecord(
        digest=made.digest_of(bound, seed),
        generator=made.name,
        version=made.version,
        params=values,
        seed=seed,
        defaults=defaults_of(made.params_type),
        batch_size=made.batch_size,
        limit=made.limit(bound) if made.limit is not None else None,
        provenance=gather_provenance(loaded),
        compress=made.compress,
    )
    return Binding(made, loaded.source, record, cache, made.inspect(bound, seed))


def rebind(paths: SetPaths, reservation: Reservation) -> Binding:
    """Return the binding of a run that was begun before."""
    generator = load_generator(reservation.source).generator
    return Binding(generator, reservation.source, read_set(paths), paths.root.parent.parent)


def _load(generator: str | DatasetGenerator, folder: Path | None) -> Loaded:
    if isinstance(generator, DatasetGenerator):
        return Loaded(generator, source_of(generator))
    return load_generator(generator, folder)


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


def check_loadable(binding: Binding, executor: Executor) -> None:
    """Refuse a generator that other processes could not load."""
    if not binding.source and executor.name != "inline":
        message = (
            f"{binding.generator.name} was defined interactively, so no other process can load it; "
            "put it into a file, or use the executor inline"
        )
        raise GeneratorError(message)


def share_out(
    binding: Binding, missing: IntervalSet, executor: Executor, settings: Settings
) -> Shares:
    """Share missing samples among tasks, and find their time limit.

    There are as many tasks as jobs may run at once; more when one would not fit under the
    partition's longest time limit. An inline run has one.

    Raises
    ------
    ConfigurationError
        When a time limit is needed and neither given nor known from past runs, or is above what
        the partition allows.
    """
    resources = combine_resources(binding.generator, settings.resources)
    size = binding.record.batch_size
    longest = executor.max_minutes(resources)
    history = [JobTimings(**timings) for timings in read_timings(binding.paths)]
    batches = sum(1 for _ in cut_into_batches(missing, size))
    tasks = 1 if executor.name == "inline" else min(settings.njobs, executor.max_tasks() or batches)
    guess = estimate(history, math.ceil(batches / tasks))
    while tasks < batches and resources.minutes is None and _is_above(guess, longest):
        tasks = min(2 * tasks, batches)
        guess = estimate(history, math.ceil(batches / tasks))
    minutes = resources.minutes or _estimated_minutes(binding, executor, guess, longest)
    if longest is not None and minutes is not None and minutes > longest:
        raise ConfigurationError(_too_long(minutes, longest))
    return Shares(tuple(deal(missing, size, tasks)), minutes, guess)


def _is_above(guess: Estimate | None, longest: int | None) -> bool:
    return guess is not None and longest is not None and guess.limit_minutes > longest


def _estimated_minutes(
    binding: Binding, executor: Executor, guess: Estimate | None, longest: int | None
) -> int | None:
    if executor.name != "slurm":
        return None
    if guess is None:
        message = (
            "no run of this parameter set was timed yet: give --time, or run a small one first: "
            f"datagen generate {binding.source} -n {binding.record.batch_size} --executor local …"
        )
        raise ConfigurationError(message)
    if longest is not None and guess.mean_seconds < 60 * longest:
        # A job will mostly end in time; what it does not make is made by another one.
        return min(guess.limit_minutes, longest)
    return guess.limit_minutes


def _too_long(minutes: int, longest: int) -> str:
    return (
        f"a time limit of {format_minutes(minutes)} is above the partition's maximum of "
        f"{format_minutes(longest)}, with which a job would never start; use a shorter --time with "
        "more --njobs, or another --partition"
    )


def demand_of(binding: Binding, samples: int, *, total: bool) -> Demand:
    """Return the demand for `samples` more samples, or for so many altogether.

    Raises
    ------
    ConfigurationError
        For a number below one.
    """
    if samples < 1:
        message = f"cannot make {samples} samples; ask for at least one"
        raise ConfigurationError(message)
    return Demand(samples, total, binding.record.limit)
