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
    DEFINITIONS,
    Imported,
    acts,
    changes_in,
    full_imports_of,
    imports_of,
    locals_of,
    registers_with,
    statements_in,
)

CORE = "datagen_core"

_LEFT_OUT = {"ctx", "kind", "type_comment", "annotation", "returns", "type_params"}
"""Parts of a tree that do not change what it computes."""

_OUTSIDE = {"decorator_list", "args"}
"""Parts of a function, with its defaults, that do not see its local names."""

LOADING = "<module>"
"""The name of what a module does for its effects when it is loaded, as in tracebacks."""

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
    reached
        The references without those of annotated attributes that declare fields.
    """

    first: int
    last: int
    digest: str
    methods: str
    references: tuple[Reference, ...]
    kind: str
    values: tuple[tuple[str, str], ...] = ()
    changes: tuple[str, ...] = ()
    reached: tuple[Reference, ...] = ()


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
    loads
        The modules that import statements load, or names in them, and whether nothing here uses
        what they bind, so that they are there for what they change.
    """

    statements: list[Statement] = field(default_factory=list)
    bindings: dict[str, list[int]] = field(default_factory=dict)
    imports: dict[str, list[Imported]] = field(default_factory=dict)
    loads: list[tuple[Imported, bool]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """All names that the module binds, sorted; not those of `from … import *`."""
        return sorted((self.bindings.keys() | self.imports.keys()) - {"*", LOADING})

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
        return vars(self)

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
            [(Imported(*found), unused) for found, unused in content["loads"]],
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
    values, changes, reached = lists
    pairs = tuple((name, value) for name, value in values)
    references = tuple(map(_reference, found))
    return Statement(
        first, last, digest, methods, references, kind, pairs, tuple(map(str, changes)),
        tuple(map(_reference, reached)),
    )  # fmt: skip


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
    module = ast.parse(source)
    statements = list(statements_in(module.body))
    used = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    for tree, _ in statements:
        if isinstance(tree, ast.Import | ast.ImportFrom):
            for name, imported in imports_of(tree):
                found.imports.setdefault(name, []).append(imported)
            found.loads.extend((each, name not in used) for name, each in full_imports_of(tree))
    declares, own = _declaring(found.imports), _values_of(statements)
    for tree, names in statements:
        loading = {LOADING} if acts(tree, own, found.imports) else set()
        for name in sorted(names | registers_with(tree) | loading):
            found.bindings.setdefault(name, []).append(len(found.statements))
        found.statements.append(_describe(tree, declares))
    return found


def _values_of(statements: Iterable[tuple[ast.stmt, set[str]]]) -> set[str]:
    """Return the names of a module's own values; what datagen's decorators make is none."""
    kinds = (*DEFINITIONS, ast.Expr)
    return {name for tree, names in statements if not isinstance(tree, kinds) for name in names}


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
        body = [part for part in tree.body if not _is_field(part)]
        methods = "".join(_text_of(part, declares) for part in body)
    first = min(_first_line(tree), tree.lineno)
    found = _references(tree, declares)
    reached = found
    if isinstance(tree, ast.ClassDef):
        rest = [*tree.bases, *tree.keywords, *tree.decorator_list, *body]
        reached = tuple(sorted({each for p in rest for each in _references(p, declares)}, key=repr))
    changes = sorted(set(changes_in(tree))) if isinstance(tree, DEFINITIONS) else ()
    return Statement(
        first, tree.end_lineno or first, _hash(text), _hash(methods), found,
        _kind_of(tree), tuple(_plain_values(tree)), tuple(changes), reached,
    )  # fmt: skip


def _references(tree: ast.AST, declares: Declares) -> tuple[Reference, ...]:
    return tuple(sorted(set(_refer(tree, declares)), key=repr))


def _is_field(part: ast.stmt) -> bool:
    """Whether a statement in a class of parameters declares one of them."""
    if not isinstance(part, ast.AnnAssign) or not isinstance(part.target, ast.Name):
        return False
    return not part.target.id.startswith("_") and "ClassVar" not in ast.dump(part.annotation)


def _kind_of(tree: ast.stmt) -> str:
    if isinstance(tree, DEFINITIONS):
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


def _text_of(tree: object, declares: Declares) -> str:
    """Return a tree as text, the same for the same computation on every Python version."""
    texts: list[str] = []
    waiting = [tree]
    while waiting:  # trees may be deeper than calls: a long row of `elif`
        node = waiting.pop()
        if isinstance(node, _Text):
            texts.append(node)
        else:
            waiting.extend(reversed(list(_pieces(node, declares))))
    return "".join(texts)


class _Text(str):
    __slots__ = ()


def _pieces(node: object, declares: Declares) -> Iterator[object]:
    """Yield the texts and trees that a tree is written as."""
    if isinstance(node, ast.Constant):
        yield _Text(f"{type(node.value).__name__} {node.value!r}")
    elif isinstance(node, ast.AST):
        yield _Text(f"{type(node).__name__}(")
        for place, (name, value) in enumerate(_parts(node, declares)):
            yield from (_Text(f"{',' if place else ''}{name}="), value)
        yield _Text(")")
    elif isinstance(node, list):
        yield _Text("[")
        for place, each in enumerate(each for each in node if not _is_idle(each)):
            yield from (_Text("," if place else ""), each)
        yield _Text("]")
    else:
        yield _Text(repr(node))


def _is_idle(node: object) -> bool:
    """Whether a statement computes nothing: a docstring, a bare constant, `pass`."""
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass)


def _refer(tree: ast.AST, declares: Declares) -> Iterator[Reference]:
    waiting = [(tree, frozenset[str]())]
    while waiting:
        node, local = waiting.pop()
        names = _chain(node)
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (imported for _, imported in imports_of(node))
        elif names:
            is_target = isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
            yield from () if is_target or names[0] in local else (names,)
        else:
            inner = local | locals_of(node)
            for name, value in _parts(node, declares):
                parts = value if isinstance(value, list) else [value]
                seen = local if name in _OUTSIDE else inner
                waiting.extend((part, seen) for part in parts if isinstance(part, ast.AST))


def _chain(node: ast.AST) -> tuple[str, ...]:
    """Return a name with the attributes behind it; empty for any other expression."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()
