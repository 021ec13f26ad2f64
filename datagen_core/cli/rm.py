"""The command `datagen rm`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from datagen_core.cli.options import confirm, yes_option
from datagen_core.commands import cache_option, say, select_set, set_option
from datagen_core.errors import CacheError, DatagenError
from datagen_core.store.advice import command_for

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.status import RunStatus


@click.command("rm")
@click.argument("name")
@set_option()
@yes_option
@cache_option
def rm_command(name: str, selector: tuple[str, ...], *, yes: bool) -> None:
    """Remove a parameter set of NAME with all its samples, for good.

    \b
    Examples:
      datagen rm noisy_sine -p 0
    """
    from datagen_core.scheduling.status import statuses
    from datagen_core.store.layout import removed_set
    from datagen_core.store.sets import remove_set

    param_set = select_set(name, selector)
    try:
        _refuse_alive(param_set, statuses(param_set.paths))
    except FileNotFoundError:  # another process removes it at this moment
        raise removed_set(param_set.paths) from None
    # Its record is read even where nobody is asked, so that a set that is too new is refused.
    generator, counts = param_set.generator, param_set.describe_counts()
    confirm(
        lambda: (
            f"Remove {generator} {param_set.number} ({param_set.describe()}; {counts}"
            f"{_describe_frozen(param_set)}) for good?"
        ),
        yes=yes,
    )
    remove_set(param_set.paths)
    say(f"removed {param_set}")


def _refuse_alive(param_set: ParamSet, found: list[RunStatus]) -> None:
    """Refuse to remove a set of which samples are being made.

    Where the executor of a run is not installed, only heartbeats can say so.
    """
    living = [
        (status, item)
        for status in found
        for item in status.ranges
        if item.state in {"queued", "running"} or (item.state == "unknown" and not status.orphaned)
    ]
    if living:
        where = next((f" ({item.reason})" for _, item in living if item.reason), "")
        ends = any(_can_cancel(param_set, status) for status, _ in living)
        cancel = f"cancel them first: {command_for(param_set.paths, 'cancel')}"
        advice = cancel if ends else "end them first, or wait for them"
        raise CacheError(f"{param_set} has runs that are alive{where}; {advice}")


def _can_cancel(param_set: ParamSet, status: RunStatus) -> bool:
    """Return whether `datagen cancel` ends a run, and not only who began it."""
    from datagen_core.executors.choice import find_executor
    from datagen_core.store.runs import list_plans

    plans = list_plans(param_set.paths.run(status.record.number))
    name = plans[-1].executor if plans else status.record.details["executor"]
    with suppress(DatagenError):  # it is not installed here
        return not find_executor(name).in_process
    return True


def _describe_frozen(param_set: ParamSet) -> str:
    splits = ""
    with suppress(CacheError):  # what is damaged can be removed, too
        splits = ", ".join(f"{each.split} as {each.digest[:12]}" for each in param_set.frozen)
    return splits and f"; frozen: {splits}"
