"""Which executor runs a job: the one asked for, else Slurm, else this machine."""

from __future__ import annotations

import shutil

from datagen_core.errors import ConfigurationError, ExecutionError
from datagen_core.executors.base import Executor
from datagen_core.generators.registry import installed_executors, load_executor

BUILT_IN = ("slurm", "local", "inline")


def find_executor(name: str) -> Executor:
    """Return the executor of that name, without asking whether it is usable here.

    Raises
    ------
    ConfigurationError
        When there is none of that name.
    ExecutionError
        When a plugin returns something else.
    """
    if name == "slurm":
        from datagen_core.executors.slurm.executor import SlurmExecutor  # only where used

        return SlurmExecutor()
    if name == "local":
        from datagen_core.executors.local import LocalExecutor

        return LocalExecutor()
    if name == "inline":
        from datagen_core.executors.inline import InlineExecutor

        return InlineExecutor()
    if name not in installed_executors():
        known = ", ".join([*BUILT_IN, *installed_executors()])
        raise ConfigurationError(f"there is no executor {name!r}; there are {known}")
    executor = load_executor(name)
    if not isinstance(executor, Executor):
        raise ExecutionError(
            f"executor {name!r} is a {type(executor).__name__}; its plugin must return an instance "
            "of a subclass of datagen_core.Executor"
        )
    return executor


def fallback_reason(name: str | None, executor: Executor) -> str:
    """Return why a machine that has Slurm's commands is used without Slurm; nothing otherwise."""
    if name is not None or executor.name != "local" or shutil.which("sbatch") is None:
        return ""
    why = find_executor("slurm").available()
    return f"jobs run on this machine, since {why}; --executor slurm insists" if why else ""


def choose_executor(name: str | None) -> Executor:
    """Return an executor that is usable here: `name`, or the best one when that is None.

    Raises
    ------
    ExecutionError
        When the one asked for is not usable; the message says why.
    """
    if name is None:
        slurm = find_executor("slurm")
        return find_executor("local") if slurm.available() else slurm
    executor = find_executor(name)
    why_not = executor.available()
    if why_not:
        raise ExecutionError(
            f"executor {name} cannot be used here: {why_not}; try --executor local"
        )
    return executor
