"""What loading a file would execute of the user's, found without executing anything.

The closure of a file is the file and the modules that it imports, in any scope, and that these do,
outside the standard library and what is installed in this interpreter. Its fingerprint is known
before the first line runs, and is what trust is about; the finer one of `code`, which decides
whether samples are of one kind, can only be worked out afterwards. What a program looks up by a
text that it computes, or reads and executes itself, is not seen.
"""

from __future__ import annotations

import ast
import errno
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import sha256
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import cache_from_source
from pathlib import Path

from datagen_core.errors import GeneratorError
from datagen_core.files import read_regular
from datagen_core.generators.identity import sha256_of
from datagen_core.generators.installed import added_folders
from datagen_core.generators.modules import UserModule, is_installed
from datagen_core.generators.scopes import Imported, base_of, full_imports_of
from datagen_core.generators.syntax import CORE

_KINDS = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)
_ALL = "*"
_LOOKED_FOR = {"sitecustomize", "usercustomize", "threadpoolctl"}
"""Modules that Python looks for when it starts, and datagen later, wherever they are."""
_LOOKING_UP = {"import_module", "__import__"}


def fingerprint_file(file: Path, folders: Iterable[str]) -> str:
    """Return the SHA-256 of the closure of a file, in 64 hexadecimal digits.

    Parameters
    ----------
    folders
        The folders of modules that it will have besides its own and those of this process. Whatever
        module one of them has under an imported name counts, not only the first one.
    """
    closure = _Closure(tuple(dict.fromkeys([*folders, *_own_folders(), str(file.parent)])))
    closure.add("", file)
    return closure.fingerprint()


def fingerprint_job(file: Path, folders: Iterable[str]) -> str:
    """Return the SHA-256 of the closure of a file as any process has it that finds it there.

    It has the `folders` besides that of the file, and none that this process alone has.
    """
    return _closure_of_job(file, folders).fingerprint()


def is_exchanged(file: Path, folders: Iterable[str], fingerprint: str) -> bool:
    """Whether the closure of a file is not that of `fingerprint_job`, and not by this user alone.

    A file may have been written by others if it belongs to one of them, or they may write it.
    """
    closure = _closure_of_job(file, folders)
    return closure.fingerprint() != fingerprint and not all(map(_is_own, closure.files))


def _closure_of_job(file: Path, folders: Iterable[str]) -> _Closure:
    closure = _Closure(tuple(dict.fromkeys([*filter(None, folders), str(file.parent)])))
    closure.add("", file)
    return closure


def _is_own(path: str) -> bool:
    with suppress(OSError):
        link, state = os.lstat(path), os.stat(path)  # noqa: PTH116 (of a text)
        is_own = {link.st_uid, state.st_uid} == {os.geteuid()}
        return is_own and not state.st_mode & 0o022
    return False


def fingerprint_shadows(folders: Iterable[str]) -> str:
    """Return the SHA-256 of modules in folders that stand in for installed ones; empty for none.

    Whatever imports `json` gets that of a folder that is searched first. Those that Python loads
    when it starts count, too.
    """
    places = tuple(dict.fromkeys(folders))
    closure = _Closure(places)
    for name in sorted(_importable(places) & (_installed_names() | _LOOKED_FOR)):
        closure.follow(name)
    return closure.fingerprint() if closure.parts else ""


def _own_folders() -> Iterator[str]:
    """Yield the folders of modules of this process without those that loading files has added."""
    for place in sys.path:
        if place not in added_folders:
            yield place or os.getcwd()  # noqa: PTH109 (searched as it is)


@cache
def _installed_names() -> frozenset[str]:
    """Return the names of all modules at the top level that are installed here."""
    installed = _importable([each for each in sys.path if is_installed(each)])
    return sys.stdlib_module_names | installed | {CORE}


def _importable(folders: Iterable[str]) -> frozenset[str]:
    """Return the names in folders under which there may be a module."""
    found: set[str] = set()
    for folder in folders:
        with suppress(OSError):
            found.update(name.partition(".")[0] for name in os.listdir(folder))  # noqa: PTH208
    return frozenset(found - {"", "__init__", "__pycache__"})


