"""What the source text of a module binds and refers to, read from its syntax tree: pure.

Formatting, comments, docstrings and annotations do not count, nor do the decorators of datagen,
which declare and compute nothing. The digest of a statement is the same on every Python version.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from datagen_core.generators.descriptions import Describer
from datagen_core.generators.scopes import (
    Imported,
    base_of,
    changes_in,
    imports_of,
    locals_of,
)

CORE = "datagen_core"

_LEFT_OUT = {"ctx", "kind", "type_comment", "annotation", "returns", "type_params"}
"""Parts of a tree that do not change what it computes."""

_OUTSIDE = {"decorator_list", "args"}
"""Parts of a function, with its defaults, that do not see its local names."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


Reference = tuple[str, ...] | Imported
"""A global name followed by attributes, `physics.force` as `("physics", "force")`; or an import."""


class Statement(NamedTuple):
    """A statement at the top level of a module.

    Attributes
    ----------
    first, last
        Its lines, with its decorators.
    digest
        The digest of what it computes.
    methods
        The same without the annotated attributes of a class, which declare its fields.
    references
        The global names and imports in it, sorted.
    kind
        What it defines, for people: "function", "class" or "constant".
    values
        The digests of the plain values that it binds to names, `Shape.unit` for those of a class.
    changes
        The global names and attributes whose values a function or class changes when it runs.
    """

    first: int
    last: int
    digest: str
    methods: str
    references: tuple[Reference, ...]
    kind: str
    values: tuple[tuple[str, str], ...] = ()
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModuleSyntax:
    """What a module binds at its top level.

    Attributes
    ----------
    statements
        All of them but imports, and the statements in blocks that define something.
    bindings
        The places in `statements` of those that bind or change each name.
    imports
        What import statements bind, by name.
    """

    statements: list[Statement] = field(default_factory=list)
    bindings: dict[str, list[int]] = field(default_factory=dict)
    imports: dict[str, list[Imported]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All names that the module binds, sorted; not those of `from … import *`."""
        return sorted((self.bindings.keys() | self.imports.keys()) - {"*"})

    def bound_to(self, name: str) -> list[Statement]:
        """Return the statements that bind or change a name."""
        return [self.statements[place] for place in self.bindings.get(name, ())]

    def defining(self, name: str, line: int) -> Statement | None:
        """Return the statement that defines a name; of several, the one that holds a line."""
        found = self.bound_to(name) or self.statements
        held = (each for each in found if each.first <= line <= each.last)
        return found[0] if len(found) == 1 else next(held, None)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {"statements": self.statements, "bindings": self.bindings, "imports": self.imports}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ModuleSyntax:
        """Return what `to_json` returned as `content`."""
        return cls(
            [_statement(*each) for each in content["statements"]],
            content["bindings"],
            {
                name: [Imported(*each) for each in found]
                for name, found in content["imports"].items()
            },
        )


def _statement(
    first: int,
    last: int,
    digest: str,
    methods: str,
    found: Sequence[Any],
    kind: str,
    *lists: Sequence[Any],
) -> Statement:
    values, changes = lists
    pairs = tuple((name, value) for name, value in values)
    references = tuple(map(_reference, found))
    return Statement(
        first, last, digest, methods, references, kind, pairs, tuple(map(str, changes))
    )


def _reference(parts: Sequence[Any]) -> Reference:
    is_import = len(parts) > 1 and isinstance(parts[1], int)
    return Imported(*parts) if is_import else tuple(parts)


def read_syntax(source: bytes) -> ModuleSyntax:
    """Return what a module binds.

    Raises
    ------
    SyntaxError
        If the source is not Python of this version.
    """
    found = ModuleSyntax()
    statements = list(_statements(ast.parse(source).body))
    for tree, _ in statements:
        if isinstance(tree, ast.Import | ast.ImportFrom):
            for name, imported in imports_of(tree):
                found.imports.setdefault(name, []).append(imported)
    declares = _declaring(found.imports)
    for tree, names in statements:
        for name in sorted(names):
            found.bindings.setdefault(name, []).append(len(found.statements))
        found.statements.append(_describe(tree, declares))
    return found


def _statements(body: Iterable[ast.stmt]) -> Iterator[tuple[ast.stmt, set[str]]]:
    """Yield statements, with the names that they bind or change.

    A block that defines or imports something is not one statement: what is in it follows one by
    one, after its condition, which counts for all names in it.
    """
    for statement in body:
        if _is_guard(statement):
            yield from _statements(getattr(statement, "orelse", ()))
        elif isinstance(statement, ast.If | ast.Try | ast.With) and _defines(statement):
            inside = list(_statements(_inside(statement)))
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
    kinds = (*_DEFINITIONS, ast.Import, ast.ImportFrom)
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
    if isinstance(statement, _DEFINITIONS):
        shared = (node.names for node in nodes if isinstance(node, ast.Global))
        return {statement.name}.union(*shared)
    kinds = (ast.Name, ast.Subscript, ast.Attribute)
    places = (node for node in nodes if isinstance(node, kinds))
    return {base_of(place) for place in places if isinstance(place.ctx, ast.Store)} - {""}


Declares = Callable[[ast.expr], bool]
"""Whether a decorator only declares."""


def _declaring(imports: Mapping[str, Sequence[Imported]]) -> Declares:
    """Return what tells the decorators of datagen from others in a module."""

    def declares(decorator: ast.expr) -> bool:
        names = _chain(decorator.func if isinstance(decorator, ast.Call) else decorator)
        origins = imports.get(names[0], ()) if names else ()
        ours = any(each.module.partition(".")[0] == CORE for each in origins)
        called = [each.name or names[-1] for each in origins]
        return names[-1:] == ("preprocessor",) or (ours and "generator" in called)

    return declares


def _describe(tree: ast.stmt, declares: Declares) -> Statement:
    text = _text_of(tree, declares)
    methods = text
    if isinstance(tree, ast.ClassDef):
        body = [part for part in tree.body if not isinstance(part, ast.AnnAssign)]
        methods = "".join(_text_of(part, declares) for part in body)
    first = min(_first_line(tree), tree.lineno)
    found = sorted(set(_refer(tree, frozenset(), declares)), key=repr)
    changes = sorted(set(changes_in(tree, frozenset()))) if isinstance(tree, _DEFINITIONS) else ()
    return Statement(
        first, tree.end_lineno or first, _hash(text), _hash(methods), tuple(found),
        _kind_of(tree), tuple(_plain_values(tree)), tuple(changes),
    )  # fmt: skip


def _kind_of(tree: ast.stmt) -> str:
    if isinstance(tree, _DEFINITIONS):
        return "class" if isinstance(tree, ast.ClassDef) else "function"
    return "constant"


_PLAIN = (
    ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.unaryop,
    ast.operator, ast.expr_context,
)  # fmt: skip


def _plain_values(tree: ast.stmt, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield names and digests of what is bound to expressions of constants alone."""
    if isinstance(tree, ast.ClassDef) and not prefix:
        for part in tree.body:
            yield from _plain_values(part, f"{tree.name}.")
    if not isinstance(tree, ast.Assign | ast.AnnAssign) or tree.value is None:
        return
    value = tree.value
    if not all(isinstance(node, _PLAIN) for node in ast.walk(value)):
        return
    for target in tree.targets if isinstance(tree, ast.Assign) else [tree.target]:
        if isinstance(target, ast.Name):
            yield f"{prefix}{target.id}", _evaluate(value)


def _evaluate(value: ast.expr) -> str:
    code = compile(ast.Expression(value), "a constant", "eval")
    try:
        return Describer().digest(eval(code, {"__builtins__": {}}))  # noqa: S307 (it has no names)
    except Exception:  # its module does not load, either
        return ""


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min((each.lineno for each in decorators), default=node.lineno)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _parts(node: ast.AST, declares: Declares) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a tree that count, by name."""
    for name, value in ast.iter_fields(node):
        kept = value
        if name == "decorator_list":
            kept = [each for each in value if not declares(each)]
        if isinstance(node, ast.JoinedStr):  # Python 3.12 ends some with an empty text
            kept = [each for each in value if getattr(each, "value", None) != ""]
        if name not in _LEFT_OUT and kept not in (None, []):
            yield name, kept


def _text_of(node: object, declares: Declares) -> str:
    """Return a tree as text, the same for the same computation on every Python version."""
    if isinstance(node, ast.Constant):
        return f"{type(node.value).__name__} {node.value!r}"
    if isinstance(node, ast.AST):
        parts = (f"{name}={_text_of(value, declares)}" for name, value in _parts(node, declares))
        return f"{type(node).__name__}({','.join(parts)})"
    if isinstance(node, list):
        return f"[{','.join(_text_of(each, declares) for each in node if not _is_idle(each))}]"
    return repr(node)


def _is_idle(node: object) -> bool:
    """Whether a statement computes nothing: a docstring, a bare constant, `pass`."""
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass)


def _refer(node: ast.AST, local: frozenset[str], declares: Declares) -> Iterator[Reference]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (imported for _, imported in imports_of(node))
        return
    names = _chain(node)
    if names:
        is_target = isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        yield from () if is_target or names[0] in local else (names,)
        return
    inner = local | locals_of(node)
    for name, value in _parts(node, declares):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield from _refer(part, local if name in _OUTSIDE else inner, declares)


def _chain(node: ast.AST) -> tuple[str, ...]:
    """Return a name with the attributes behind it; empty for any other expression."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()
