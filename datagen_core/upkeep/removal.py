"""Which parameter sets may be removed, and which of them are old or large."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from datagen_core.errors import CacheError, DatagenError
from datagen_core.executors.choice import find_executor
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.status import Look, RunStatus, statuses
from datagen_core.store.advice import command_for
from datagen_core.store.heartbeats import clock
from datagen_core.store.layout import list_names
from datagen_core.store.runs import list_plans
from datagen_core.upkeep.usage import Scan, Usage


def check_removable(param_set: ParamSet, look: Look | None = None) -> None:
    """Refuse to remove a set of which samples are being made.

    Where the executor of a run is not installed, only heartbeats can say so. `look` is a look at
    this set and others.

    Raises
    ------
    CacheError
        If there are runs that are alive.
    FileNotFoundError
        If another process removes the set at this moment.
    """
    if alive := _find_alive(param_set, look):
        raise CacheError(f"{param_set} has {alive}")


def _find_alive(param_set: ParamSet, look: Look | None) -> str:
    living = [
        (status, item)
        for status in statuses(param_set.paths, look)
        for item in status.ranges
        if item.state in {"queued", "running"} or (item.state == "unknown" and not status.orphaned)
    ]
    if not living:
        return ""
    where = next((f" ({item.reason})" for _, item in living if item.reason), "")
    ends = any(_can_cancel(param_set, status) for status, _ in living)
    cancel = f"cancel them first: {command_for(param_set.paths, 'cancel')}"
    advice = cancel if ends else "end them first, or wait for them"
    return f"runs that are alive{where}; {advice}"


def _can_cancel(param_set: ParamSet, status: RunStatus) -> bool:
    """Return whether `datagen cancel` ends a run, and not only who began it."""
    plans = list_plans(param_set.paths.run(status.record.number))
    name = plans[-1].executor if plans else status.record.details["executor"]
    with suppress(DatagenError):  # it is not installed here
        return not find_executor(name).in_process
    return True


@dataclass(frozen=True)
class Candidate:
    """A parameter set that is as old and as large as was asked for.

    Attributes
    ----------
    usage
        What it takes on disk.
    idle
        How many seconds ago anything in its folder was added or changed, by the server's clock.
    """

    param_set: ParamSet
    usage: Usage
    idle: float

    @property
    def is_changed(self) -> bool:
        """Whether anything was added or changed since it was measured."""
        return Scan().measure(self.param_set.paths.root).newest != self.usage.newest


def measure_candidate(
    param_set: ParamSet, scan: Scan, least_idle: float, least: int
) -> Candidate | None:
    """Return a set to which nothing was added for so many seconds, and that takes so many bytes.

    Raises
    ------
    CacheError
        If not all of its folder can be looked at.
    """
    usage = scan.measure(param_set.paths.root, nested=True)
    problems, scan.problems = scan.problems, []
    for problem in problems:
        raise problem
    idle = clock(param_set.paths.root.parent) - usage.newest
    if idle < least_idle or usage.disk < least:
        return None
    return Candidate(param_set, usage, idle)


def why_kept(param_set: ParamSet, look: Look | None, *, private: bool) -> list[str]:
    """Return why a set is not removed without being named: it is in use, or cannot be made again.

    Parameters
    ----------
    look
        A look at this set and others; None where no sample is missing, so that nothing is made.
    private
        Whether private sets are removed, too.
    """
    reasons = []
    if look is not None and (alive := _find_alive(param_set, look)):
        reasons.append(alive)
    reasons += [f"{each.split} is frozen as {each.digest[:12]}" for each in param_set.frozen]
    if views := sorted(list_names(param_set.paths.views)):
        reasons.append(f"views: {', '.join(views)}")
    if param_set.record.private and not private:
        reasons.append("private, so that nobody can make it again; --private removes it, too")
    return reasons
