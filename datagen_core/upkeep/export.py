"""Exporting samples in the formats of other programs: whole, or not at all."""

from __future__ import annotations

import inspect
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from datagen_core.errors import ConfigurationError, DatagenError, SelectionError, in_one_line
from datagen_core.files import placing
from datagen_core.reading.param_set import ParamSet
from datagen_core.reading.table_files import FORMATS
from datagen_core.reading.tables import Selection, read_layout
from datagen_core.upkeep.table_export import OPTIONS, check_stale, export_tables, list_files

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "datagen.formats"
"""The entry-point group of formats, functions `(path, selection, **options)` that write a new file
or folder at `path`. Each option is a keyword with a default, given as text. The function returns
the number of samples or users that it wrote of each part, `{part: count}`, or None for all. One
that takes several parameter sets (`selection.sets`) has the attribute `takes_several_sets`."""

TABLES = "datagen.tables"
"""The entry-point group of generators' own tables, by the generator's name: functions `Table` with
options as further keywords, given as text."""


def find_format(name: str) -> Callable[..., Mapping[str, int] | None]:
    """Return the function of a plugin, or of datagen's own, that writes a format.

    Raises
    ------
    ConfigurationError
        If there is no format of that name.
    DatagenError
        If the plugin does not load.
    """
    from importlib.metadata import entry_points  # costs as much as click itself

    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join([*FORMATS, *sorted(found)])
        raise ConfigurationError(f"there is no format {name!r}; the formats are {known}")
    writer: Callable[..., Mapping[str, int] | None] = _load(found[name], f"format {name!r}")
    return writer


def _load(point: EntryPoint, what: str) -> Any:
    try:
        return point.load()
    except Exception as error:  # a plugin may fail in any way
        raise DatagenError(f"{what} does not load: {in_one_line(error)}") from error


def find_table(generator: str) -> Callable[..., Any] | None:
    """Return the function that makes the rows of a generator's own table; None if it has none.

    Raises
    ------
    DatagenError
        If the plugin does not load.
    """
    from importlib.metadata import entry_points  # costs as much as click itself

    point = next(iter(entry_points(group=TABLES, name=generator)), None)
    return _load(point, f"the table of {generator!r}") if point is not None else None


def select_all(
    param_sets: Sequence[ParamSet],
    split: str | Sequence[str] | None = None,
    view: str | None = None,
    part: str | None = None,
) -> Selection:
    """Return what to export of several parameter sets, without those that have no such samples.

    The options are those of `select`; of several splits, a set may have some.

    Raises
    ------
    SelectionError
        If none of the sets has such samples.
    """
    if len(param_sets) == 1:
        return select(param_sets[0], split, view, part)
    found = [each for one in param_sets for each in _select_some(one, _named(split), view, part)]
    if not found:
        raise SelectionError(
            "none of the parameter sets has such samples; there is nothing to write"
        )
    return replace(found[0], more=tuple(found[1:]))


def _named(split: str | Sequence[str] | None) -> list[str]:
    return [split] if isinstance(split, str) else list(dict.fromkeys(split or ()))


def _select_some(
    param_set: ParamSet, splits: Sequence[str], view: str | None, part: str | None
) -> Iterator[Selection]:
    found = []
    names: Sequence[str | None] = splits or [None]
    for split in names:
        with suppress(SelectionError):
            found.append(select(param_set, split, view, part))
    if found:
        parts = {name: samples for each in found for name, samples in each.parts.items()}
        yield replace(found[0], parts=parts)


def select(
    param_set: ParamSet,
    split: str | Sequence[str] | None = None,
    view: str | None = None,
    part: str | None = None,
) -> Selection:
    """Return what to export: a split or several, a view, one part of a view, or all samples.

    Raises
    ------
    SelectionError
        If the split, view or part does not exist, or is empty.
    ConfigurationError
        If a split and a view are given, or a part without a view.
    """
    if (split and view) or (part and not view):
        raise ConfigurationError("choose a split or a view, not both; a part needs a view")
    if view:
        found = param_set.view(view)
        return Selection(param_set, {part: found[part]} if part else found, found)
    names = _named(split)
    parts = {name: param_set[name] for name in names} if names else {"all": param_set.samples}
    for name, samples in parts.items():
        if not len(samples):
            excluded = f" ({len(samples.excluded)} are excluded)" if samples.excluded else ""
            raise SelectionError(
                f"{param_set} has no samples in {name if names else 'any split'}{excluded}; there "
                "is nothing to write"
            )
    return Selection(param_set, parts)


