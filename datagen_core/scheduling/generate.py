"""`generate` and `sweep`: from a generator's name to samples in a cache, in one call."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from os import PathLike
from types import NoneType
from typing import Any
from warnings import warn

from datagen_core.checks import check_kind, whole_number
from datagen_core.errors import IncompleteRunError
from datagen_core.executors.base import Executor, Resources
from datagen_core.executors.choice import choose_executor
from datagen_core.executors.limits import parse_memory, parse_time_limit
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.params import Params
from datagen_core.generators.registry import Loaded
from datagen_core.reading.cache import Cache
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.clean_process import check_same, check_unedited, code_in_process
from datagen_core.scheduling.demands import MOST_POINTS, Demand, load, make_demands
from datagen_core.scheduling.driving import Observer, Progress, drive, explain
from datagen_core.scheduling.patience import ask_patiently
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import begin, check_made, ignore


def generate(  # noqa: PLR0913 (the options of the command line)
    generator: str | DatasetGenerator,
    n: int,
    params: Mapping[str, Any] | Params | None = None,
    *,
    seed: int = 0,
    total: bool = False,
    njobs: int = 1,
    executor: str | None = None,
    time: str | None = None,
    memory: str | None = None,
    partition: str | None = None,
    gpus: int = 0,
    account: str | None = None,
    qos: str | None = None,
    cache: str | PathLike[str] | None = None,
    probe: bool = False,
    accept_code: bool = False,
    observer: Observer | None = None,
) -> ParamSet:
    """Make `n` more samples and return their parameter set.

    Parameters
    ----------
    generator
        A name (see `datagen generators`), `path/to/file.py:name`, or a `DatasetGenerator`. Jobs
        load a generator by its name, so one that is passed is loaded in a clean process first, and
        refused where it is not the same: a closure, or a global that was changed. The executor
        "inline" runs what is passed.
    n
        Number of samples to add, or the total to reach with `total`.
    params
        Its parameters; those left out are at their defaults.
    seed
        The samples are a function of generator, parameters, seed and index, and of nothing else.
    njobs
        Number of jobs that may run at once.
    executor
        "slurm", "local", "inline", "dask" (its scheduler is `$DASK_SCHEDULER_ADDRESS`), or the name
        of a plugin's; None for Slurm where it is installed, else this machine.
    time, memory, partition, account, qos
        As for sbatch; time is estimated from past runs when it is left out.
    gpus
        Number of GPUs of a job, which sees them alone.
    cache
        The cache's folder; None for `$DATAGEN_CACHE`, else `./datagen-cache`.
    probe
        Where the code changed, whether to make existing samples anew and compare them even if that
        takes more than a tenth of the work.
    accept_code
        Where the code changed, whether to go on without that, which marks the set as mixed.
    observer
        Called with `Progress` now and then.

    Raises
    ------
    ConfigurationError
        For anything wrong with the arguments, before anything was written.
    ChangedCodeError
        When other code made the set, and makes samples of it differently; nothing was written.
    IncompleteRunError
        When samples are missing at the end; those that were made are kept.
    """
    return sweep(
        generator, n, [params], seed=seed, total=total, njobs=njobs, executor=executor, time=time,
        memory=memory, partition=partition, gpus=gpus, account=account, qos=qos, cache=cache,
        probe=probe, accept_code=accept_code, observer=observer,
    )[0]  # fmt: skip


def sweep(  # noqa: PLR0913 (the options of the command line)
    generator: str | DatasetGenerator,
    n: int,
    points: Iterable[Mapping[str, Any] | Params | None],
    *,
    seed: int = 0,
    total: bool = False,
    njobs: int = 1,
    executor: str | None = None,
    time: str | None = None,
    memory: str | None = None,
    partition: str | None = None,
    gpus: int = 0,
    account: str | None = None,
    qos: str | None = None,
    cache: str | PathLike[str] | None = None,
    probe: bool = False,
    accept_code: bool = False,
    observer: Observer | None = None,
) -> list[ParamSet]:
    """Make `n` more samples of each of many parameter sets, as one submission; return the sets.

    `points` are the parameters of each, 100,000 at most; equal ones count once. All else, and what
    is raised, is as for `generate`.
    """
    observer = ignore if observer is None else observer
    _check(observer, points, executor=executor, time=time, memory=memory, partition=partition,
           account=account, qos=qos, total=total, probe=probe, accept_code=accept_code)  # fmt: skip
    n, seed, njobs = whole_number("n", n), whole_number("seed", seed), whole_number("njobs", njobs)
    points = list(islice(points, MOST_POINTS + 1))  # it may be an endless generator
    if not points:
        return []
    minutes = parse_time_limit(time) if time is not None else None
    if memory is not None:
        parse_memory(memory)
    resources = Resources(
        minutes=minutes, memory=memory, partition=partition, account=account, qos=qos,
        gpus=whole_number("gpus", gpus),
    )  # fmt: skip
    settings = Settings(
        njobs=njobs, executor=executor, resources=resources, probe=probe, accept_code=accept_code
    )
    where = Cache(cache)
    loaded, chosen = load(generator), _choose(executor, observer, n)
    demands = make_demands(loaded, points, seed, where.path, n, total=total)
    _warn(line for demand in demands for line in demand.news)
    if isinstance(generator, DatasetGenerator) or chosen.in_process:
        check_unedited(loaded.generator)
    if isinstance(generator, DatasetGenerator):
        demands = _check_code(loaded, chosen, demands)
    runs = begin(demands, chosen, settings)
    driven = zip(runs, drive(runs, observer), strict=True)
    if incomplete := [(run, status) for run, status in driven if status.missing]:
        raise IncompleteRunError(explain(incomplete))
    check_made(demands, runs)
    sets = {one.paths: one for one in where[demands[0].record.generator].values()}
    return [sets[demand.paths] for demand in demands]


def _choose(name: str | None, observer: Observer, n: int) -> Executor:
    def note(line: str) -> None:
        observer(Progress(0, n, note=line))

    return ask_patiently(partial(choose_executor, name), note, waits=True)


def _warn(lines: Iterable[str]) -> None:
    """Warn of each line once, where the user's code calls this module."""
    for line in dict.fromkeys(lines):
        outside = (frame.filename != __file__ for frame in inspect.stack(0))
        warn(line, stacklevel=1 + list(outside).index(True))


