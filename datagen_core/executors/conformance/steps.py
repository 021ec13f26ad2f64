"""Samples for the conformance kit: a batch waits, or ends its process, when a file says so."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from datagen_core.generators.generator import generator
from datagen_core.generators.params import Params


class StepsParams(Params):
    """Parameters of the steps."""

    orders: str
    """A folder. Its file `<start>` has the order for a batch: "wait" while it is there, "die"
    (once), or "crash". A batch that waits leaves the file `<start>.met`."""

    scale: float = 1.0
    """Standard deviation of a step."""


@generator(5, StepsParams)
def steps(
    size: int, params: StepsParams, rng: np.random.Generator, start: int
) -> Iterator[dict[str, float]]:
    """Draw steps of a random walk, one after another."""
    order = Path(params.orders, str(start))
    while order.exists():
        order.with_suffix(".met").touch()
        what = order.read_text(encoding="utf-8")
        if what == "die":
            order.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(0.02)
    for step in rng.normal(0.0, params.scale, size):
        yield {"step": step}
