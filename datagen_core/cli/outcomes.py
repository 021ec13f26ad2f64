"""What became of the parameter sets of another cache, as lines and as JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from datagen_core.commands import print_json, say, tell
from datagen_core.errors import CacheError, count_of

_SECONDS = 10.0

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datagen_core.upkeep.merging.sets import ImportedSet


def report(outcomes: Sequence[ImportedSet], *, dry_run: bool, as_json: bool) -> None:
    """Print what became of sets of another cache.

    Raises
    ------
    CacheError
        If something was refused.
    """
    if as_json:
        print_json([_describe(each) for each in outcomes])
    for each in outcomes if not as_json else ():
        say(_summarize(each, dry_run=dry_run))
    refused = [f"{_title(each)}: {line}" for each in outcomes for line in _list_refused(each)]
    for line in refused[1:]:
        tell(line, prefix="  ")
    if refused:
        raise CacheError(f"{len(refused)} refused: {refused[0]}")


class Progress:
    """Says every ten seconds on stderr what is being done."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, words: str) -> None:
        """Say it, unless something was said a moment ago."""
        if time.monotonic() - self._told >= _SECONDS:
            self._told = time.monotonic()
            tell(words, prefix="", dim=True)


def _title(outcome: ImportedSet) -> str:
    if outcome.paths is None or outcome.number is None:
        return outcome.there
    here = f"{outcome.generator} {outcome.number}"
    return here if here == outcome.there else f"{here} ({outcome.there} there)"


def _describe(outcome: ImportedSet) -> dict[str, Any]:
    paths = outcome.paths
    return {
        "generator": outcome.generator,
        "there": outcome.there,
        "number": outcome.number,
        "path": str(paths.root) if paths else None,
        "new": outcome.is_new,
        "samples": outcome.samples,
        "files": outcome.files,
        "linked": outcome.linked,
        "runs": outcome.runs,
        "splits": outcome.splits,
        "mixed": outcome.mixed,
        "alive": outcome.alive,
        "refused": [
            {"samples": [list(part) for part in each.samples], "reason": each.reason}
            for each in outcome.refused
        ],
    }


def _summarize(outcome: ImportedSet, *, dry_run: bool) -> str:
    if outcome.paths is None:
        return f"{outcome.there}: refused"
    linked = "" if dry_run else f", {outcome.linked} linked"
    count = count_of(outcome.files, "file")
    files = f" in {count}{linked}" if outcome.files else ""
    splits = [f"{count} into {split}" for split, count in outcome.splits.items()]
    is_lost = dry_run and outcome.number is None and not outcome.is_new
    notes = [
        "new" if outcome.is_new else "",
        "gets a number" if is_lost else "",
        f"{count_of(outcome.samples, 'sample')} more{files}"
        if outcome.samples
        else "no more samples",
        f"{count_of(outcome.runs, 'run')} more" if outcome.runs else "",
        *splits,
        "mixed" if outcome.mixed else "",
        f"{len(outcome.refused)} refused" if outcome.refused else "",
    ]
    alive = "; a run is alive there: import again to get what it makes" if outcome.alive else ""
    return f"{_title(outcome)}: {', '.join(filter(None, notes))}{alive}"


def _list_refused(outcome: ImportedSet) -> list[str]:
    return [
        f"samples {each.samples.brief()}: {each.reason}" if each.samples else each.reason
        for each in outcome.refused
    ]
