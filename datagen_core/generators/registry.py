"""Finding generators and loading one of them, so that a broken plugin does not affect others.

Names come from package metadata; nothing is imported for them. A generator is named in one of three
ways: the name of an installed plugin, the name of a generator in a folder's `generators.py`, or
`path/to/file.py:name`. A `datasets.py`, as version 0.1 had it, is still found in a folder without
`generators.py`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from datagen_core.errors import DatagenError, GeneratorError, in_one_line, printable
from datagen_core.generators.installed import (
    EXECUTOR_GROUP,
    GROUP,
    added_folders,
    call_hook,
    entry_points,
    load_executor,
    provider_of,
    title_of,
)
from datagen_core.generators.live import find_bindings, is_bare, unwrapped

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from datagen_core.generators.generator import DatasetGenerator

_GROUPS = {
    GROUP: "generator", "datagen.commands": "command", EXECUTOR_GROUP: "executor",
    "datagen.formats": "format", "datagen.tables": "table", "datagen.cards": "card",
}  # fmt: skip
"""The groups of entry points, with what a plugin provides in each."""
LOADED = "datagen_file_"
"""How the names of modules begin that were loaded for their generators."""

FILE, OLD_FILE = "generators.py", "datasets.py"
_loading: list[Path] = []


class Loaded(NamedTuple):
    """A generator, and the name by which any other process can load it."""

    generator: DatasetGenerator
    source: str


def installed_generators() -> dict[str, str]:
    """Return the distribution and module of installed generators, by name; imports nothing."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return {point.name: f"{_distribution(point)} ({point.value})" for point in points}


def folder_generators(folder: Path | None = None) -> dict[str, str]:
    """Return the file of each generator in a folder's `generators.py`, by name; executes it."""
    file = _find_file(folder)
    if file is None:
        return {}
    found = sorted(_generators_in(file))
    if found:
        _advise(file)
    return dict.fromkeys(found, str(file))


def load_generator(name: str, folder: Path | None = None) -> Loaded:
    """Return the generator of that name.

    Parameters
    ----------
    name
        `path/to/file.py:name`, or a plain name.
    folder
        A folder with a `generators.py`, which is searched for a plain name before the plugins. If
        None, the plugins come first, then the current folder, whose file is executed only if it is
        needed: a project may have a file of that name for something else.

    Raises
    ------
    GeneratorError
        If the generator does not exist or load, or two distributions provide it.
    """
    if ":" in name:
        return load_recorded(name)
    installed = bool(entry_points(group=GROUP, name=name))
    file = None if installed and folder is None else _find_file(folder)
    if file is not None and name in _generators_in(file):
        _advise(file)
        return _from_file(file, name)
    return Loaded(_from_entry_point(name, file), name)


def load_recorded(source: str) -> Loaded:
    """Return a generator by a name that a cache keeps: a file's, or an installed plugin's.

    Unlike a name that a user gives, it is never one of the current folder's `generators.py`.

    Raises
    ------
    GeneratorError
        If the generator does not exist or load, or two distributions provide it.
    """
    path, colon, attribute = source.rpartition(":")
    if colon:
        return _from_file(Path(path), attribute)
    return Loaded(_from_entry_point(source, None), source)


def file_of(source: str) -> Path | None:
    """Return the file that the name of a generator names; None for that of a plugin.

    Raises
    ------
    GeneratorError
        If there is no such file.
    """
    path, colon, _ = source.rpartition(":")
    return _locate_file(Path(path)) if colon else None


class Plugin(NamedTuple):
    """Something that installed distributions provide, under one name.

    Attributes
    ----------
    title
        What it is, and its name, such as "command leaf".
    providers
        The distributions with their versions; several are in each other's way.
    load
        Imports it, which may fail in any way.
    """

    title: str
    providers: tuple[str, ...]
    load: Callable[[], object]


def list_plugins() -> list[Plugin]:
    """Return all that installed plugins provide; imports nothing."""
    return [plugin for group in _GROUPS for plugin in _plugins_of(group)]


def _plugins_of(group: str) -> Iterator[Plugin]:
    points = sorted(entry_points(group), key=lambda point: point.name)
    for name, same in groupby(points, key=lambda point: point.name):
        first, *others = same
        providers = sorted({provider_of(point) for point in (first, *others)})
        load: Callable[[], object] = first.load
        if group in {GROUP, EXECUTOR_GROUP}:
            load = partial(load_recorded if group == GROUP else load_executor, name)
        yield Plugin(f"{_GROUPS[group]} {name}", tuple(providers), load)


def source_of(generator: DatasetGenerator) -> str:
    """Return the name by which another process can load a generator.

    Empty for a generator that was typed into a notebook or a session.
    """
    function = unwrapped(generator.function)
    module = function.__module__
    for point in entry_points(group=GROUP, name=generator.name):
        if module == point.module or module.startswith(f"{point.module}."):
            return generator.name
    bound = () if is_bare(generator.function) else find_bindings(generator)
    files = [getattr(found, "__file__", None) for found, _ in bound]
    file = next(filter(None, files), None) or inspect.getsourcefile(function)
    return f"{Path(file).resolve()}:{generator.name}" if file and Path(file).is_file() else ""


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "unknown"