@dataclass
class _Closure:
    """Modules that are executed, with the digests of their files."""

    folders: tuple[str, ...]
    parts: dict[tuple[str, str], str] = field(default_factory=dict)
    _followed: set[str] = field(default_factory=set)
    _finders: dict[str, FileFinder] = field(default_factory=dict)
    _waiting: list[tuple[UserModule, bytes]] = field(default_factory=list)

    @property
    def files(self) -> set[str]:
        """The paths of what was found so far."""
        return {path for _, path in self.parts}

    def fingerprint(self) -> str:
        """Follow all that is imported, and return the digest of names and contents."""
        for place in self.folders:
            if os.path.isfile(place):  # noqa: PTH113 (an archive; one that is closed is no error)
                self.add("", Path(place))
        while self._waiting:
            module, content = self._waiting.pop()
            for imported in imports_in(content) if module.path.suffix == ".py" else ():
                origin = module.origin_of(imported)
                self.follow(f"{origin}.{imported.name}" if imported.name else origin)
        return sha256_of(sorted([name, digest] for (name, _), digest in self.parts.items()))

    def add(self, name: str, path: Path) -> None:
        """Let a file count."""
        if (name, str(path)) in self.parts:
            return
        content = _read(path)
        for place, text in [(path, content), *_foreign_byte_code(path)]:
            self.parts[name, str(place)] = sha256(text).hexdigest() if text else ""
        self._waiting.append((UserModule(name, path), content))

    def follow(self, name: str) -> None:
        """Let all modules count that a name may lead to, with the packages that hold them."""
        if name in self._followed:
            return
        self._followed.add(name)
        holder, _, last = name.rpartition(".")
        if holder:
            self.follow(holder)
        folders = self._folders_of(holder)
        for each in sorted(_importable(folders)) if last == _ALL and holder else [last]:
            for spec in self._find(each, folders):
                if spec.has_location and spec.origin and not is_installed(spec.origin):
                    self.add(f"{holder}.{each}".lstrip("."), Path(spec.origin))

    def _folders_of(self, package: str) -> Sequence[str]:
        """Return the folders that hold the modules of a package; without one, all of them."""
        folders: Sequence[str] = self.folders
        for part in package.split(".") if package else ():
            specs = self._find(part, folders)
            folders = [each for spec in specs for each in spec.submodule_search_locations or ()]
        return folders

    def _find(self, name: str, folders: Iterable[str]) -> list[ModuleSpec]:
        found = (self._finder(each).find_spec(name) for each in folders if not is_installed(each))
        return [spec for spec in found if spec is not None]

    def _finder(self, folder: str) -> FileFinder:
        """Return a finder that has seen a folder now: another one may have seen it before."""
        if folder not in self._finders:
            self._finders[folder] = FileFinder(folder, *_KINDS)
        return self._finders[folder]


@lru_cache(1024)
def imports_in(source: bytes) -> tuple[Imported, ...]:
    """Return what a file imports in any scope; nothing if it is no Python of this version."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(dict.fromkeys(each for node in ast.walk(tree) for each in _imported_by(node)))


def _imported_by(node: ast.AST) -> Iterator[Imported]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (imported for _, imported in full_imports_of(node))
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = getattr(node.func, "attr", base_of(node.func))
        if called in _LOOKING_UP and isinstance(node.args[0].value, str):
            yield Imported(node.args[0].value, 0)


def _read(path: Path) -> bytes:
    """Return the content of a file that may be loaded; nothing where nobody can load it.

    Raises
    ------
    GeneratorError
        If it is too large to be looked at.
    """
    try:
        return read_regular(path)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise GeneratorError(f"{path} is larger than any module can be; move it away") from None
        return b""


def _foreign_byte_code(path: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield files of byte code of other users, which Python would run instead of a file's text.

    With each is its content. A job may be started with another optimization than this process. A
    link to byte code of this user's is somebody else's choice, too.
    """
    for level in ("", "1", "2") if path.suffix == ".py" else ():
        with suppress(OSError, ValueError, NotImplementedError):
            kept, state = Path(cache_from_source(path, optimization=level)), path.stat()
            if not kept.is_symlink() and kept.stat().st_uid == os.geteuid():
                continue
            content, parts = read_regular(kept), (int(state.st_mtime), state.st_size)
            told = b"".join((each & 0xFFFFFFFF).to_bytes(4, "little") for each in parts)
            if content[4:5] > b"\0" or content[8:16] == told:
                yield kept, content
