"""A noisy sine wave that meets the trouble which files beside this one tell of.

`trouble/100` says what happens at the batch that begins at sample 100, `trouble/n1` what on node
n1, and `trouble/pace` how many seconds each batch takes. Trouble changes no sample, only whether it
comes into being.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

import datagen_core
from datagen_core.store import shard_writer

TROUBLE = Path(__file__).parent / "trouble"

# Many small shards: what is killed has published something, and there is more that could tear.
shard_writer.PUBLISH_SECONDS = 0.3


class NoisySineParams(datagen_core.Params):
    """Parameters of the noisy sine wave."""

    left: float = -1
    right: float = 1
    std_dev: float = 0.1


@datagen_core.generator(50, NoisySineParams)
def noisy_sine(size, params, rng, start):
    """Draw samples from a noisy sine wave."""
    with suppress(FileNotFoundError):
        time.sleep(float((TROUBLE / "pace").read_text()))
    meet(TROUBLE / str(start))
    meet(TROUBLE / os.environ.get("SLURMD_NODENAME", "nowhere"))
    for x in rng.uniform(params.left, params.right, size):
        yield x, np.sin(x) + rng.normal(scale=params.std_dev)


def meet(trouble):
    """Do what the file says; nothing when there is none."""
    with suppress(FileNotFoundError):
        word, _, detail = trouble.read_text().partition(" ")
        (trouble.parent / f"{trouble.name}.met").touch()
        doing = {
            "raise": fail, "raise_once": fail_once, "crash": crash, "hoard": hoard, "sleep": sleep,
            "wait": wait,
        }  # fmt: skip
        doing[word](trouble, detail)


def fail(trouble, detail):
    """Raise."""
    raise ValueError(f"trouble at {trouble.name}")


def fail_once(trouble, detail):
    """Raise, the first time only."""
    trouble.unlink()
    fail(trouble, detail)


def crash(trouble, detail):
    """End the process by a signal."""
    os.kill(os.getpid(), getattr(signal, detail))


def hoard(trouble, detail):
    """Hold so many MiB for a while, which a polled limit notices."""
    held = bytearray(b"x") * (int(detail) * 2**20)
    time.sleep(4)
    del held


def sleep(trouble, detail):
    """Sleep for so many seconds."""
    time.sleep(float(detail))


def wait(trouble, detail):
    """Wait until the file is gone or says something else."""
    while trouble.read_text() == "wait":
        time.sleep(0.02)
    meet(trouble)
