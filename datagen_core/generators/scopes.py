"""Scopes in syntax trees: which names are local, imported, changed. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


class Imported(NamedTuple):
    """What an import statement names: a module, or a name in it (`*` for all)."""

    module: str
    level: int
    name: str = ""


def imports_of(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Imported]]:
    """Yield what an import statement binds, by name."""
    for alias in statement.names:
        if isinstance(statement, ast.ImportFrom):
            target = Imported(statement.module or "", statement.level, alias.name)
            yield alias.asname or alias.name, target
        elif alias.asname:
            yield alias.asname, Imported(alias.name, 0)
        else:
            first = alias.name.partition(".")[0]
            yield first, Imported(first, 0)


def base_of(node: ast.AST) -> str:
    """Return the name at the left end of an expression, such as `table` in `table[0].add(x)`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def locals_of(scope: ast.AST) -> frozenset[str]:
    """Return the names that are local to a scope: arguments, and what its body binds."""
    if not isinstance(scope, SCOPES):
        return frozenset()
    bound: set[str] = set()
    shared: set[str] = set()
    for node in _own_nodes(scope):
        if isinstance(node, ast.Global):
            shared.update(node.names)
        else:
            bound.update(_binds(node))
    return frozenset(bound - shared)


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (name for name, _ in imports_of(node))
    elif isinstance(node, ast.Name):
        yield from () if isinstance(node.ctx, ast.Load) else (node.id,)
    elif isinstance(node, ast.arg):
        yield node.arg
    else:  # definitions, `except … as name`, and the captures of `match`
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        yield from (name,) if isinstance(name, str) else ()


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, but not what is inside the scopes in it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, (*SCOPES, ast.ClassDef)):
            yield from _own_nodes(child)


_CHANGING = {
    "add", "append", "appendleft", "clear", "discard", "extend", "fill", "insert", "pop", "popitem",
    "popleft", "put", "remove", "resize", "reverse", "setdefault", "setflags", "shuffle", "sort",
    "update",
}  # fmt: skip
"""Methods that change what they are called on."""

_BEGINNING = {"__init__", "__new__", "__post_init__"}


def changes_in(node: ast.AST, local: frozenset[str]) -> Iterator[str]:
    """Yield the global names, and the attributes, whose values a definition changes."""
    if isinstance(node, ast.FunctionDef) and node.name in _BEGINNING:
        return
    inner = local | locals_of(node)
    if isinstance(node, ast.Global):
        yield from node.names
    elif _is_change(node):
        path = node.func.value if isinstance(node, ast.Call) else node  # type: ignore[attr-defined]
        attributes = [each.attr for each in ast.walk(path) if isinstance(each, ast.Attribute)]
        yield from [*attributes, *({base_of(path)} - inner - {""})]
    for child in ast.iter_child_nodes(node):
        yield from changes_in(child, inner)


def _is_change(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING
    places = isinstance(node, ast.Subscript | ast.Attribute)
    return places and not isinstance(node.ctx, ast.Load)  # type: ignore[attr-defined]
