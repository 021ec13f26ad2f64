"""What the engine itself costs: a generator that does nothing, and every batch its own shard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.pickles import write_pickle
from benchmarks.table import Row
from benchmarks.timing import Action, cheapest, race
from datagen_core import generate

SOURCE = f"{Path(__file__).parent / 'idle_generator.py'}:idle"
SHARDS = 1000
BATCH = 50
LOOP = "plain loop, 1,000 pickles"
TASKS = 20
EXECUTORS = ("dask", "local")


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield the costs of 1,000 shards, and those of a task on dask."""
    yield from _measure_shards(folder, repeat)
    yield from _measure_tasks(folder, repeat)


def _measure_shards(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield wall and processor time of 1,000 shards by two jobs, compaction at the end included."""
    fresh = (folder / str(number) for number in count())
    what = "engine, 1,000 shards, --executor local --njobs 2"
    actions: dict[str, Action] = {
        what: lambda: _generate(next(fresh)),
        LOOP: lambda: _write_pickles(next(fresh)),
    }
    costs = cheapest(actions, repeat)
    yield Row(f"{what} (wall)", costs[what].wall, LOOP, costs[LOOP].wall)
    yield Row(f"{what} (CPU)", costs[what].cpu, LOOP, costs[LOOP].cpu)


def _measure_tasks(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield the wall time per task of a run of many at once, by two dask workers."""
    from distributed import LocalCluster  # of the extra dask

    fresh = (folder / f"tasks-{number}" for number in count())
    with LocalCluster(
        n_workers=2, threads_per_worker=TASKS // 2, dashboard_address=":0"
    ) as cluster:
        os.environ["DASK_SCHEDULER_ADDRESS"] = cluster.scheduler_address
        times = race(
            {name: lambda name=name: _generate_tasks(next(fresh), name) for name in EXECUTORS},
            repeat,
        )
    dask, local = (times[name] / TASKS for name in EXECUTORS)
    yield Row("a task on 2 dask workers (wall)", dask, "a task, --executor local", local)


def _generate_tasks(cache: Path, executor: str) -> None:
    generate(SOURCE, TASKS * BATCH, executor=executor, njobs=TASKS, cache=cache)


def _generate(cache: Path) -> None:
    made = generate(SOURCE, SHARDS * BATCH, executor="local", njobs=2, cache=cache)
    shards = len(list(made.paths.shards.iterdir()))
    if shards != SHARDS:
        message = f"{shards} shards were made, not {SHARDS}"
        raise RuntimeError(message)


def _write_pickles(folder: Path) -> None:
    folder.mkdir()
    values = [0.0] * BATCH
    for number in range(SHARDS):
        write_pickle(folder / f"{number}.pkl", (values, values))
