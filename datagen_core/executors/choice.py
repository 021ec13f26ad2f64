"""Which executor runs a job: the one asked for, else Slurm, else this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import wraps
from typing import Any

from datagen_core.errors import (
    ConfigurationError,
    DatagenError,
    ExecutionError,
    SchedulerUnavailableError,
    in_one_line,
)
from datagen_core.executors.base import Executor
from datagen_core.generators.installed import installed_executors, load_executor

BUILT_IN = ("slurm", "local", "inline", "dask")
_ASKED = (
    "available", "complete", "max_minutes", "max_tasks", "max_parallel", "cluster", "examine",
    "nodes", "describe", "submit", "poll", "cancel", "diagnose",
)  # fmt: skip
"""The methods of an executor that the core calls."""


def find_executor(name: str) -> Executor:
    """Return the executor of that name, without asking whether it is usable here.

    Raises
    ------
    ConfigurationError
        When there is none of that name.
    ExecutionError
        When a plugin provides something else. Methods of a plugin's executor raise it for errors
        that are neither `DatagenError` nor `OSError`.
    """
    if name in BUILT_IN:
        return _built_in(name)
    if name not in installed_executors():
        known = ", ".join([*BUILT_IN, *installed_executors()])
        raise ConfigurationError(
            f"there is no executor {name!r}; there are {known}: choose one with --executor, or "
            "install the plugin that provides it"
        )
    return _adopt(load_executor(name), name)


def _built_in(name: str) -> Executor:
    # Only the one that is used is imported.
    if name == "slurm":
        from datagen_core.executors.slurm.executor import SlurmExecutor

        return SlurmExecutor()
    if name == "dask":
        from datagen_core.executors.dask import DaskExecutor

        return DaskExecutor()
    if name == "inline":
        from datagen_core.executors.inline import InlineExecutor

        return InlineExecutor()
    from datagen_core.executors.local import LocalExecutor

    return LocalExecutor()


def _adopt(found: object, name: str) -> Executor:
    """Give a plugin's executor the name of its entry point, and errors of one line."""
    if not isinstance(found, Executor):
        raise ExecutionError(
            f"executor {name!r} is a {type(found).__name__}; its plugin must return an instance "
            "of a subclass of datagen_core.Executor"
        )
    found.name = name
    for method in _ASKED:
        call = getattr(found, method)
        if not hasattr(call, "__wrapped__"):
            setattr(found, method, _explained(call, name))
    return found


def _explained(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **keywords: Any) -> Any:
        try:
            return method(*arguments, **keywords)
        except (DatagenError, OSError):
            raise
        except Exception as error:  # a plugin may fail in any way
            raise ExecutionError(
                f"executor {name} fails in {method.__name__}: {in_one_line(error)}"
            ) from error

    return call


def why_not(executor: Executor) -> str:
    """Return why an executor cannot be used here and now; nothing when it can."""
    try:
        return executor.available()
    except SchedulerUnavailableError as error:
        return str(error)


def fallback_reason(name: str | None, executor: Executor) -> str:
    """Return why a machine that has Slurm's commands is used without Slurm; nothing otherwise."""
    if name is not None or executor.name != "local" or shutil.which("sbatch") is None:
        return ""
    why = why_not(find_executor("slurm"))
    return f"jobs run on this machine, since {why}; --executor slurm insists" if why else ""


def choose_executor(name: str | None) -> Executor:
    """Return an executor that is usable here: `name`, or the best one when that is None.

    Raises
    ------
    ExecutionError
        When the one asked for is not usable; the message says why.
    SchedulerUnavailableError
        When its scheduler does not answer now.
    """
    if name is None:
        slurm = find_executor("slurm")
        return find_executor("local") if why_not(slurm) else slurm
    executor = find_executor(name)
    try:
        reason = executor.available()
    except SchedulerUnavailableError as error:
        raise SchedulerUnavailableError(
            f"executor {name} cannot be used now: {error}; or try --executor local"
        ) from error
    if reason:
        raise ExecutionError(f"executor {name} cannot be used here: {reason}; try --executor local")
    return executor
