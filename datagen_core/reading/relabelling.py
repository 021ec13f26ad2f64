"""Another name for a split: its samples, their order and all that was made of it stay.

Only the ledger changes, by one generation, so a reader finds the split by the old name or by the
new one. What lies in folders that are called like a split stays there: see `Ledger.first_name`.
"""

from __future__ import annotations

from datagen_core.checks import check_kind
from datagen_core.errors import SelectionError, SplitError
from datagen_core.reading.moving import Movable
from datagen_core.store.assignments import EXCLUDED, RAW, Ledger, Relabel
from datagen_core.store.documents import signature
from datagen_core.store.layout import check_name
from datagen_core.store.ledger import change_ledger

_NO_SPLITS = {RAW, EXCLUDED}


def relabel(param_set: Movable, old: str, new: str, reason: str) -> Relabel:
    """Give a split another name, and return what the ledger says of it; see `ParamSet.relabel`."""

    def change(current: Ledger, operation: str) -> tuple[Ledger, Relabel]:
        known = find_relabel(param_set, current, old, new, reason)
        if known is not None:
            return current, known
        made = Relabel(old, new, reason, *signature(), operation)
        return current.relabel(made), made

    return change_ledger(param_set.paths, change)


def find_relabel(
    param_set: Movable, current: Ledger, old: str, new: str, reason: str
) -> Relabel | None:
    """Return what the ledger says where a split has its new name already; None where it may get it.

    Raises
    ------
    SelectionError
        When there is no such split.
    SplitError
        For `raw`, a name that a split has or had, and without a reason.
    """
    for name in (old, new, reason):
        check_kind("names of splits and the reason", name, str, "text")
    _check_names(old, new, reason)
    known = current.retired.get(old)
    if known is not None:
        if current.current_name(old) == new:
            return known
        raise SplitError(f"cannot relabel {old} of {param_set}: {known}")
    if old not in current.splits:
        splits = ", ".join(current.splits) or "none"
        raise SelectionError(f"{param_set} has no split {old!r}; those with a name are: {splits}")
    if new in current.splits:
        raise SplitError(
            f"{param_set} has a split {new!r}, and samples never move between splits; choose "
            "another name"
        )
    if new in current.retired:
        raise SplitError(
            f"the name {new!r} is retired in {param_set}, {current.retired[new]}; choose another"
        )
    return None


def _check_names(old: str, new: str, reason: str) -> None:
    if taken := _NO_SPLITS & {old, new}:
        raise SplitError(f"{min(taken)!r} is not a split that can be relabelled, or a name for one")
    check_name(new, "split")
    if old == new:
        raise SplitError(f"{old} is its name already; choose another one")
    if not reason.strip():
        raise SplitError("cannot relabel without a reason; say why, in any words")
