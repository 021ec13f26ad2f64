"""Does one of everything in a cache: `python power_loss_scenario.py FOLDER`.

Whatever is done is acknowledged in FOLDER/done, a line of JSON each, after it has returned.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from datagen_core.generators.registry import load_generator
from datagen_core.reading.cache import Cache
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling import probing
from datagen_core.scheduling.generate import generate, sweep
from datagen_core.store import ledger
from datagen_core.store.compaction import compact
from datagen_core.store.sets import remove_set
from datagen_core.upkeep.merging.caches import import_cache
from datagen_core.upkeep.preprocess import preprocess
from datagen_core.upkeep.repair import find_repair
from fault_checks import resume, source
from view_parts import part

KEPT_GENERATIONS = 1
"""So few that most changes spend one."""

DAMAGE = b"nothing"


def main(folder: Path) -> None:
    """Do all kinds of changes, one after another, in several caches."""
    cache = folder / "cache"
    done = os.open(folder / "done", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def acknowledge(what: str, **details: object) -> None:
        os.write(done, (json.dumps({"what": what, **details}) + "\n").encode())

    def make(samples: int) -> None:
        generate(source("quick"), samples, total=True, executor="inline", cache=cache)
        acknowledge("generate", samples=samples)

    def move(count: int, split: str) -> None:
        moved = found().move(count, split)
        acknowledge("move", split=split, samples=moved.intervals)

    def found() -> ParamSet:
        return Cache(cache)["quick"][0]

    ledger.KEPT_GENERATIONS = KEPT_GENERATIONS
    make(18)
    move(4, "train")
    compact(found().paths, found().record, found().schema, grace=0)
    acknowledge("compact")
    make(33)
    move(3, "test")
    generator = load_generator(source("quick")).generator
    preprocess(found(), generator.preprocessors["total"], "train", 3)
    acknowledge("preprocess", split="train", samples=3)
    excluded = found().exclude([20, 21], "why")
    acknowledge("move", split="excluded", samples=excluded.samples.intervals)
    compact(found().paths, found().record, found().schema, grace=0)
    acknowledge("compact")
    preprocess(found(), generator.preprocessors["total"], "train", 4)
    acknowledge("preprocess", split="train", samples=4)
    keep(found(), acknowledge)
    begin(folder, acknowledge)
    repair(folder / "repaired", acknowledge)
    remove(folder / "removed", acknowledge)
    bring(folder / "there", folder / "joined", acknowledge)


def keep(made: ParamSet, acknowledge: Callable[..., None]) -> None:
    """Freeze a split, publish a view, and accept other code."""
    acknowledge("freeze", digest=made["train"].freeze().digest)
    view = made.publish_view("mine", {"made": "by hand"}, {"train": part(a=[(0, 0)])})
    acknowledge("view", digest=view.digest)
    probing.accept(made.paths, "0" * 64)
    acknowledge("accept", code="0" * 64)


def begin(folder: Path, acknowledge: Callable[..., None]) -> None:
    """Begin a private set, and a sweep."""
    generate(source("votes"), 10, executor="inline", cache=folder / "private")
    acknowledge("private", samples=10)
    points = [{"scale": scale} for scale in range(1, 6)]
    sweep(source("scaled"), 5, points, executor="inline", cache=folder / "sweep")
    acknowledge("sweep", sets=len(points), samples=5)


def repair(cache: Path, acknowledge: Callable[..., None]) -> None:
    """Damage a file, set it aside, and make its samples again."""
    generate(source("quick"), 10, executor="inline", cache=cache)
    damaged = Cache(cache)["quick"][0]
    acknowledge("damage")
    with next(damaged.paths.shards.glob("*.h5")).open("r+b") as file:
        file.write(DAMAGE)
        file.flush()
        os.fsync(file.fileno())
    begun = find_repair(damaged)
    begun.set_aside(begun.runs, begun.results)
    acknowledge("aside", files=1)
    resume(cache)
    acknowledge("repair", samples=10)


def remove(cache: Path, acknowledge: Callable[..., None]) -> None:
    """Remove one of two sets."""
    sweep(source("scaled"), 5, [{"scale": 1}, {"scale": 2}], executor="inline", cache=cache)
    remove_set(Cache(cache)["scaled"][0].paths)
    acknowledge("remove", number=0, left=1)


def bring(there: Path, joined: Path, acknowledge: Callable[..., None]) -> None:
    """Import a cache that has more samples, and some in a split."""
    for cache, samples in ((there, 12), (there, 6), (joined, 6)):
        generate(source("quick"), samples, executor="inline", cache=cache)
    Cache(there)["quick"][0].move(15, "test")
    Cache(joined)["quick"][0].move(2, "test")
    import_cache(there, cache=joined)
    acknowledge("import", samples=18, split="test", moved=15)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
