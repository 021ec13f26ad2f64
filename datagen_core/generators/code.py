"""The code of a generator: everything of the user's that decides its samples, and its fingerprint.

From a function the syntax trees lead to the functions, classes, constants and modules that it
names, and to theirs, up to the borders of other installed distributions, which are recorded by name
and version. `datagen_core` is always a border, and so is the standard library. What a program looks
up by text (`getattr`, `importlib`) or reads from files is not seen.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import operator
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from datagen_core.files import hash_file, replacing
from datagen_core.generators.identity import sha256_of
from datagen_core.generators.syntax import (
    CORE,
    Imported,
    ModuleSyntax,
    Reference,
    Statement,
    read_syntax,
)

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator

_RACY_NS = 2 * 10**9
_CACHE_VERSION = 2
"""To be raised when `syntax` reads files in another way."""


@dataclass(frozen=True)
class Code:
    """What decides the samples of a generator.

    Attributes
    ----------
    parts
        A digest of each function, class and constant, by module and name: `physics.force`. Names
        in the file of the generator stand alone, since it may be moved, and loaded in two ways.
    packages
        The versions of the installed distributions that it uses, by name.
    environment
        The values of the environment variables that the generator declares; None where not set.
    kinds
        What each part is, for people: "function", "class", "constant" or "module".
    """

    parts: Mapping[str, str]
    packages: Mapping[str, str]
    environment: Mapping[str, str | None] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict, compare=False)

    @cached_property
    def fingerprint(self) -> str:
        """The digest of parts and environment, 64 hexadecimal digits; versions do not count."""
        return sha256_of([self.parts, self.environment] if self.environment else self.parts)

    @cached_property
    def id(self) -> str:
        """The name under which a cache keeps it: 16 hexadecimal digits of all that it has."""
        found = [self.parts, self.packages, self.environment]
        return sha256_of(found if self.environment else found[:2])[:16]

    def changes_since(self, earlier: Code) -> list[str]:
        """Return the parts and packages that differ from earlier ones, sorted, for people.

        A part is its name with its kind, `helper (function)`; a package has its versions.
        Environment variables follow, as `$NAME`.
        """
        kinds = {**earlier.kinds, **self.kinds}
        parts = _differing(self.parts, earlier.parts)
        named = [f"{name} ({kinds[name]})" if name in kinds else name for name in parts]
        now, before = self.packages, earlier.packages
        named += [
            f"{name} {before.get(name, '(not used)')} -> {now.get(name, '(not used)')}"
            for name in _differing(now, before)
        ]
        here, there = self.environment, earlier.environment
        return named + [f"${name}" for name in _differing(here, there)]


def _differing(now: Mapping[str, str | None], before: Mapping[str, str | None]) -> list[str]:
    return [n for n in sorted(now.keys() | before.keys()) if now.get(n) != before.get(n)]


@dataclass(frozen=True)
class _Module:
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
            known = _loaded[self.path] = state, self._parse()
        return known[1]

    def _parse(self) -> ModuleSyntax | None:
        if self.path.is_dir():  # a package without __init__.py
            return ModuleSyntax()
        if self.path.suffix == ".py":
            with suppress(SyntaxError, ValueError):
                state = self.path.stat()
                return _read(self.path, state.st_mtime_ns, state.st_size)
        return None

    def origin_of(self, imported: Imported) -> str:
        """Return the name of the module that one of its import statements names."""
        if not imported.level:
            return imported.module
        above = imported.level - (self.path.name == "__init__.py")
        base = ".".join(self.name.split(".")[: -above or None])
        return f"{base}.{imported.module}" if imported.module else base


_loaded: dict[Path, tuple[tuple[object, object], ModuleSyntax | None]] = {}


def _read(path: Path, changed: int, size: int) -> ModuleSyntax:
    """Return the syntax of a file of that state, from memory or the user's cache folder."""
    if time.time_ns() - changed < _RACY_NS:  # it may change again without a sign
        return read_syntax(path.read_bytes())
    return _read_settled(path, changed, size)


@lru_cache(1024)
def _read_settled(path: Path, *state: int) -> ModuleSyntax:
    key = [_CACHE_VERSION, str(path), *state]
    kept = _cache_folder() / f"{sha256_of(str(path))[:24]}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        found, content = json.loads(kept.read_bytes())
        if found == key:
            return ModuleSyntax.from_json(content)
    syntax = read_syntax(path.read_bytes())
    with suppress(OSError), replacing(kept, "w") as file:
        json.dump([key, syntax.to_json()], file)
    return syntax


def _cache_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "datagen" / "code"


def code_of(function: Callable[..., Any], *classes: type) -> Code:
    """Return the code that a function reaches, and the methods of classes such as its parameters'.

    Annotated attributes of these classes, which declare fields, do not count.
    """
    function = _unwrapped(function)
    name = function.__module__ or "__main__"
    file = Path(function.__code__.co_filename)
    reader = _Reader(file, _distribution_of(file))
    for each in classes:
        reader.add_class(each)
    reader.add_function(name, function.__code__)
    reader.read()
    parts, packages = (dict(sorted(each.items())) for each in (reader.parts, reader.packages))
    return Code(parts, packages, kinds={name: reader.kinds[name] for name in parts})


def code_of_generator(generator: DatasetGenerator) -> Code:
    """Return the code of a generator: of its function, and of the methods of its parameters."""
    code = code_of(generator.function, generator.params_type)
    # What all draw from, whether or not their text names it.
    packages = {**code.packages, "numpy": _version_of("numpy")}
    environment = {name: os.environ.get(name) for name in sorted(generator.environment)}
    return replace(code, packages=dict(sorted(packages.items())), environment=environment)


