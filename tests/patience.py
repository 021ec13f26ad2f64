"""How long tests wait: longer on a busy machine, since a clock says nothing about the code."""

from __future__ import annotations

import os
from pathlib import Path

_LOAD = Path("/proc/loadavg")


def patience(seconds: float) -> float:
    """Return how long to wait for what takes at most `seconds` on an idle machine.

    Twice as long when every processor has a process at work, eight times as long with seven for
    each. What is at work now counts, and its mean over a minute when that is more.
    """
    load = os.getloadavg()[0]
    if _LOAD.exists():  # "0.20 0.18 0.12 running/total last"
        load = max(load, int(_LOAD.read_text().split()[3].partition("/")[0]))
    return seconds * (1 + load / (os.cpu_count() or 1))
