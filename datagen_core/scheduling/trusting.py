"""What a cache names that would run as this user, and whether this user trusts it.

A cache is data. Its runs name code, a working directory, PYTHONPATH, shell commands and options of
a scheduler, so that samples can be made again and runs taken up. Whatever mode its files have,
these are used only if this user has used exactly the same before, or allows it now. Until then
nothing is imported, no folder is entered, and no process is started.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from datagen_core.errors import DamagedFileError, UntrustedError, printable, without_middle
from datagen_core.executors.base import Resources
from datagen_core.files import user_configuration
from datagen_core.generators.closure import fingerprint_file, fingerprint_shadows
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.registry import Loaded, file_of, load_recorded
from datagen_core.scheduling.surroundings import describe_surroundings, make_recipe, say_once
from datagen_core.store.access import user_named
from datagen_core.store.layout import SetPaths
from datagen_core.store.reservations import latest_run
from datagen_core.store.runs import RunRecord, list_runs
from datagen_core.store.trust import Content, Kind, approve, is_approved, list_approved

_ASKED = ("setup", "options", "partition", "memory", "account", "qos")
"""What of a run reaches the script that a scheduler gets."""

_DIGITS, _SHOWN, _LONGEST = 12, 120, 190


class Thing(NamedTuple):
    """Something that would run as this user, or decide what does.

    Attributes
    ----------
    kind, content
        What it is, as approvals have it.
    run
        Which run names it, for people.
    owner
        The user who owns the record of the run, as the file system says.
    """

    kind: Kind
    content: Content
    run: str = ""
    owner: str = ""

    @property
    def lines(self) -> list[str]:
        """What it is, for people: printable lines."""
        items = _items(self.content)
        return [f"{name.replace('_', ' ')}: {printable(text)}" for name, text in items]

    @property
    def brief(self) -> str:
        """What it is, and who says so, in one line."""
        # The end of a path says most.
        whole = ", ".join(without_middle(line, _SHOWN, end=2 / 3) for line in self.lines)
        edited = ", which was edited since you ran it" if self.is_edited else ""
        return f"{without_middle(whole, _LONGEST, end=2 / 3)}, recorded by {self.owner}{edited}"

    @property
    def is_edited(self) -> bool:
        """Whether this user trusts other code of the same source."""
        source = self.content.get("source")
        return source is not None and any(
            each.get("source") == source for each in list_approved(self.kind)
        )


def _items(content: Content) -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from ((f"option {key}", str(each)) for key, each in value.items())
        elif isinstance(value, list | tuple):
            yield from ((name, str(each)) for each in value)
        else:
            is_digest = name in {"fingerprint", "modules"}
            yield name, str(value)[:_DIGITS] if is_digest else str(value)


Decide = Callable[[Thing], bool]
"""Whether something that is not trusted yet is to be used."""


def refuse(thing: Thing) -> bool:  # noqa: ARG001 (nobody is asked)
    """Allow nothing that is not trusted."""
    return False


def require_trust(things: Iterable[Thing], decide: Decide) -> None:
    """Go on if this user trusts everything, and keep what is allowed now.

    Raises
    ------
    UntrustedError
        If something is not allowed; it names what.
    """
    unknown = [thing for thing in things if not is_approved(thing.kind, thing.content)]
    if refused := [thing for thing in unknown if not decide(thing)]:
        what = "; ".join(thing.brief for thing in refused)
        raise UntrustedError(f"not trusted: {what}; look at it, then let it run as you: --trust")
    _keep(unknown)


def _keep(things: Iterable[Thing]) -> None:
    failed = [thing for thing in things if not approve(thing.kind, thing.content)]
    if failed:
        folder = user_configuration("trusted")
        say_once(f"{folder} cannot be written: what you trust is asked for again")


def trust_call(source: str, details: Mapping[str, object]) -> None:
    """Keep that this user runs what they name: code, and what `details` of its runs have around it.

    Parameters
    ----------
    source
        The name of the generator; empty where it has none.
    """
    record = RunRecord(0, "", 0, 0, source, details)
    found: tuple[tuple[Kind, Content], ...] = (
        ("code", _code(record, source)), ("surroundings", _surroundings(record)),
    )  # fmt: skip
    _keep(Thing(kind, content) for kind, content in found if content)


def trust_loaded(loaded: Loaded) -> DatasetGenerator:
    """Return a generator that this user has named, whose code is trusted from now on."""
    trust_call(loaded.source, {})
    return loaded.generator


def load_trusted(paths: SetPaths, record: RunRecord, decide: Decide) -> DatasetGenerator:
    """Return the generator that a run names, if this user trusts it.

    Raises
    ------
    UntrustedError
        If not; nothing was loaded.
    """
    read_resources(paths, record)
    require_trust(code_of_run(paths, record), decide)
    return load_recorded(record.source).generator


def load_last(paths: SetPaths, name: str, decide: Decide) -> DatasetGenerator:
    """Return the generator of a set as its last run loaded it; by its name where none says how.

    Raises
    ------
    UntrustedError
        If the cache names the code, and `decide` does not allow it.
    GeneratorError
        If there is no such generator.
    """
    run = latest_run(list_runs(paths))
    if run is not None and run.source:
        return load_trusted(paths, run, decide)
    return load_recorded(name).generator


def code_of_run(paths: SetPaths, record: RunRecord, source: str | None = None) -> list[Thing]:
    """Return the code that a run names, or none where that is an installed plugin's.

    `source` is the name of the generator where its file was moved.
    """
    code = _code(record, source or record.source)
    return [_recorded(paths, record, "code", code)] if code else []


def surroundings_of_run(
    paths: SetPaths, record: RunRecord, asked: Resources, begun: Resources
) -> list[Thing]:
    """Return what a run has around it; nothing where all of it is the caller's own.

    So are this process's working directory and PYTHONPATH, and what the caller asks for.

    Parameters
    ----------
    asked, begun
        What the caller asks for, and what is recorded, which is used for what they leave out.
    """
    around, used = _surroundings(record), asked.completed_by(begun)
    foreign = any(getattr(used, name) != getattr(asked, name) for name in _ASKED)
    needed = around and (foreign or not _is_here(record))
    return [_recorded(paths, record, "surroundings", around)] if needed else []


def _is_here(record: RunRecord) -> bool:
    there = make_recipe(record.details, record.source, "")
    here = make_recipe(describe_surroundings(), "", "")
    return there.folder in {"", here.folder} and there.pythonpath in {"", here.pythonpath}


def _folders(record: RunRecord, source: str) -> list[str]:
    """Return the folders of modules that a run has in front of others, where they are now."""
    recipe = make_recipe(record.details, source, "", record.source)
    return [recipe.folder, *(recipe.pythonpath.split(os.pathsep) if recipe.pythonpath else ())]


def _code(record: RunRecord, source: str) -> Content:
    """Return what code is approved by; nothing for installed plugins, and for what has no file."""
    file = file_of(source)
    if file is None:
        return {}
    folders = _folders(record, source)
    name = source.rpartition(":")[2]
    return {"source": f"{file}:{name}", "fingerprint": fingerprint_file(file, folders)}


def _surroundings(record: RunRecord) -> Content:
    resources = record.details.get("resources") or {}
    known = {
        "working_directory": record.details.get("working_directory"),
        "pythonpath": record.details.get("pythonpath"),
        **{name: resources.get(name) for name in _ASKED},
        "modules": fingerprint_shadows(_folders(record, record.source)),
    }
    return {name: value for name, value in known.items() if value}


def _recorded(paths: SetPaths, record: RunRecord, kind: Kind, content: Content) -> Thing:
    run = f"run {record.number} of {paths.root.parent.name}/{paths.root.name}"
    owner = "somebody"
    with suppress(OSError):
        owner = user_named(paths.run(record.number).record.lstat().st_uid)
    return Thing(kind, content, printable(run), owner)


def read_resources(paths: SetPaths, record: RunRecord) -> Resources:
    """Return what a run asked for.

    Raises
    ------
    DamagedFileError
        If its record holds anything else.
    """
    with suppress(TypeError, ValueError, KeyError):
        resources = Resources(**record.details["resources"])
        numbers = (resources.cpus, resources.gpus, resources.minutes or 0)
        counts = (*numbers, record.details["njobs"])
        if _are_texts(record, resources) and all(type(each) is int for each in counts):
            return replace(resources, setup=tuple(resources.setup))
    path = paths.run(record.number).record
    raise DamagedFileError(f"{path} is damaged: it does not say how its run was asked for")


def _are_texts(record: RunRecord, resources: Resources) -> bool:
    places = [record.details.get(name) or "" for name in ("working_directory", "pythonpath")]
    values = [value for value in dict(resources.options).values() if value is not True]
    texts = [record.source, *places, *resources.options, *values, *_lines(resources.setup)]
    asked = (resources.partition, resources.memory, resources.account, resources.qos)
    texts += [record.details["executor"], *(each or "" for each in asked)]
    return all(isinstance(each, str) for each in texts)


def _lines(lines: object) -> list[object]:
    """Return lines of a document; a text, which is not several of them, counts as none."""
    return list(lines) if isinstance(lines, list | tuple) else [None]
