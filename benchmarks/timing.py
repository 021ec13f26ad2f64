"""Timing of competitors side by side, so that a noisy machine troubles all of them alike."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_LEAST_SECONDS = 0.02
"""A shorter action is repeated inside one measurement until it lasts as long."""

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h

Action = Callable[[], object]


def use_fresh_memory() -> None:
    """Make every large array pay for its memory, as the first one of a process does.

    Otherwise it is luck which of two competitors gets the memory that the other one has freed:
    that alone makes a factor of three for 16 MB.
    """
    with suppress(AttributeError):  # not the C library of GNU
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 128 * 1024)


def race(actions: Mapping[str, Action], repeat: int) -> dict[str, float]:
    """Return the shortest time of each action in seconds, of `repeat` interleaved measurements.

    Each action runs once beforehand, which warms page cache, memory maps and imports.
    """
    loops = {name: _loops(action) for name, action in actions.items()}
    best = dict.fromkeys(actions, float("inf"))
    for _ in range(repeat):
        for name, action in actions.items():
            best[name] = min(best[name], _seconds(action, loops[name]))
    return best


def _loops(action: Action) -> int:
    action()
    return max(1, int(_LEAST_SECONDS / _seconds(action, 1)))


def _seconds(action: Action, loops: int) -> float:
    begun = time.perf_counter()
    for _ in range(loops):
        action()
    return (time.perf_counter() - begun) / loops


class Cost(NamedTuple):
    """What some work took: seconds that passed, and processor seconds of all processes in it."""

    wall: float
    cpu: float


def cost_of(action: Action, loops: int = 1) -> Cost:
    """Run an action and wait for the processes that it started; of several runs, the mean."""
    begun, used = time.perf_counter(), _cpu_seconds()
    for _ in range(loops):
        action()
    with suppress(ChildProcessError):
        while True:
            os.wait()
    return Cost((time.perf_counter() - begun) / loops, (_cpu_seconds() - used) / loops)


def cheapest(actions: Mapping[str, Action], repeat: int) -> dict[str, Cost]:
    """Return the smallest costs of each action, of `repeat` interleaved measurements."""
    return _cheapest(actions, repeat, dict.fromkeys(actions, 1))


def cheapest_warm(actions: Mapping[str, Action], repeat: int) -> dict[str, Cost]:
    """Return the smallest costs of actions that may be short; each runs once beforehand."""
    return _cheapest(actions, repeat, {name: _loops(action) for name, action in actions.items()})


def _cheapest(
    actions: Mapping[str, Action], repeat: int, loops: Mapping[str, int]
) -> dict[str, Cost]:
    costs: dict[str, list[Cost]] = {name: [] for name in actions}
    for _ in range(repeat):
        for name, action in actions.items():
            costs[name].append(cost_of(action, loops[name]))
    return {name: Cost(*map(min, zip(*found, strict=True))) for name, found in costs.items()}


def run_command(*command: str, cwd: Path | None = None) -> Action:
    """Return the action of running a command as a process of its own, without its output."""
    return lambda: subprocess.run(command, check=True, capture_output=True, cwd=cwd)


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
