"""What the control groups of this process, of version 1 or 2, let it have."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

_OWN_GROUPS, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def count_processors() -> int:
    """Return how many processors this process may use, by its affinity and its control groups."""
    allowed, share = len(os.sched_getaffinity(0)), processors_of_group()
    return allowed if share is None else max(1, min(allowed, math.ceil(share)))


def _group_files(controller: str, file: str) -> list[str]:
    """Return what a file says in the control groups of this process, from the inner to the outer.

    Version 2 has one tree of them, version 1 one for each controller, or for several.
    """
    lines = [line.split(":", 2) for line in _read(_OWN_GROUPS).splitlines() if line.count(":") > 1]
    found = []
    for _, names, path in lines:
        if not names or controller in names.split(","):
            root, inner = _GROUPS / names, _GROUPS / names / path.lstrip("/")
            outer = [each for each in inner.parents if each.is_relative_to(root)]
            found += [_read(folder / file) for folder in (inner, *outer)]
    return found


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").strip()
    return ""


def processors_of_group() -> float | None:
    """Return the least quota of processors of its control groups; None if there is none."""
    pairs = [text.split() for text in _group_files("cpu", "cpu.max")]
    quotas, periods = (_group_files("cpu", f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    pairs += [list(pair) for pair in zip(quotas, periods, strict=True)]
    known = [pair for pair in pairs if len(pair) == 2 and all(each.isdecimal() for each in pair)]
    return min((int(quota) / int(period) for quota, period in known), default=None)


def memory_of_group() -> int | None:
    """Return the least limit of memory of its control groups, in bytes; None if there is none."""
    files = ("memory.max", "memory.limit_in_bytes")
    texts = [text for file in files for text in _group_files("memory", file)]
    return min((int(text) for text in texts if text.isdigit()), default=None)
