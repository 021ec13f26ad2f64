"""New names of splits, which may be mistyped: what to ask, and the option that answers it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from datagen_core.cli.questions import confirm
from datagen_core.commands import Decorator, open_cache
from datagen_core.errors import CacheError
from datagen_core.store.ledger import read_ledger

if TYPE_CHECKING:
    from datagen_core.reading.param_set import ParamSet

new_split_option: Decorator = click.option(
    "--new-split", is_flag=True,
    help="The name is new and meant so, though it looks like that of another split.",
)  # fmt: skip


def confirm_new_split(
    chosen: Sequence[ParamSet], split: str, *, is_meant: bool, yes: bool, apart: str = ""
) -> None:
    """Ask about a new split whose name looks like that of another one of the data set.

    A name that a set of the data set has is no new one.

    Parameters
    ----------
    apart
        A name that it may look like, since it takes the place of that.

    Raises
    ------
    click.UsageError
        When nobody can be asked.
    SystemExit
        When the answer is no.
    """
    from datagen_core.reading.moving import find_similar

    if is_meant or any(split in read_ledger(each.paths).splits for each in chosen):
        return
    known = {"raw": ""}
    for name, where in _known_splits(chosen[0]):
        if name == split:
            return
        known.setdefault(name, f", which {where} has")
    similar = next(find_similar(split, known.keys() - {apart}), None)
    if similar is None:
        return
    words = f"{split!r} is a new split, and looks like {similar!r}{known[similar]}"
    if yes or not sys.stdin.isatty():
        raise click.UsageError(f"{words}; if it is meant, say so with --new-split")
    confirm(lambda: f"{words}. Make it?", yes=False, otherwise=f"no split {split!r} was made")


def _known_splits(chosen: ParamSet) -> Iterator[tuple[str, str]]:
    """Yield the splits of all sets of a data set that can be read, and the sets."""
    for each in open_cache()[chosen.paths.root.parent.name].values():
        with suppress(CacheError, OSError):  # of which other commands tell
            yield from ((name, str(each)) for name in read_ledger(each.paths).splits)
