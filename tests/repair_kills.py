"""Kills a repair at its steps: `python repair_kills.py FOLDER STRIDE` prints what was violated.

A process of its own, because it forks. After each kill the damaged bytes must still be somewhere,
and another repair must end with a sound set, the same splits, and all damage set aside.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from datagen_core.reading.cache import Cache
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.generate import generate
from datagen_core.upkeep.repair import find_repair
from datagen_core.upkeep.verify import verify
from fault_checks import resume, source
from fault_injection import Steps


def _the_set(cache: Path) -> ParamSet:
    return Cache(cache)["quick"][0]


def _prepare(cache: Path) -> tuple[str, list[bytes]]:
    """Return the digest of a split, and the content of two files that are damaged."""
    for _ in range(2):
        generate(source("quick"), 15, executor="inline", cache=cache)
    made = _the_set(cache)
    made.move(12, "train")
    digest = made["train"].digest
    damaged = sorted(made.paths.shards.glob("*.h5"))[:2]
    for path in damaged:
        os.truncate(path, 1000 + len(path.name))
    return digest, [path.read_bytes() for path in damaged]


def _repair(cache: Path) -> None:
    begun = find_repair(_the_set(cache))
    begun.set_aside(begun.runs, begun.results)
    resume(cache)


def _ends(act: Callable[[], object]) -> bool:
    """Return whether a child does something to its end, and is not killed."""
    child = os.fork()
    if not child:
        act()
        os._exit(0)
    return os.WIFEXITED(os.waitpid(child, 0)[1])


def _explore(folder: Path, stride: int) -> Iterator[str]:
    digest, damaged = _prepare(folder / "template")
    for at in itertools.count(1, stride):
        cache = folder / str(at)
        shutil.copytree(folder / "template", cache)
        steps = Steps(cache, at, signal.SIGKILL)
        is_done = _ends(lambda cache=cache, steps=steps: (steps.install(), _repair(cache)))
        kept = [path.read_bytes() for path in cache.rglob("*.h5")]
        yield from (f"killed at {at}: damage is gone" for each in damaged if each not in kept)
        _ends(lambda cache=cache: _repair(cache))
        found = _the_set(cache)
        aside = {path.read_bytes() for path in found.paths.damaged.iterdir()}
        if verify(found).problems or found["train"].digest != digest or not {*damaged} <= aside:
            yield f"killed at {at}: not repaired"
        shutil.rmtree(cache)
        if is_done:
            return


if __name__ == "__main__":
    sys.stdout.write(json.dumps(list(_explore(Path(sys.argv[1]), int(sys.argv[2])))) + "\n")
