"""The user's modules: where they are, what they bind, and which distribution they belong to.

Nothing is imported for it.
"""

from __future__ import annotations

import importlib.util
import json
import operator
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType, ModuleType

from datagen_core.files import replacing, user_cache
from datagen_core.generators.identity import sha256_of
from datagen_core.generators.live import code_digest, functions_in
from datagen_core.generators.scopes import Imported
from datagen_core.generators.syntax import CORE, ModuleSyntax, Statement, read_syntax

_RACY_NS = 2 * 10**9
_CACHE_VERSION = 5
"""To be raised when `syntax` reads files in another way."""


@dataclass(frozen=True)
class UserModule:
    """A module of the user's, by the name under which it is imported."""

    name: str
    path: Path

    @cached_property
    def syntax(self) -> ModuleSyntax | None:
        """What it binds; None where it is compiled, or no Python of this version.

        Of a module that this process has loaded, what it did when that was seen first: a file that
        is edited later changes nothing in memory.
        """
        module = sys.modules.get(self.name)
        state = module, getattr(module, "__spec__", None)  # reloading gives it another one
        known = _loaded.get(self.path)
        if known is None or module is None or not all(map(operator.is_, known[0], state)):
            known = _loaded[self.path] = state, self._parse(), _changed(self.path)
        return known[1]

    def _parse(self) -> ModuleSyntax | None:
        if self.path.is_dir():  # a package without __init__.py
            return ModuleSyntax()
        if self.path.suffix == ".py":
            with suppress(SyntaxError, ValueError):
                state = self.path.stat()
                return _read(self.path, state.st_mtime_ns, state.st_size)
        return None

    def was_read_after(self, since: float) -> bool:
        """Whether its file was changed after a time, and read after that, as it still is."""
        changed = _changed(self.path)
        known = _loaded.get(self.path)
        return changed > since and known is not None and known[2] == changed

    def statement_of(self, code: CodeType) -> Statement | None:
        """Return the statement at its top level that a function's code is from, as it is now."""
        syntax = self.syntax or ModuleSyntax()
        name, line = code.co_qualname.partition(".")[0], code.co_firstlineno
        found = syntax.defining(name, line)
        if found is None or found.first <= line <= found.last:
            return found
        # It was moved in its file since, or another function replaces it.
        same = [each for each in self.codes if each.co_qualname == code.co_qualname]
        digest = code_digest(code)
        lines = [each.co_firstlineno for each in same if code_digest(each) == digest]
        return found if any(found.first <= each <= found.last for each in lines) else None

    def holds(self, code: CodeType) -> bool:
        """Whether a function's byte code is in its file, as it is now."""
        found = [each for each in self.codes if each.co_qualname == code.co_qualname]
        digest = code_digest(code)
        return any(code_digest(each) == digest for each in found)

    @cached_property
    def codes(self) -> list[CodeType]:
        """The byte code of all functions in its file, as it is now; empty where it has none."""
        if self.path.suffix != ".py":
            return []
        with suppress(OSError, SyntaxError, ValueError):
            return list(functions_in(compile(self.path.read_bytes(), str(self.path), "exec")))
        return []

    def origin_of(self, imported: Imported) -> str:
        """Return the name of the module that one of its import statements names."""
        if not imported.level:
            return imported.module
        above = imported.level - (self.path.name == "__init__.py")
        base = ".".join(self.name.split(".")[: -above or None])
        return f"{base}.{imported.module}" if imported.module else base

    def loads(self) -> Iterator[tuple[str, bool]]:
        """Yield the modules that it loads, and whether that is for what they change, in all of it.

        Names that `__init__.py` does not use are there for others.
        """
        shares = self.path.name == "__init__.py"
        for imported, unused in (self.syntax or ModuleSyntax()).loads:
            origin = self.origin_of(imported)
            parts = origin.split(".")
            yield from ((".".join(parts[:count]), False) for count in range(1, len(parts)))
            yield origin, unused and not imported.name and not shares
            yield f"{origin}.{imported.name}", unused and not shares


_loaded: dict[Path, tuple[tuple[object, object], ModuleSyntax | None, float]] = {}


