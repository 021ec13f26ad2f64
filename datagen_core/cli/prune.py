"""The command `datagen prune`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import (
    Problems,
    filter_option,
    find_sets,
    state_option,
    yes_option,
)
from datagen_core.cli.questions import confirm
from datagen_core.cli.summaries import States, marks, summarize_set
from datagen_core.commands import cache_option, json_option, open_cache, print_json, say, tell
from datagen_core.errors import count_of, human_bytes, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datagen_core.reading.param_set import ParamSet
    from datagen_core.upkeep.removal import Candidate

_SECONDS = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


class _Duration(click.ParamType):  # type: ignore[type-arg]  # older versions take none
    name = "duration"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds; click names the option in the error."""
        match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([hdw])", str(value))
        if match is None:
            self.fail(f"{shorten(str(value))!r} is not a time, such as 12h, 90d or 2w", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


class _Size(click.ParamType):  # type: ignore[type-arg]  # as above
    name = "size"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return bytes; click names the option in the error."""
        from pydantic import ByteSize, TypeAdapter, ValidationError  # slow

        try:
            return int(TypeAdapter(ByteSize).validate_python(value))
        except (ValidationError, OverflowError):
            words = f"{shorten(str(value))!r} is not a size, such as 500MB, 10GB or 1GiB"
            self.fail(words, param, ctx)


@click.command("prune")
@click.argument("name", required=False)
@filter_option
@click.option("--older-than", "idle", type=_Duration(), metavar="TIME",
              help="Only sets to which nothing was added for this long: 12h, 90d, 2w.")  # fmt: skip
@click.option("--larger-than", "size", type=_Size(), metavar="SIZE",
              help="Only sets that take this much on disk or more: 500MB, 10GB, 1GiB.")  # fmt: skip
@state_option
@click.option("--private", is_flag=True,
              help="Private sets, too, which nobody can make again.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@yes_option
@cache_option
@json_option
def prune_command(  # noqa: PLR0913 (one for each argument and option)
    name: str | None,
    selector: tuple[str, ...],
    idle: float | None,
    size: int | None,
    states: tuple[str, ...],
    *,
    private: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove whole parameter sets that meet all conditions, of NAME or of the whole cache.

    Sets that are used stay, with the reason: where samples are being made, a split is frozen, or
    there are views. Private ones stay without --private. A set is as old as the last change in its
    folder: samples, splits or results that were added. Reading does not count. What is to go is
    shown before it is removed; an interrupted call can be repeated. What killed processes left
    behind is removed, too.

    \b
    Examples:
      datagen prune --older-than 90d --larger-than 10GB --dry-run
      datagen prune noisy_sine --state holes --older-than 2w
      datagen prune -p left=0 --older-than 52w -y
    """
    if idle is None and size is None and not states:
        raise click.UsageError(
            "say which sets to remove: --older-than, --larger-than or --state; "
            "`datagen rm` removes sets by their numbers"
        )
    problems = Problems()
    found = find_sets(name, selector, problems)
    chosen = _find_candidates(found, idle or 0.0, size or 0, states, problems)
    doomed, kept = _part_kept(chosen, problems, private=private)
    total = sum(row["disk"] for _, row in doomed)
    if not as_json:
        _print_plan([row for _, row in doomed], kept, total)
    if doomed and not dry_run:
        sets = count_of(len(doomed), "parameter set")
        confirm(lambda: f"Remove {sets} for good?", yes=yes, otherwise="nothing was removed")
    if not dry_run:
        _remove(doomed, problems, as_json=as_json)
    if as_json:
        rows = [row for _, row in doomed]
        print_json({"dry_run": dry_run, "sets": rows, "kept": kept, "disk": total})
    problems.raise_any()


_Row = dict[str, Any]


def _find_candidates(
    found: Sequence[ParamSet], idle: float, size: int, states: tuple[str, ...], problems: Problems
) -> list[tuple[Candidate, _Row]]:
    """Return the sets that meet all conditions, with what is shown of them."""
    from datagen_core.upkeep.removal import measure_candidate
    from datagen_core.upkeep.usage import Scan

    scan, chosen = Scan(), []
    candidates: list[Candidate] = []
    for param_set in found:
        with problems.collect(param_set):
            candidate = measure_candidate(param_set, scan, idle, size)
            candidates += [candidate] if candidate else []
    known = States([each.param_set for each in candidates])
    for each in candidates:
        with problems.collect(each.param_set):
            summary = summarize_set(each.param_set, known)
            if not states or {*states} & {*marks(summary)}:
                chosen.append((each, _describe(each, summary)))
    return chosen


def _describe(candidate: Candidate, summary: _Row) -> _Row:
    keys = ("generator", "number", "description", "samples", "reserved", "mixed", "private",
            "state", "digest", "path")  # fmt: skip
    shown = {key: summary[key] for key in keys}
    disk, idle = candidate.usage.disk, round(candidate.idle)
    return {**shown, "disk": disk, "idle_seconds": idle, "removed": False}


def _part_kept(
    chosen: Sequence[tuple[Candidate, _Row]], problems: Problems, *, private: bool
) -> tuple[list[tuple[Candidate, _Row]], list[_Row]]:
    """Return the sets that can go, and those that stay, with the reasons."""
    from datagen_core.scheduling.status import Look
    from datagen_core.upkeep.removal import why_kept

    # Of a set that has all samples nobody makes any.
    unfinished = {each.param_set.paths for each, row in chosen if row["samples"] < row["reserved"]}
    look = Look.at(unfinished)
    doomed, kept = [], []
    for candidate, row in chosen:
        param_set = candidate.param_set
        with problems.collect(param_set):
            seen = look if param_set.paths in unfinished else None
            if reasons := why_kept(param_set, seen, private=private):
                kept.append({**row, "reasons": reasons})
            else:
                doomed.append((candidate, row))
    return doomed, kept


def _print_plan(rows: Sequence[_Row], kept: Sequence[_Row], total: int) -> None:
    from datagen_core.cli.tables import print_table
    from datagen_core.store.timings import format_duration

    if rows:
        header = ("data set", "set", "parameters", "samples", "on disk", "unchanged", "state")
        keys = ("generator", "number", "description", "samples")
        cells = [
            [*(row[key] for key in keys), human_bytes(row["disk"]),
             format_duration(row["idle_seconds"]), ", ".join(marks(row))]
            for row in rows
        ]  # fmt: skip
        print_table("", header, cells)
    for row in kept:
        say(f"{row['generator']} {row['number']} stays: {'; '.join(row['reasons'])}", dim=True)
    say(f"{len(rows):,} to remove, {human_bytes(total)}; {len(kept):,} stay")


def _remove(doomed: Sequence[tuple[Candidate, _Row]], problems: Problems, *, as_json: bool) -> None:
    """Remove sets, except what changed since it was shown; and what killed processes left."""
    from datagen_core.store.folders import remove_all_litter
    from datagen_core.store.sets import remove_set

    for candidate, row in doomed:
        param_set = candidate.param_set
        with problems.collect(param_set):
            if candidate.is_changed:
                tell(f"{param_set} stays: it was changed meanwhile")
                continue
            remove_set(param_set.paths)
            row["removed"] = True
            if not as_json:
                say(f"removed {param_set}")
    remove_all_litter(open_cache().path)
