"""A generator that does nothing, for measuring the engine around it."""

import numpy as np

from datagen_core import generator
from datagen_core.store import shard_writer

BATCH = 50
_ZEROS = np.zeros(BATCH)


@generator(BATCH)
def idle() -> tuple[np.ndarray, np.ndarray]:
    """Return a batch of zeros; from the first one on, each is published as a shard of its own."""
    shard_writer.PUBLISH_SECONDS = 0.0  # this runs in a worker, whose process ends with it
    return _ZEROS, _ZEROS