def _unwrapped(function: Callable[..., Any]) -> Any:
    """Return the function behind partial functions, wrappers and callable objects."""
    while inner := getattr(function, "func", None) or getattr(function, "__wrapped__", None):
        function = inner
    return function if hasattr(function, "__code__") else type(function).__call__


@dataclass
class _Reader:
    """Follows references from module to module."""

    file: Path
    distribution: str | None
    parts: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    _classes: set[str] = field(default_factory=set)
    _waiting: list[tuple[_Module, str]] = field(default_factory=list)
    _modules: dict[str, _Module | None] = field(default_factory=dict)
    _followed: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)

    def add_class(self, each: type) -> None:
        """Let the methods of a class count, and those of its bases."""
        for kind in each.__mro__:
            if module := self._module(kind.__module__):
                name = kind.__qualname__.partition(".")[0]
                self._classes.add(self._name_of(module, name))
                self._waiting.append((module, name))

    def add_function(self, module_name: str, code: CodeType) -> None:
        """Let a function count, with the functions around it."""
        module = _Module(module_name, Path(code.co_filename))
        with suppress(OSError):
            syntax, name = module.syntax or ModuleSyntax(), code.co_qualname.partition(".")[0]
            if statement := syntax.defining(name, code.co_firstlineno):
                self._add(module, code.co_name, [statement])
                return
        # Typed into a session: only byte code is left.
        digest = hashlib.sha256(repr((code.co_code, code.co_consts)).encode()).hexdigest()
        self._keep(self._name_of(module, code.co_name), digest[:16], "function")

    def read(self) -> None:
        """Follow all that waits."""
        while self._waiting:
            module, name = self._waiting.pop()
            if self._name_of(module, name) not in self.parts:
                self._add(module, name, self._syntax(module).bound_to(name))

    def _add(self, module: _Module, name: str, statements: Sequence[Statement]) -> None:
        part = self._name_of(module, name)
        declared = part in self._classes
        digests = [each.methods if declared else each.digest for each in statements]
        # A name that statements change is what the first of them defines.
        kind = statements[0].kind if statements else "constant"
        self._keep(part, " ".join(digests), kind)
        for reference in {each for statement in statements for each in statement.references}:
            self._resolve(module, reference)

    def _keep(self, part: str, digest: str, kind: str) -> None:
        self.parts[part], self.kinds[part] = digest, kind

    def _name_of(self, module: _Module, name: str) -> str:
        return name if module.path == self.file else f"{module.name}.{name}"

    def _resolve(self, module: _Module, reference: Reference) -> None:
        if isinstance(reference, Imported):
            self._follow(module, reference, ())
            return
        name, rest = reference[0], reference[1:]
        syntax = self._syntax(module)
        if name in syntax.bindings:
            self._waiting.append((module, name))
        for imported in syntax.imports.get(name, ()):
            self._follow(module, imported, rest)
        if name not in syntax.names:
            for star in syntax.imports.get("*", ()):
                self._go_on(module.origin_of(star), reference)

    def _follow(self, module: _Module, imported: Imported, rest: tuple[str, ...]) -> None:
        origin, name = module.origin_of(imported), imported.name
        if origin == module.name and name:  # a package names a module in it
            self._go_on(f"{origin}.{name}", rest)
        else:
            self._go_on(origin, (name, *rest) if name else rest)

    def _go_on(self, source: str, path: tuple[str, ...]) -> None:
        """Follow names from the module that they were imported from, all of it without names."""
        if (source, path) in self._followed:
            return
        self._followed.add((source, path))
        module = self._module(source)
        if module is None:
            return
        syntax = self._syntax(module)
        if not path:
            for name in syntax.names:
                self._resolve(module, (name,))
        elif path[0] in syntax.names or "*" in syntax.imports:
            self._resolve(module, path)
        if path and path[0] not in syntax.names:
            self._go_on(f"{source}.{path[0]}", path[1:])

    def _syntax(self, module: _Module) -> ModuleSyntax:
        if module.syntax is None:  # all of it counts
            self._keep(module.name, hash_file(module.path)[:16], "module")
        return module.syntax or ModuleSyntax()

    def _module(self, name: str) -> _Module | None:
        """Return a module of the user's; None behind a border, which is noted."""
        if name not in self._modules:
            self._modules[name] = self._locate(name)
        return self._modules[name]

    def _locate(self, name: str) -> _Module | None:
        path = _find(name)
        if path is None or name.partition(".")[0] == CORE or _is_standard(path):
            return None
        distribution = _distribution_of(path)
        if distribution is not None and distribution != self.distribution:
            self.packages[distribution] = _version_of(distribution)
            return None
        return _Module(name, path)


@lru_cache(256)  # reading a distribution's metadata takes as long as making many a batch
def _version_of(distribution: str) -> str:
    return metadata.version(distribution)


def _find(name: str) -> Path | None:
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
    folder = _find(package)
    if folder is None:
        return None
    place = folder if folder.is_dir() else folder.parent
    return PathFinder.find_spec(name, [str(place)])


_STANDARD = Path(sysconfig.get_path("stdlib"))
_SITES = {"site-packages", "dist-packages"}


def _is_standard(path: Path) -> bool:
    return path.is_relative_to(_STANDARD) and not _SITES & set(path.parts)


def _distribution_of(path: Path | None) -> str | None:
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