def _from_entry_point(name: str, file: Path | None) -> DatasetGenerator:
    points = list(entry_points(group=GROUP, name=name))
    if not points:
        raise GeneratorError(_not_found(name, file))
    providers = sorted({_distribution(point) for point in points})
    if len(providers) > 1:
        raise GeneratorError(
            f"generator {name!r} is provided by {' and '.join(providers)}; uninstall one of them"
        )
    return _checked(call_hook(GROUP, name, "datagen_generator"), name)


def _checked(found: object, name: str) -> DatasetGenerator:
    from datagen_core.generators.generator import DatasetGenerator  # pydantic is slow

    title = title_of(GROUP, name)
    if not isinstance(found, DatasetGenerator):
        kind = "None" if found is None else f"{found!r:.40} of type {type(found).__name__}"
        raise GeneratorError(
            f"{title}: its hook returns {kind}; let datagen_generator return the function that "
            "@datagen_core.generator() decorates"
        )
    if found.name != name:
        raise GeneratorError(
            f"{title} provides a generator named {found.name!r}; give both the same name: rename "
            f"the function, or write {found.name} in the entry point of pyproject.toml and install "
            "again"
        )
    return found


def _not_found(name: str, file: Path | None) -> str:
    known = [point.name for point in entry_points(group=GROUP)]
    known += list(_generators_in(file)) if file is not None else []
    from difflib import get_close_matches  # as above

    nearest = get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"there is no generator {name!r}; {hint}`datagen generators` lists all"


def _find_file(folder: Path | None) -> Path | None:
    for name in (FILE, OLD_FILE):
        file = (folder or Path.cwd()) / name
        if file.is_file():
            return file.resolve()
    if folder is not None:
        raise GeneratorError(
            f"there is no {FILE} in {folder}; --generators must name a folder that has one"
        )
    return None


@cache
def _advise(file: Path) -> None:
    """Say once that a file should have its present name."""
    if file.name == OLD_FILE:
        sys.stderr.write(
            f"datagen: rename {printable(str(file))} to {FILE}: in a script beside it, `import "
            "datasets` finds it instead of Hugging Face's package\n"
        )


def _locate_file(file: Path) -> Path:
    if file.name == OLD_FILE and not file.is_file() and file.with_name(FILE).is_file():
        file = file.with_name(FILE)  # it was renamed after a run had recorded it
    if not file.is_file():
        raise GeneratorError(f"there is no file {file}; name a generator as path/to/file.py:name")
    return file.resolve()


def _from_file(file: Path, name: str) -> Loaded:
    file = _locate_file(file)
    found = _generators_in(file)
    if name not in found:
        known = ", ".join(found) or "none; decorate a function with @datagen_core.generator()"
        raise GeneratorError(f"{file} has no generator {name!r}; it has {known}")
    return Loaded(found[name], f"{file}:{name}")


def _generators_in(file: Path) -> dict[str, DatasetGenerator]:
    from datagen_core.generators.generator import DatasetGenerator  # pydantic is slow

    found: dict[str, DatasetGenerator] = {}
    for value in vars(_import_file(file)).values():
        if isinstance(value, DatasetGenerator) and found.setdefault(value.name, value) is not value:
            raise GeneratorError(
                f"{file} has several generators named {value.name!r}; give each a name of its own"
            )
    return found


def _import_file(file: Path) -> ModuleType:
    """Import a file under a unique name; its folder becomes importable, as for a script.

    A file that was edited is imported again, as jobs import it; modules that it imports are not.
    """
    state = file.stat()
    return _execute(file, state.st_mtime_ns, state.st_ctime_ns, state.st_size)


@cache
def _execute(file: Path, *_state: int) -> ModuleType:
    name = f"{LOADED}{hashlib.sha256(os.fsencode(file)).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise GeneratorError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
        added_folders.add(str(file.parent))
    _loading.append(file)
    try:
        spec.loader.exec_module(module)
    except DatagenError:
        del sys.modules[name]
        raise
    except (Exception, SystemExit) as error:  # the user's file may fail in any way
        del sys.modules[name]
        raise GeneratorError(f"{file} does not load: {in_one_line(error)}") from error
    finally:
        _loading.pop()
    return module


def refuse_while_loading() -> None:
    """Refuse to generate while a file is being loaded for its generators.

    Otherwise a script that generates at its top level would start itself again in every worker.
    """
    if _loading:
        raise GeneratorError(
            f"{_loading[-1]} calls generate while it is loaded for its generators; "
            'put the call under `if __name__ == "__main__":`'
        )
