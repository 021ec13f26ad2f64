"""The command `datagen du`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import describe_nothing
from datagen_core.commands import cache_option, json_option, open_cache, print_json, say, tell
from datagen_core.errors import CacheError, UnreadableError, human_bytes

if TYPE_CHECKING:
    from datagen_core.upkeep.usage import Part, Scan

_HEADER = {
    "generator": ("data set", "sets", "samples", "files"),
    "set": ("data set", "set", "folder", "samples", "files"),
    "split": ("data set", "split", "samples"),
    "age": ("last change", "sets", "samples", "files"),
}


@click.command("du")
@click.argument("name", required=False)
@click.option("--by", type=click.Choice([*_HEADER]),
              help="What to add up.  [default: generator, or set with NAME]")  # fmt: skip
@cache_option
@json_option
def du_command(name: str | None, by: str | None, *, as_json: bool) -> None:
    """Show what the cache takes on disk, or the data set called NAME.

    All files count, each once, also where hard links give it several names: samples, results of
    preprocessors (derived), views, records and logs of runs, files that `datagen repair` set aside
    (damaged), and what is being written or was left behind (temporary). The last columns are the
    bytes on disk, folders included, and the lengths of the files. What several sets of a data set
    share has a line of its own, and so have input files, and what belongs to no data set. Where a
    terminal has no room for all columns, folders and kinds of files are left out.

    By split, the bytes of a file are shared by its samples alike. By age, sets count by their last
    change: samples, splits, views and results that were added; reading does not count.

    \b
    Examples:
      datagen du
      datagen du noisy_sine
      datagen du --by age --json
    """
    from datagen_core.upkeep.usage import Scan, gather, measure_cache

    cache, scan = open_cache(), Scan()
    by = by or ("generator" if name is None else "set")
    if name is not None:
        cache[name]  # says which there are
    parts = gather(measure_cache(cache.path, name, scan, by_split=by == "split"), by)
    if as_json:
        print_json(_to_json(parts, by, scan))
    elif parts:
        _print_parts(parts, by)
        tell(str(cache.path), prefix="cache: ")
    else:
        say(describe_nothing(name))
    _tell_problems(scan)


def _tell_problems(scan: Scan) -> None:
    """Name what is left out; only what is damaged is an error."""
    closed, damaged = _part_problems(scan)
    for each in closed:
        tell(f"left out: {each}", dim=True)
    for error in damaged[:-1]:
        tell(f"error: {error}")
    if damaged:
        raise damaged[-1]


def _part_problems(scan: Scan) -> tuple[list[UnreadableError], list[CacheError]]:
    """Return what this user may not read, and what is damaged, each once."""
    found = {str(each): each for each in scan.problems}.values()
    closed = [each for each in found if isinstance(each, UnreadableError)]
    return closed, [each for each in found if not isinstance(each, UnreadableError)]


def _to_json(parts: list[Part], by: str, scan: Scan) -> dict[str, Any]:
    closed, _ = _part_problems(scan)
    return {
        "by": by,
        "rows": [_row_to_json(part) for part in parts],
        "total": _row_to_json(_total(parts)),
        "unreadable": [{"path": each.path, "owner": each.owner} for each in closed],
    }


def _row_to_json(part: Part) -> dict[str, Any]:
    named = {key: getattr(part, key) for key in ("generator", "number", "name", "split", "age")}
    usage = part.usage
    return {
        **named,
        "sets": part.sets,
        "samples": part.samples,
        "files": usage.files,
        "disk": usage.disk,
        "apparent": usage.apparent,
        "kinds": dict(usage.kinds),
    }


def _total(parts: list[Part]) -> Part:
    from datagen_core.upkeep.usage import Part

    total = Part(name="total")
    for part in parts:
        total.sets += 0 if part.split else part.sets  # each has a part of no split, too
        total.samples += part.samples
        total.usage.add(part.usage)
    return total


def _print_parts(parts: list[Part], by: str) -> None:
    from datagen_core.cli.tables import print_table
    from datagen_core.upkeep.usage import KINDS

    total = _total(parts)
    kinds = [kind for kind in KINDS if total.usage.kinds[kind]]
    rows = [
        [
            *_cells(part, by),
            *(human_bytes(part.usage.kinds[kind]) for kind in kinds),
            human_bytes(part.usage.disk),
            human_bytes(part.usage.apparent),
        ]
        for part in (*parts, total)
    ]
    header = (*_HEADER[by], *kinds, "on disk", "apparent")
    first = len(_HEADER[by])
    # What is left out first on a narrow terminal: folders, then kinds of files.
    spare = [len(header) - 1, *range(first, first + len(kinds))]
    spare += [at for at, name in enumerate(header) if name == "folder"]
    print_table("", header, rows, spare)


def _cells(part: Part, by: str) -> list[Any]:
    name = part.generator or f"({part.name})"
    if by == "set":
        number = "" if part.number is None else part.number
        folder = part.name if part.generator else ""
        return [name, number, folder, part.samples, part.usage.files]
    if by == "split":
        return [name, part.split or "", part.samples]
    first = (part.age or name) if by == "age" else name
    return [first, part.sets, part.samples, part.usage.files]
