"""Scopes in syntax trees: which names are local, imported, changed. Pure."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


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


def statements_in(body: Iterable[ast.stmt]) -> Iterator[tuple[ast.stmt, set[str]]]:
    """Yield statements, with the names that they bind or change.

    A block that defines or imports something is not one statement: what is in it follows one by
    one, after its condition, which counts for all names in it.
    """
    for statement in body:
        if _is_guard(statement):
            yield from statements_in(getattr(statement, "orelse", ()))
        elif isinstance(statement, ast.If | ast.Try | ast.With) and _defines(statement):
            inside = list(statements_in(_inside(statement)))
            names = set[str]().union(*(bound for _, bound in inside))
            yield from ((head, names) for head in _heads(statement))
            yield from inside
        else:
            yield statement, _bound_by(statement)


def _heads(statement: ast.If | ast.Try | ast.With) -> Iterator[ast.stmt]:
    items = getattr(statement, "items", ())
    heads = [getattr(statement, "test", None), *(item.context_expr for item in items)]
    yield from (ast.copy_location(ast.Expr(head), head) for head in heads if head is not None)


def _is_guard(statement: ast.stmt) -> bool:
    """Whether a block is for scripts or for type checkers, and never runs in a job."""
    if not isinstance(statement, ast.If):
        return False
    nodes = list(ast.walk(statement.test))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return bool((names | {n.attr for n in nodes if isinstance(n, ast.Attribute)}) & _GUARDS)


_GUARDS = {"__name__", "TYPE_CHECKING"}


def _defines(statement: ast.stmt) -> bool:
    kinds = (*DEFINITIONS, ast.Import, ast.ImportFrom)
    return any(isinstance(node, kinds) for node in ast.walk(statement))


def _inside(statement: ast.If | ast.Try | ast.With) -> Iterator[ast.stmt]:
    for handler in getattr(statement, "handlers", ()):
        yield from handler.body
    for part in ("body", "orelse", "finalbody"):
        yield from getattr(statement, part, ())


def _bound_by(statement: ast.stmt) -> set[str]:
    """Return the names that a statement at the top level binds, or whose values it changes."""
    if isinstance(statement, ast.Expr):
        return {base_of(statement.value)} - {""}
    nodes = list(ast.walk(statement))
    if isinstance(statement, DEFINITIONS):
        shared = (node.names for node in nodes if isinstance(node, ast.Global))
        return {statement.name}.union(*shared)
    kinds = (ast.Name, ast.Subscript, ast.Attribute)
    places = (node for node in nodes if isinstance(node, kinds))
    return {base_of(place) for place in places if isinstance(place.ctx, ast.Store)} - {""}


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
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        child = waiting.pop()
        yield child
        if not isinstance(child, (*SCOPES, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(child))


_CHANGING = {
    "add", "append", "appendleft", "clear", "discard", "extend", "fill", "insert", "pop", "popitem",
    "popleft", "put", "remove", "resize", "reverse", "setdefault", "setflags", "shuffle", "sort",
    "update",
}  # fmt: skip
"""Methods that change what they are called on."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BEGINNING = {"__init__", "__new__", "__post_init__"}


def changes_in(definition: ast.AST) -> Iterator[str]:
    """Yield the names that are not its own, and the attributes, whose values code changes."""
    waiting = [(definition, frozenset[str]())]
    while waiting:
        node, local = waiting.pop()
        if isinstance(node, ast.FunctionDef) and node.name in _BEGINNING:
            continue
        # A local name of the functions around it is a cell of a closure.
        outside = frozenset[str]() if isinstance(node, _FUNCTIONS) else local
        inner = outside | locals_of(node)
        if isinstance(node, ast.Global):
            yield from node.names
        elif _is_change(node):
            path = node.func.value if isinstance(node, ast.Call) else node  # type: ignore[attr-defined]
            attributes = [each.attr for each in ast.walk(path) if isinstance(each, ast.Attribute)]
            yield from [*attributes, *({base_of(path)} - inner - {""})]
        waiting.extend((child, inner) for child in ast.iter_child_nodes(node))


def _is_change(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING
    places = isinstance(node, ast.Subscript | ast.Attribute)
    return places and not isinstance(node.ctx, ast.Load)  # type: ignore[attr-defined]


def full_imports_of(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Imported]]:
    """Yield what an import statement loads, by the name that it binds: `a.b` of `import a.b`."""
    if isinstance(statement, ast.ImportFrom):
        yield from imports_of(statement)
        return
    for alias in statement.names:
        yield alias.asname or alias.name.partition(".")[0], Imported(alias.name, 0)


def registers_with(tree: ast.AST) -> set[str]:
    """Return the names that a definition is registered with, `area` for `@area.register`."""
    decorators: list[ast.expr] = getattr(tree, "decorator_list", [])
    called = [each.func if isinstance(each, ast.Call) else each for each in decorators]
    chosen = [each for each in called if isinstance(each, ast.Attribute)]
    return {base_of(each) for each in chosen if each.attr == "register"} - {""}


def acts(tree: ast.stmt, own: Container[str], imported: Container[str]) -> bool:
    """Whether a statement at the top level is there for what it changes elsewhere.

    It calls what is not one of the module's `own` values, or binds something in what is `imported`.
    """
    if isinstance(tree, (*SCOPES, ast.ClassDef)):
        return any(name in imported for name in registers_with(tree))
    return any(_acts(node, own, imported) for node in ast.walk(tree))


def _acts(node: ast.AST, own: Container[str], imported: Container[str]) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        base = base_of(node.value)
        return base not in {"", "print"} and base not in own
    places = isinstance(node, ast.Attribute | ast.Subscript)
    return places and not isinstance(node.ctx, ast.Load) and base_of(node) in imported  # type: ignore[attr-defined]
