"""The samples that are written and read, and caches of them with as many shards as wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_core.generators.identity import digest_of
from datagen_core.generators.schema import Columns, Field, Schema
from datagen_core.ranges import Interval
from datagen_core.reading.cache import Cache
from datagen_core.reading.param_set import ParamSet
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import open_sets, publish_schema, set_paths
from datagen_core.store.shards import ShardLabel, publish_shard
from datagen_images import ImagesError, load_images

PAIRS, IMAGES = 1_000_000, 60_000
NAME = "samples"


class Data(NamedTuple):
    """Samples `x, y` in memory, and what they are called."""

    title: str
    x: NDArray[Any]
    y: NDArray[Any]

    @property
    def columns(self) -> Columns:
        """The samples as columns of a schema."""
        return {"x": self.x, "y": self.y}

    @property
    def schema(self) -> Schema:
        """Their fields."""
        return Schema({"x": _field(self.x), "y": _field(self.y)})


def _field(array: NDArray[Any]) -> Field:
    return Field(array.dtype, array.shape[1:])


def make_pairs(size: int = PAIRS) -> Data:
    """Return pairs of float64."""
    x, y = np.random.default_rng(0).normal(size=(2, size))
    return Data(f"{size:,} float64 pairs", x, y)


def find_images() -> Data:
    """Return the training part of Fashion-MNIST where it is installed, else random images."""
    try:
        found = load_images("fashion_mnist")
    except ImagesError:
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (IMAGES, 28, 28), np.uint8)
        return Data(f"{IMAGES:,} random images", images, rng.integers(0, 10, IMAGES))
    return Data(f"{len(found.images):,} images (Fashion-MNIST)", found.images, found.labels)


def fill_cache(folder: Path, data: Data, shards: int) -> ParamSet:
    """Publish samples as so many shards of equal size, in the split `train` of a new cache."""
    record = SetRecord(
        digest=digest_of(NAME, "1", {}, 0),
        generator=NAME,
        version="1",
        params={},
        seed=0,
        defaults={},
        batch_size=1,
        limit=None,
        provenance={},
    )
    paths = set_paths(folder, record)
    open_sets([(paths, record)])
    publish_schema(paths, data.schema)
    size = -(-len(data.x) // shards)
    for start in range(0, len(data.x), size):
        interval = Interval(start, min(start + size, len(data.x)))
        columns = {name: column[slice(*interval)] for name, column in data.columns.items()}
        label = ShardLabel(NAME, record.digest, interval)
        publish_shard(paths.shards, paths.temporary, label, columns)
    param_set = Cache(folder)[NAME][0]
    param_set.move(len(data.x), "train")
    return param_set