def _changed(path: Path) -> float:
    """Return when a file was changed last, 0 where there is none."""
    with suppress(OSError):
        state = path.stat()
        return max(state.st_mtime, state.st_ctime)
    return 0.0


def _read(path: Path, changed: int, size: int) -> ModuleSyntax:
    """Return the syntax of a file of that state, from memory or the user's cache folder."""
    if time.time_ns() - changed < _RACY_NS:  # it may change again without a sign
        return read_syntax(path.read_bytes())
    return _read_settled(path, changed, size)


@lru_cache(1024)
def _read_settled(path: Path, *state: int) -> ModuleSyntax:
    key = [_CACHE_VERSION, str(path), *state]
    kept = user_cache("code") / f"{sha256_of(str(path))[:24]}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        found, content = json.loads(kept.read_bytes())
        if found == key:
            return ModuleSyntax.from_json(content)
    syntax = read_syntax(path.read_bytes())
    with suppress(OSError), replacing(kept, "w") as file:
        json.dump([key, syntax.to_json()], file)
    return syntax


@lru_cache(256)  # reading a distribution's metadata takes as long as making many a batch
def version_of(distribution: str) -> str:
    """Return the version of an installed distribution."""
    return metadata.version(distribution)


def find_module(name: str) -> Path | None:
    """Return the file of a module, or the folder of a package without `__init__.py`.

    Nothing is imported, not even the packages that hold it.
    """
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is not None:
        return Path(file)
    parent, _, last = name.rpartition(".")
    with suppress(ImportError, ValueError, AttributeError):
        spec = _find_in(parent, name) if parent else importlib.util.find_spec(last)
        if spec is not None and spec.has_location:
            return Path(spec.origin or "")
        if spec is not None and spec.submodule_search_locations:
            return Path(next(iter(spec.submodule_search_locations)))
    return None


def _find_in(package: str, name: str) -> ModuleSpec | None:
    folder = find_module(package)
    if folder is None:
        return None
    place = folder if folder.is_dir() else folder.parent
    # By its last name alone: a folder without __init__.py asks for its package, not loaded yet.
    return PathFinder.find_spec(name.rpartition(".")[2], [str(place)])


def is_own(module: ModuleType, distribution: str | None) -> bool:
    """Whether a module is the user's own, or of a distribution."""
    name, file = module.__name__, getattr(module, "__file__", None) or ""
    inside = bool(file) and not is_border(name, Path(file))
    own = inside and distribution_of(Path(file)) in {None, distribution}
    return own or name == "__main__"


_STANDARD = Path(sysconfig.get_path("stdlib"))
_SITES = {"site-packages", "dist-packages"}
_INSTALLED = (
    Path(__file__).parents[1],
    *(Path(sysconfig.get_path(each)) for each in ("purelib", "platlib")),
    *(Path(each) for each in sys.path if _SITES & set(Path(each).parts)),
)
"""Folders of this interpreter as it began; what a run adds to `sys.path` is not installed."""


def is_border(name: str, path: Path) -> bool:
    """Whether a module is of Python's standard library or of datagen's core."""
    return name.partition(".")[0] == CORE or _is_standard(path)


def _is_standard(path: Path) -> bool:
    return path.is_relative_to(_STANDARD) and not _SITES & set(path.parts)


@cache
def is_installed(place: str) -> bool:
    """Whether a folder is of what is installed for this interpreter, or of datagen itself.

    Unlike for `distribution_of`, the name of a folder alone makes nothing of it installed.
    """
    path = Path(place)
    if ".." in path.parts:  # which may lead out of it
        path = path.resolve()
    return _is_standard(path) or any(path.is_relative_to(root) for root in _INSTALLED)


def distribution_of(path: Path | None) -> str | None:
    """Return the installed distribution that a file belongs to; None for the user's own files."""
    parts = path.parts if path is not None else ()
    folders = [place for place, part in enumerate(parts) if part in _SITES]
    return _provider(parts[folders[-1] + 1].partition(".")[0]) if folders else None


@cache
def _provider(package: str) -> str | None:
    """Return the distribution that installs a package; most are called like it."""
    with suppress(metadata.PackageNotFoundError):
        return metadata.distribution(package).name
    return next(iter(metadata.packages_distributions().get(package, [])), None)