def _check_code(loaded: Loaded, executor: Executor, demands: list[Demand]) -> list[Demand]:
    """Refuse a generator that was passed where a job would run another one."""
    if executor.in_process:
        code = code_in_process(loaded)
        return [demand.made_by(code) for demand in demands]
    if loaded.source:
        check_same(loaded)
    return demands


_TEXT = (str, NoneType)

_KINDS = {
    "points": ((Iterable,), "a list of mappings, such as [{'left': 0}, {'left': 1}]"),
    "executor": (_TEXT, 'its name: "slurm", "local", "inline", "dask", or that of a plugin'),
    "time": (_TEXT, 'text as for sbatch: "2" is two minutes, "1:30:00" is 90, "1-12" is 36 hours'),
    "memory": (_TEXT, 'text as for sbatch, such as "4G"'),
    "partition": (_TEXT, 'its name, such as "long"'),
    "account": (_TEXT, "its name"),
    "qos": (_TEXT, "its name"),
    "total": ((bool,), "True to reach n samples, or False to add n"),
    "probe": ((bool,), "True to make existing samples anew, however long that takes"),
    "accept_code": ((bool,), "True to go on by other code without comparing samples"),
}
"""The kind of each argument, and what to write."""


def _check(observer: object, points: object, **arguments: object) -> None:
    for name, value in {"points": points, **arguments}.items():
        check_kind(name, value, *_KINDS[name])
    if isinstance(points, str | bytes | Mapping):
        check_kind("points", points, (), _KINDS["points"][1])
    if not callable(observer):
        check_kind("observer", observer, (), "a function that takes a datagen_core.Progress")
