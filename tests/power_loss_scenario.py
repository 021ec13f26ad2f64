"""Does one of everything in a cache: `python power_loss_scenario.py FOLDER`.

Whatever is done is acknowledged in FOLDER/done, a line of JSON each, after it has returned.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from datagen_core.generators.registry import load_generator
from datagen_core.reading.cache import Cache
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.generate import generate, sweep
from datagen_core.store.compaction import compact
from datagen_core.upkeep.preprocess import preprocess
from fault_checks import source


def main(folder: Path) -> None:
    """Generate, extend, move, exclude, compact and preprocess; then a private set, and a sweep."""
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
    generate(source("votes"), 10, executor="inline", cache=folder / "private")
    acknowledge("private", samples=10)
    points = [{"scale": scale} for scale in range(1, 6)]
    sweep(source("scaled"), 5, points, executor="inline", cache=folder / "sweep")
    acknowledge("sweep", sets=len(points), samples=5)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
