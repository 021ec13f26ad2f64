"""Whether jobs find there what they need: a job of one sample, which says where it was made."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from datagen_core.errors import DatagenError, ExecutionError
from datagen_core.executors.base import Executor, Finding, Verdict
from datagen_core.executors.choice import choose_executor
from datagen_core.generators.generator import generator
from datagen_core.generators.params import Params
from datagen_core.reading.cache import Cache
from datagen_core.scheduling.demands import load, make_demands
from datagen_core.scheduling.driving import Progress, drive
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import Run, begin
from datagen_core.scheduling.status import RunStatus
from datagen_core.store.access import explain
from datagen_core.store.heartbeats import clock
from datagen_core.store.runs import list_plans
from datagen_core.upkeep.doctor.cache import MOST_SKEW, find_place, probe_folder

PATIENCE = 300.0
"""Seconds that the job may take; queues may be longer than that."""

_MINUTES = 5
_MOST_NAMED = 3
_NODE = f"{Path(__file__)}:node"


class NodeParams(Params):
    """What a node is to look at."""

    folder: str
    """A folder in which it may write."""


@generator(1, NodeParams)
def node(size: int, params: NodeParams) -> Iterator[dict[str, str]]:
    """Describe the machine on which a job runs, once."""
    for _ in range(size):
        yield {"described": json.dumps(describe_node(Path(params.folder)))}


def describe_node(folder: Path) -> dict[str, Any]:
    """Return host, Python and packages of this process, and the skew of its clock."""
    return {
        "host": os.uname().nodename,
        "python": f"{platform.python_version()}, {sys.executable}",
        "packages": {each.name: each.version for each in distributions() if each.name},
        "skew": clock(folder) - time.time(),
    }


def examine_nodes(
    cache: Path, settings: Settings, tell: Callable[[str], object], patience: float = PATIENCE
) -> Iterator[Finding]:
    """Run a job as `settings` say, and yield what it found where it ran.

    Parameters
    ----------
    tell
        Called with a line when there is news of the job.
    patience
        How long to wait for it, in seconds.
    """
    try:
        executor = choose_executor(settings.executor)
        if executor.in_process:
            yield Finding("job", "absent", f"executor {executor.name} has none")
            return
        with probe_folder(find_place(cache)) as folder:
            begun = time.monotonic()
            found = _run_job(folder, executor, settings, _Watch(tell, patience))
            seconds = time.monotonic() - begun
            where = f"of {executor.name} on {found['host']}, wrote into {folder.parent}"
            yield Finding("job", "ok", f"{where}; over in {seconds:.0f} s")
            yield from _compare(describe_node(folder), found)
    except DatagenError as error:
        yield Finding("job", "error", str(error))
    except OSError as error:
        yield Finding("job", "error", str(explain(error)))


class _LateError(Exception):
    """A job for which nobody waits any longer; the message says what it waits for."""


class _Watch:
    def __init__(self, tell: Callable[[str], object], patience: float) -> None:
        self._tell, self._patience = tell, patience
        self._begun = time.monotonic()
        self._note: str | None = None

    def __call__(self, moment: Progress) -> None:
        if moment.note != self._note:
            self._note = moment.note
            self._tell(f"job: {moment.note or 'begun'}")
        if time.monotonic() - self._begun > self._patience:
            why = f"{self._note or 'not over'} after {self._patience:.0f} s, and cancelled"
            raise _LateError(why)


def _run_job(
    folder: Path, executor: Executor, settings: Settings, watch: Callable[[Progress], None]
) -> Mapping[str, Any]:
    """Return what a job says of the node on which it ran.

    Raises
    ------
    DatagenError
        If it does not come to that, with the reason.
    """
    most = executor.max_minutes(settings.resources)
    resources = replace(settings.resources, minutes=min(_MINUTES, most or _MINUTES))
    (demand,) = make_demands(load(_NODE), [{"folder": str(folder)}], 0, folder / "cache", 1)
    (run,) = begin([demand], executor, replace(settings, njobs=1, resources=resources))
    (status,) = _drive(run, watch)
    if status.missing:
        (item, *_) = status.ranges
        raise ExecutionError(
            f"a job made nothing ({item.reason or item.state}); where it runs, it needs "
            f"{folder.parent} and {sys.executable} at these paths"
        )
    (described,) = Cache(folder / "cache")["node"].only()["raw"].get(1)["described"]
    found: Mapping[str, Any] = json.loads(described)
    return found


def _drive(run: Run, watch: Callable[[Progress], None]) -> Sequence[RunStatus]:
    try:
        return drive([run], watch)
    except BaseException as error:
        with suppress(DatagenError, OSError):
            run.executor.cancel(list_plans(run.paths))
        if isinstance(error, _LateError):
            raise ExecutionError(f"a job is {error}; `datagen doctor --jobs` again later") from None
        raise


def _compare(here: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[Finding]:
    same = here["python"] == there["python"]
    told = f"{there['python']}" if same else f"{there['python']} there, {here['python']} here"
    yield Finding("node: python", "ok" if same else "error", told)
    names = sorted(here["packages"].keys() | there["packages"].keys())
    versions = [
        (each, *(side["packages"].get(each, "none") for side in (there, here))) for each in names
    ]
    other = [
        f"{name} {theirs} there, {ours} here" for name, theirs, ours in versions if theirs != ours
    ]
    if other:
        more = f" and {len(other) - _MOST_NAMED} more" if len(other) > _MOST_NAMED else ""
        told = f"{'; '.join(other[:_MOST_NAMED])}{more}: install datagen where all nodes see it"
        yield Finding("node: packages", "error", told)
    else:
        yield Finding("node: packages", "ok", f"the same {len(names)} distributions as here")
    skew = there["skew"]
    state: Verdict = "warning" if abs(skew) > MOST_SKEW else "ok"
    yield Finding("node: clock", state, f"{abs(skew):.1f} s away from that of the files")
