"""Importing a cache of many shards, which are hard-linked, beside `cp -r` of it: time that passed.

Both are on the file system of the folder, and force nothing to disk but what `import` does.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.set_stores import SAMPLES, SOURCE
from benchmarks.storing import DATAGEN
from benchmarks.table import Row
from benchmarks.timing import Action, cheapest, run_command
from datagen_core import Interval, generate
from datagen_core.store.shards import ShardLabel, publish_shard

SHARDS = 1000
ROWS = 2**18
"""Samples of a shard, of which each is two numbers: 4 MiB; jobs publish up to 64."""

COPY = "cp -r"
AIM = 1 / 5


def measure(folder: Path, repeat: int, shards: int = SHARDS, rows: int = ROWS) -> Iterator[Row]:
    """Yield the row of one set with many shards."""
    there = folder / "there"
    _make_shards(there, shards, rows)
    what = f"import of {shards:,} shards of {rows * 16 / 2**20:g} MiB"
    actions = {
        what: _afresh(folder, DATAGEN, "import", str(there), "--cache"),
        COPY: _afresh(folder, "cp", "-r", str(there)),
    }
    costs = cheapest(actions, repeat)
    yield Row(what, costs[what].wall, COPY, costs[COPY].wall, AIM)


def _afresh(folder: Path, *words: str) -> Action:
    """Return the action of running a command with a new folder, which is gone before the next."""
    place = folder / words[0].rpartition("/")[2]

    def act() -> None:
        shutil.rmtree(place, ignore_errors=True)
        run_command(*words, str(place))()

    return act


def _make_shards(cache: Path, shards: int, rows: int) -> None:
    """Publish shards behind the first one, without the time that it takes to draw samples."""
    made = generate(SOURCE, SAMPLES, executor="inline", cache=cache)
    rng = np.random.default_rng(0)
    columns = {name: rng.random(rows) for name in made.schema.fields}
    for number in range(1, shards):
        interval = Interval(number * rows, (number + 1) * rows)
        label = ShardLabel(made.generator, made.record.digest, interval)
        publish_shard(made.paths.shards, made.paths.temporary, label, columns)
