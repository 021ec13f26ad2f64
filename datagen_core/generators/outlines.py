"""What the text of a file says of its generators: names and parameters. Nothing is imported.

For what has to be quick and may be incomplete, such as the completion of words in a shell. What is
computed when a module is imported, such as a `Literal` of values in a variable, does not show.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from datagen_core.generators.installed import GROUP, entry_points, find_module
from datagen_core.generators.registry import FILE, OLD_FILE

_DEEPEST = 8
"""How many imports, base classes and parts are followed."""

_LARGEST = 1_000_000
"""Bytes of a file that is read; parsing more would be felt."""

Outline = Mapping[str, tuple[str, ...]]
"""The parameters of a generator by name, `inner.dt` included, with the values that their types
list: those of a `Literal`, an `Enum` or a bool."""


def outline_names(folder: Path | None = None) -> list[str]:
    """Return the names of installed generators and of those of a folder's `generators.py`."""
    names = {point.name for point in entry_points(GROUP)}
    return sorted(names.union(*(_read(file).generators() for file in _files_of(folder))))


def outline_file(file: Path) -> list[str]:
    """Return the names of the generators that a file defines."""
    return list(_read(file.absolute()).generators())


def outline_generator(name: str, folder: Path | None = None) -> Outline:
    """Return the parameters of a generator by the name that a user gives; none of an unknown one.

    A file of the current folder goes before plugins here, and its code is not run.
    """
    path, colon, attribute = name.rpartition(":")
    for file in [Path(path).absolute()] if colon else _files_of(folder):
        if file.is_file() and attribute in (found := _read(file).generators()):
            return found[attribute].outline()
    for point in entry_points(GROUP, name):
        module = find_module(point.module)
        if module is not None and (place := _read(module, point.module).find_generator(name)):
            return place.outline()
    return {}


def _files_of(folder: Path | None) -> Iterator[Path]:
    files = ((folder or Path.cwd()) / name for name in (FILE, OLD_FILE))
    return chain([each for each in files if each.is_file()][:1])


@cache
def _read(file: Path, module: str = "") -> _Source:
    tree = ast.Module([], [])
    with suppress(OSError, SyntaxError, ValueError, RecursionError):
        if file.stat().st_size <= _LARGEST:
            tree = ast.parse(file.read_bytes())
    return _Source(tree, file, module)


@dataclass(frozen=True)
class _Source:
    """The text of a module, in which names are looked up."""

    tree: ast.Module
    file: Path
    module: str

    def generators(self) -> dict[str, _Place]:
        """Return the generators that are defined here, by name."""
        found = {}
        for node in self.tree.body:
            for call in getattr(node, "decorator_list", ()):
                if isinstance(call, ast.Call) and _name(call.func) == "generator":
                    named = _argument(call, "name", None)
                    value = getattr(named, "value", getattr(node, "name", ""))
                    found[str(value)] = _Place(self, call)
        return found

    def find_generator(self, name: str) -> _Place | None:
        """Return a generator that is defined here, or imported."""
        place = self.generators().get(name) or self.find(name)
        if place is None or isinstance(place.node, ast.Call):
            return place
        return place.source.generators().get(name)

    def find(self, name: str, depth: int = 0) -> _Place | None:
        """Return where a name is defined, in this module or in one that it is imported from."""
        for node in self.tree.body:
            if name in _defined(node):
                return _Place(self, node)
            named = node.names if isinstance(node, ast.ImportFrom) and depth < _DEEPEST else ()
            alias = next((each for each in named if name == (each.asname or each.name)), None)
            if isinstance(node, ast.ImportFrom) and alias is not None:
                found = self._import(node)
                return found.find(alias.name, depth + 1) if found else None
        return None

    def _import(self, node: ast.ImportFrom) -> _Source | None:
        name = node.module or ""
        if node.level:
            parts = self.module.split(".")
            is_package = self.file.name == "__init__.py"
            above = parts[: len(parts) - node.level + is_package]
            name = ".".join([*above, *filter(None, [name])])
        elif not self.module and (beside := self.file.parent / f"{name}.py").is_file():
            return _read(beside)
        file = find_module(name) if name else None
        return _read(file, name) if file else None


@dataclass(frozen=True)
class _Place:
    """A node of a syntax tree, with the module that gives its names a meaning."""

    source: _Source
    node: ast.AST

    def outline(self) -> Outline:
        """Return the parameters of the generator whose decorator this is."""
        if not isinstance(self.node, ast.Call):
            return {}
        params = _argument(self.node, "params", 1)
        place = self.source.find(_name(params)) if params is not None else None
        return dict(place.fields()) if place else {}

    def fields(self, depth: int = 0) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the annotated attributes of a class, those of its bases first, and their parts."""
        if not isinstance(self.node, ast.ClassDef) or depth > _DEEPEST:
            return
        for base in reversed(self.node.bases):  # as pydantic orders them
            if place := self.source.find(_name(base)):
                yield from place.fields(depth + 1)
        for node in self.node.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name, kind = node.target.id, _Place(self.source, node.annotation)
                yield name, tuple(dict.fromkeys(kind.choices(depth)))
                for inside, values in kind.parts(depth):
                    yield f"{name}.{inside}", values

    def choices(self, depth: int = 0) -> Iterator[str]:
        """Yield the values that a type lists."""
        node = self.node
        if depth > _DEEPEST:
            return
        if isinstance(node, ast.Subscript) and _name(node.value) == "Literal":
            yield from (_written(each) for each in _elements(node.slice))
        elif isinstance(node, ast.Name) and node.id == "bool":
            yield from ("true", "false")
        elif isinstance(node, ast.ClassDef) and any("Enum" in _name(each) for each in node.bases):
            values = (each.value for each in node.body if isinstance(each, ast.Assign))
            yield from (_written(each) for each in values)
        else:
            for place in self._inside():
                yield from place.choices(depth + 1)

    def parts(self, depth: int = 0) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the parameters inside a type that is a class of parameters."""
        if isinstance(self.node, ast.ClassDef):
            is_enum = any("Enum" in _name(each) for each in self.node.bases)
            yield from () if is_enum else self.fields(depth + 1)
        elif depth <= _DEEPEST:
            for place in self._inside():
                yield from place.parts(depth + 1)

    def _inside(self) -> Iterator[_Place]:
        """Yield what a type is made of: the types of a union, or what a name stands for."""
        node, inner = self.node, list[ast.expr | None]()
        if isinstance(node, ast.Name) and (found := self.source.find(node.id)):
            yield found
        elif isinstance(node, ast.BinOp):
            inner = [node.left, node.right]
        elif isinstance(node, ast.Subscript):
            kinds = {"Annotated": _elements(node.slice)[:1], "Optional": [node.slice],
                     "Union": _elements(node.slice)}  # fmt: skip
            inner = [*kinds.get(_name(node.value), [])]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            inner = [node.value]
        yield from (_Place(self.source, each) for each in inner if each is not None)


def _defined(node: ast.stmt) -> set[str]:
    """Return the names that a statement defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {each.id for each in targets if isinstance(each, ast.Name)}


def _argument(call: ast.Call, name: str, position: int | None) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    has_it = position is not None and position < len(call.args)
    return call.args[position] if has_it and position is not None else None


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _name(node: ast.AST) -> str:
    """Return the last part of a name, such as `generator` of `datagen_core.generator`."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _written(node: ast.expr) -> str:
    """Return a value as it is written on a command line; nothing for what is computed."""
    value = node.value if isinstance(node, ast.Constant) else ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""