class Written(NamedTuple):
    """What an export wrote: its files or its folder, and the number of samples of each part."""

    paths: list[Path]
    samples: dict[str, int]


def export(
    selection: Selection,
    name: str,
    destination: Path,
    options: Mapping[str, str] | None = None,
    *,
    force: bool = False,
    verify: bool = False,
) -> Written:
    """Write a selection to `destination`, which appears whole when all is written.

    Tables may be several files, named after it, of which all appear or none.

    Parameters
    ----------
    name
        The name of the format.
    options
        Options of the format, as text.
    force
        Whether to replace what is there. A folder is replaced only if this format writes all that
        it holds, so that no other file gets lost and no stale one remains.
    verify
        Whether to check the files of the samples first, as `Samples.verify` does.

    Returns
    -------
    written
        Where it is, and the number of samples, or users of a view, of each part.

    Raises
    ------
    ConfigurationError
        If there is no such format or option, or the destination exists.
    DamagedFileError
        If a file cannot be read, or with `verify` does not hold what was written.
    """
    options = options or {}
    _check_options(name, options, list_options(name, selection.param_set.generator))
    destination = destination.absolute()
    if name in FORMATS:
        return _export_tables(selection, name, destination, options, force=force, verify=verify)
    writer = find_format(name)
    if selection.more and not getattr(writer, "takes_several_sets", False):
        raise ConfigurationError(f"format {name!r} takes one parameter set; choose it with -p")
    is_taken = _check_destination(destination, force=force)
    if verify:
        selection.verify()
    with placing(destination) as temporary:
        counts = writer(temporary, selection, **options)
        if is_taken and destination.is_dir():
            _check_replaceable(temporary, destination)
        elif temporary.is_file() and destination.is_dir():
            destination.rmdir()  # an empty folder is nothing
    return Written([destination], describe(selection) if counts is None else dict(counts))


def _export_tables(
    selection: Selection,
    name: str,
    destination: Path,
    options: Mapping[str, str],
    *,
    force: bool,
    verify: bool,
) -> Written:
    layout = read_layout({key: options[key] for key in options if key in OPTIONS})
    table = find_table(selection.param_set.generator)
    if table is not None:
        others = {key: value for key, value in options.items() if key not in OPTIONS}
        selection = replace(selection, table=partial(table, **others))
    files = list_files(destination, selection, layout)
    for file in files:
        if _check_destination(file, force=force) and file.is_dir():
            raise ConfigurationError(f"{file} is a folder; choose another name")
    check_stale(destination, files)
    if verify:
        selection.verify()
    export_tables(name, selection, layout, destination)
    return Written(files, describe(selection))


def list_options(name: str, generator: str) -> list[str]:
    """Return the options of a format, and of the generator's own table if the format has tables.

    Raises
    ------
    ConfigurationError
        If there is no such format.
    """
    if name not in FORMATS:
        return _names_behind(2, find_format(name))
    table = find_table(generator)
    return [*OPTIONS, *(_names_behind(4, table) if table else [])]


def _names_behind(count: int, function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)[count:]


def _check_options(name: str, options: Mapping[str, str], known: Sequence[str]) -> None:
    unknown = [option for option in options if option not in known]
    if unknown:
        raise ConfigurationError(
            f"format {name!r} has no option {unknown[0]!r}; it has {', '.join(known) or 'none'}"
        )


def _check_destination(destination: Path, *, force: bool) -> bool:
    """Return whether something is there that is to be replaced; an empty folder is nothing."""
    is_folder = destination.is_dir() and not destination.is_symlink()
    is_taken = any(destination.iterdir()) if is_folder else os.path.lexists(destination)
    if is_taken and not force:
        raise ConfigurationError(
            f"{destination} exists; choose another name, or replace it with --force"
        )
    if not destination.parent.is_dir():
        raise ConfigurationError(f"{destination.parent} is not a folder; make it first")
    return is_taken


def _check_replaceable(temporary: Path, destination: Path) -> None:
    ours = {path.name for path in temporary.iterdir()} if temporary.is_dir() else set()
    others = sorted(path.name for path in destination.iterdir() if path.name not in ours)
    if others:
        raise ConfigurationError(
            f"{destination} holds {others[0]!r}, which is not part of this format; choose another "
            "name"
        )


def describe(selection: Selection) -> dict[str, int]:
    """Return the number of samples, or users of a view, in each part."""
    counts: Counter[str] = Counter()
    for each in selection.sets:
        counts.update({part: len(samples) for part, samples in each.parts.items()})
    return dict(counts)
