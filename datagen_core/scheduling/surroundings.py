"""What a run has around it besides its code: working directory, PYTHONPATH, threads, code folder.

Samples may depend on them, so a run keeps those that it was begun with.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from datagen_core.errors import ChangedCodeError, DatagenError, GeneratorError, printable
from datagen_core.executors.base import THREAD_VARIABLES, Recipe
from datagen_core.generators.closure import fingerprint_job, is_exchanged
from datagen_core.generators.fingerprint import Code
from datagen_core.generators.installed import added_folders
from datagen_core.generators.registry import FILE, file_of
from datagen_core.store.codes import read_code
from datagen_core.store.layout import SetPaths, numbered
from datagen_core.store.runs import Plan, RunRecord, list_plans, read_run

_VARIABLE = "PYTHONPATH"


def describe_surroundings() -> dict[str, str | None]:
    """Return the working directory and PYTHONPATH of this process, to be kept with a run."""
    folder = None
    with suppress(FileNotFoundError):
        folder = str(Path.cwd())
    return {"working_directory": folder, "pythonpath": os.environ.get(_VARIABLE)}


def make_recipe(
    details: Mapping[str, Any], source: str, code: str, before: str | None = None
) -> Recipe:
    """Return what a job runs that has the surroundings of a run.

    Parameters
    ----------
    details
        What was recorded of the run, or what `describe_surroundings` says of this process.
    source, code
        The name of the generator and the fingerprint of its code.
    before
        The name of the generator when the run was begun; other folders were moved with its file.
    """
    folder, pythonpath = (details.get(key) or "" for key in ("working_directory", "pythonpath"))
    before = source if before is None else before
    names = [str(Path(folder, name)) for name in pythonpath.split(os.pathsep) if name]
    places = os.pathsep.join(_moved(name, before, source) for name in names)
    return Recipe(source, code, _moved(folder, before, source), places)


def recorded_recipe(plan: Plan, record: RunRecord) -> Recipe:
    """Return what a plan runs that an earlier version submitted: its job does not say so itself."""
    code = plan.code or ""
    with suppress(DatagenError, OSError):  # then no code is the one that was recorded
        code = code and read_code(plan.run.set, code).fingerprint
    return make_recipe(record.details, plan.source or record.source, code, record.source)


def seal(recipe: Recipe) -> Recipe:
    """Return a recipe with the fingerprint of what loading its generator executes now."""
    file = file_of(recipe.source)
    return (
        recipe if file is None else recipe._replace(modules=fingerprint_job(file, _places(recipe)))
    )


def check_seal(recipe: Recipe) -> None:
    """Refuse to load files that others may have changed since a job was submitted.

    What its user alone has changed is loaded and compared as code, which comments do not change.

    Raises
    ------
    ChangedCodeError
        If they may; nothing of them was executed.
    """
    file = file_of(recipe.source) if recipe.modules else None
    if file is not None and is_exchanged(file, _places(recipe), recipe.modules):
        raise ChangedCodeError(
            f"{file}, or a module that it imports, changed since this job was submitted, and "
            "others may write it, so nothing of it was executed; look at it, then submit what is "
            "missing: datagen resume"
        )


def _places(recipe: Recipe) -> list[str]:
    return [recipe.folder, *recipe.pythonpath.split(os.pathsep)]


def search_last(folder: str = "") -> None:
    """Let modules of a folder, or of the working directory, be found behind all that is installed.

    For processes of datagen, which are started without (`python -P`): what lies where somebody
    happens to be must not stand in for datagen, its plugins and what they import, also later. Who
    wants that names the folder in PYTHONPATH.
    """
    place = folder or str(Path.cwd())
    sys.path.append(place)
    added_folders.add(place)


@contextmanager
def surroundings_of(recipe: Recipe) -> Iterator[None]:
    """Let this process have the working directory of a run, and find what its PYTHONPATH names.

    What this process has itself comes behind. A folder that is not here is said on stderr.
    """
    here, folder, pythonpath = describe_surroundings(), recipe.folder, recipe.pythonpath
    path, own = [*sys.path], here["pythonpath"]
    if folder and folder != here["working_directory"]:
        _enter(folder)
    if pythonpath and pythonpath != make_recipe(here, "", "").pythonpath:
        names = [str(Path(place).absolute()) for place in pythonpath.split(os.pathsep)]
        sys.path[1:1] = [name for name in names if name not in path]
        os.environ[_VARIABLE] = os.pathsep.join([*names, *([own] if own else [])])
    added = {name for name in sys.path if name not in path} - added_folders
    added_folders.update(added)
    try:
        yield
    finally:
        sys.path[:] = path
        added_folders.difference_update(added)
        if here["working_directory"] is not None:
            os.chdir(here["working_directory"])
        if own is None:
            os.environ.pop(_VARIABLE, None)
        else:
            os.environ[_VARIABLE] = own


def _moved(folder: str, before: str, after: str) -> str:
    """Return where a folder is that was moved together with a generator's file."""
    if before == after or Path(folder).is_dir():
        return folder
    old, new = (Path(source.rpartition(":")[0]) for source in (before, after))
    while old.name == new.name and old.name:
        old, new = old.parent, new.parent
    is_below = Path(folder).is_relative_to(old)
    return str(new / Path(folder).relative_to(old)) if is_below else folder


def _enter(folder: str) -> None:
    before = str(Path.cwd())
    try:
        os.chdir(folder)
    except OSError:
        say_once(f"the run's working directory {folder} is not here; it goes on in {before}")
        return
    if sys.path[0] in {"", before}:  # as `python -m` has it
        sys.path[0] = folder


@cache
def say_once(words: str) -> None:
    """Say something on stderr that concerns many runs, once in this process."""
    sys.stderr.write(f"datagen: {printable(words)}\n")


def threads_of(paths: SetPaths, default: int = 1) -> int:
    """Return the number of threads that make the samples of a set: that of its first run.

    A sum in another order is another sample. `default` is for a set without runs.
    """
    known = numbered(paths.runs)
    return default if not known else _threads_of_first(read_run(paths, known[0]))


def threads_of_run(paths: SetPaths, record: RunRecord) -> int:
    """Return the number of threads that make the samples of a run, which is its set's."""
    return threads_of(paths) if record.number else _threads_of_first(record)


def _threads_of_first(record: RunRecord) -> int:
    resources = record.details.get("resources") or {}
    return int(record.details.get("threads") or resources.get("cpus", 1))


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Let torch, and numpy where threadpoolctl is installed, use this many threads for a while."""
    torch: Any = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else count
    if before != count:
        torch.set_num_threads(count)
    try:
        with _limited_libraries(count):
            yield
    finally:
        if before != count:
            torch.set_num_threads(before)


@contextmanager
def _limited_libraries(count: int) -> Iterator[None]:
    try:
        limits = import_module("threadpoolctl").threadpool_limits
    except ImportError:
        yield
        return
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(before, str(count)))  # for processes that are started, too
    try:
        with limits(count):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({} if value is None else {name: value})


def locate_source(source: str, folder: Path | None) -> str:
    """Return by which name a run's generator is loaded now that its file may lie elsewhere.

    Parameters
    ----------
    folder
        The folder that holds its file now, or a folder above it; None where it was not moved.

    Raises
    ------
    GeneratorError
        If the file is not there.
    """
    path, colon, name = source.rpartition(":")
    file = Path(path)
    if not colon:
        return source
    if folder is None and (file.is_file() or file.with_name(FILE).is_file()):
        return f"{file.absolute()}:{name}"
    if folder is None:
        raise GeneratorError(
            f"there is no file {file} any more; name the folder where it is now: "
            "datagen resume --generators DIR"
        )
    parts = file.parts[1:]
    places = [folder.joinpath(*parts[-count:]) for count in range(1, len(parts) + 1)]
    inside = [place for place in places if ".." not in parts]
    found = [place for place in [*inside, folder / FILE] if place.is_file()]
    if not found:
        raise GeneratorError(
            f"there is no {file.name} in {folder}; --generators must name the folder that now "
            f"holds {file}"
        )
    return f"{found[0].resolve()}:{name}"


def check_moved(paths: SetPaths, record: RunRecord, source: str, code: Code) -> None:
    """Refuse a file that lies elsewhere than when a run was begun, unless its code is the same.

    Raises
    ------
    ChangedCodeError
        If it is not, with what differs.
    """
    plans = list_plans(paths.run(record.number))
    ids = dict.fromkeys([record.details.get("code"), *(plan.code for plan in plans)])
    known = []
    for each in filter(None, ids):
        with suppress(FileNotFoundError):
            known.append(read_code(paths, each))
    if known and all(each.fingerprint != code.fingerprint for each in known):
        changes = ", ".join(code.changes_since(known[-1]))
        raise ChangedCodeError(
            f"{source} is not the code of run {record.number}, which has {record.source}: "
            f"{changes} changed; put back what changed, or name the folder with the same code"
        )
