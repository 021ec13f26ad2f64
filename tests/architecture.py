"""Rules of the size and shape of code, as functions of parsed sources.

Each rule yields one line per offence, which begins with the path. Complexity and docstrings are
ruff's part, and layers are import-linter's; both are configured in pyproject.toml.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath
from statistics import median, quantiles
from typing import Any

FILE_LINES, BODY_LINES, NESTING = 400, 40, 3
SMALL_FILE = 60
NAMES_THAT_SAY_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
NAMED_TYPES = {
    "cache": "Cache", "dataset": "Dataset", "executor": "Executor", "field": "Field",
    "generator": "DatasetGenerator", "interval": "Interval", "plan": "Plan", "ragged": "Ragged",
    "job": "Job", "observer": "Observer", "params": "Params", "progress": "Progress",
    "resources": "Resources", "rng": "numpy.random.Generator", "samples": "Samples",
    "schema": "Schema", "selection": "Selection", "set": "ParamSet", "split": "Split",
    "view": "View",
}  # fmt: skip
"""The types that the core has a name for, by the word for a thing of the type."""

COLLECTIONS = {"Collection", "Iterable", "Iterator", "Sequence", "list", "set", "tuple"}
BLOCKS = (ast.For, ast.If, ast.Match, ast.Try, ast.TryStar, ast.While, ast.With)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Graph = dict[str, set[str]]


@dataclass(frozen=True)
class Source:
    """A file of code, parsed once; `path` is relative to the root of the project."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def module(self) -> str:
        """The dotted name by which the file is imported."""
        parts = self.path.with_suffix("").parts
        inside = parts[1:] if parts[0] == "plugins" else parts
        return ".".join(part for part in inside if part != "__init__")

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @cached_property
    def passes_on(self) -> set[str]:
        """The names that others import from a package: in `__all__`, or `import name as name`."""
        if not self.is_package:
            return set()
        listed = (
            item.value
            for node in self.tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            for item in ast.walk(node.value)
            if isinstance(item, ast.Constant)
        )
        aliases = (node for node in ast.walk(self.tree) if isinstance(node, ast.alias))
        return {*listed, *(alias.name for alias in aliases if alias.name == alias.asname)}


def read_sources(root: Path, folders: Iterable[str]) -> list[Source]:
    """Read the Python files of some folders of a project."""
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    return [Source(PurePosixPath(path.relative_to(root)), path.read_text()) for path in paths]


def within(sources: Iterable[Source], folder: str) -> list[Source]:
    return [source for source in sources if source.path.is_relative_to(folder)]


def body_lines(function: Function) -> int:
    """Return the lines of a body without its docstring."""
    body = function.body if ast.get_docstring(function) is None else function.body[1:]
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def nesting(node: ast.AST) -> int:
    """Return how deep blocks are nested; `elif` and functions inside do not count as deeper."""
    return max((depth for depth in map(_depth, ast.iter_child_nodes(node))), default=0)


def _depth(child: ast.AST) -> int:
    if isinstance(child, Function):
        return 0
    if isinstance(child, ast.If) and len(child.orelse) == 1 and isinstance(child.orelse[0], ast.If):
        inside = max([0, *map(_depth, child.body)])
        return max(1 + inside, _depth(child.orelse[0]))
    return nesting(child) + isinstance(child, BLOCKS)


def long_files(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        if source.lines > FILE_LINES:
            yield f"{source.path}: {source.lines} lines, more than {FILE_LINES}"


def big_functions(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for function in source.functions:
            place = f"{source.path}:{function.lineno}: {function.name}"
            if body_lines(function) > BODY_LINES:
                yield f"{place} has {body_lines(function)} lines, more than {BODY_LINES}"
            if nesting(function) > NESTING:
                yield f"{place} is nested {nesting(function)} deep, more than {NESTING}"


def long_bodies(sources: Iterable[Source], folder: str, typical: int, long: int) -> Iterator[str]:
    """Check the median and the ninth decile of the bodies of a folder."""
    bodies = (function for source in within(sources, folder) for function in source.functions)
    sizes = [body_lines(function) for function in bodies]
    if median(sizes) > typical:
        yield f"{folder}: the median body has {median(sizes)} lines, more than {typical}"
    if (decile := quantiles(sizes, n=10, method="inclusive")[-1]) > long:
        yield f"{folder}: one body in ten has {decile:g} lines or more; {long} are allowed"


def empty_names(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        parts = source.path.with_suffix("").parts
        if parts[-2:] != ("executors", "base") and NAMES_THAT_SAY_NOTHING & set(parts):
            yield f"{source.path}: a name that says nothing"


def nameless_types(sources: Iterable[Source]) -> Iterator[str]:
    """Check that `Any` does not stand for a type that the core has a name for."""
    for source in sources:
        for line, name, annotation in _annotations(source.tree):
            for wanted in _types_named(name) if _is_any(annotation) else []:
                yield f"{source.path}:{line}: {name} is Any, not {wanted}"


def _types_named(name: str) -> list[str]:
    """Return the types whose word, or its plural, is among the words of a name."""
    words = set(name.lower().split("_"))
    return [wanted for word, wanted in NAMED_TYPES.items() if words & {word, f"{word}s"}]


def _annotations(tree: ast.Module) -> Iterator[tuple[int, str, ast.expr]]:
    """Yield line, name and annotation of parameters, attributes and functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            yield node.lineno, node.arg, node.annotation
        elif isinstance(node, ast.AnnAssign):
            yield node.lineno, ast.unparse(node.target).rpartition(".")[2], node.annotation
        elif isinstance(node, Function) and node.returns is not None:
            yield node.lineno, node.name, node.returns


def _is_any(annotation: ast.expr) -> bool:
    """Return whether an annotation is Any, an alternative to Any, or a collection of Any."""
    if isinstance(annotation, ast.Subscript):
        return ast.unparse(annotation.value) in COLLECTIONS and _is_any(annotation.slice)
    inside = annotation.elts if isinstance(annotation, ast.Tuple) else []
    if isinstance(annotation, ast.BinOp):
        inside = [annotation.left, annotation.right]
    return ast.unparse(annotation) == "Any" or any(map(_is_any, inside))


def classes_of_tests(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                yield f"{source.path}:{node.lineno}: tests are functions, not class {node.name}"


def imports_of(source: Source, modules: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (module, its name for it, name here) of imports among modules, wherever they stand.

    The second is empty where the module itself is imported. Imports are absolute: ruff sees to it.
    """
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found = [(alias.name, "", alias.asname or alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [_imported(node.module or "", alias, modules) for alias in node.names]
        else:
            found = []
        yield from (item for item in found if item[0] in modules)


def _imported(parent: str, alias: ast.alias, modules: Collection[str]) -> tuple[str, str, str]:
    here = alias.asname or alias.name
    module = f"{parent}.{alias.name}"
    return (module, "", here) if module in modules else (parent, alias.name, here)


def imports_among(sources: Iterable[Source]) -> Graph:
    """Return what each module imports, lazily and for typing included."""
    modules = {source.module: source for source in sources}
    return {
        name: {module for module, _, _ in imports_of(source, modules)}
        for name, source in modules.items()
    }


def cycles(sources: Iterable[Source]) -> Iterator[str]:
    """Find cycles of imports; each has its last import taken away before the next is looked for."""
    graph = imports_among(sources)
    while cycle := _find_cycle(graph):
        yield f"{' -> '.join(cycle)}: a cycle of imports"
        graph[cycle[0]].remove(cycle[1])


def _find_cycle(graph: Mapping[str, Collection[str]]) -> list[str]:
    try:
        TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)}).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))  # graphlib lists who is imported first
    return []


def importers_among(sources: Iterable[Source]) -> Graph:
    """Return who uses each module.

    A package that passes a name on does not count: whoever imports that name from it does.
    """
    modules = {source.module: source for source in sources}
    imports = [
        (source.module, here, module, there)
        for source in modules.values()
        for module, there, here in imports_of(source, modules)
    ]
    passed_on = {
        (user, here): (module, there)
        for user, here, module, there in imports
        if here in modules[user].passes_on
    }
    importers: Graph = {name: set() for name in modules}
    for user, here, module, there in imports:
        if (user, here) not in passed_on:
            importers[_origin(module, there, passed_on)].add(user)
    return importers


def _origin(module: str, name: str, passed_on: Mapping[tuple[str, str], tuple[str, str]]) -> str:
    while (module, name) in passed_on:
        module, name = passed_on[module, name]
    return module


def small_files(sources: Iterable[Source], excepted: Collection[str]) -> Iterator[str]:
    """Check that a small file has more than one user; without, it belongs to that one.

    A package's `__init__` is small by nature, and its `errors` are a page that readers look for.
    An exception that is not needed is an offence too.
    """
    modules = {source.module: source for source in sources}
    found = {
        name: min(users)
        for name, users in importers_among(modules.values()).items()
        if modules[name].lines < SMALL_FILE and len(users) == 1
        if not modules[name].is_package and modules[name].path.stem != "errors"
    }
    for name in sorted(found.keys() - set(excepted)):
        source = modules[name]
        yield f"{source.path}: {source.lines} lines that only {found[name]} uses"
    for name in sorted(set(excepted) - found.keys()):
        yield f"{name}: excepted, but not a small file with one user"


def rooms(sources: Iterable[Source], package: str, wanted: Collection[str]) -> Iterator[str]:
    """Check that a package has these folders and no others."""
    paths = [source.path.relative_to(package) for source in within(sources, package)]
    found = {path.parts[0] for path in paths if len(path.parts) > 1}
    for name in sorted(found - set(wanted)):
        yield f"{package}/{name}: a folder that the design does not have"
    for name in sorted(set(wanted) - found):
        yield f"{package}/{name}: a folder that is missing"


def loose_files(sources: Iterable[Source], package: str, allowed: Collection[str]) -> Iterator[str]:
    """Check that files of a package stand in its folders, except some."""
    for source in within(sources, package):
        if source.path.parent == PurePosixPath(package) and source.path.stem not in allowed:
            yield f"{source.path}: a loose file, which belongs in a folder of {package}"


def unlisted_plugins(
    pyproject: Mapping[str, Any], plugins: Iterable[str], libraries: Collection[str]
) -> Iterator[str]:
    """Check that the lists of pyproject.toml name each plugin, and that contracts hold it apart."""
    tool = pyproject["tool"]
    lists = {
        "the wheel's packages": tool["hatch"]["build"]["targets"]["wheel"]["packages"],
        "mypy's packages": tool["mypy"]["packages"],
        "import-linter's root_packages": tool["importlinter"]["root_packages"],
        "isort's known-first-party": tool["ruff"]["lint"]["isort"]["known-first-party"],
    }
    contracts = tool["importlinter"]["contracts"]
    forbidden = [set(contract.get("forbidden_modules", ())) for contract in contracts]
    layers = [set(" ".join(contract.get("layers", ())).split()) for contract in contracts]
    for plugin in plugins:
        for title, names in lists.items():
            if not {plugin, f"plugins/{plugin}"} & set(names):
                yield f"{plugin}: not among {title}"
        if not any({plugin, "torch"} <= names for names in forbidden):
            yield f"{plugin}: no contract keeps it out of the core"
        if not any({plugin, *libraries} <= names for names in layers):
            yield f"{plugin}: no contract says which plugins it may import"


def named_executors(sources: Iterable[Source], names: Collection[str]) -> Iterator[str]:
    """Find code that compares something with an executor's name; it is to ask for flags instead."""
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Compare):
                compared = [node.left, *node.comparators]
            elif isinstance(node, ast.match_case):
                compared = [node.pattern]
            else:
                continue
            constants = (item for each in compared for item in ast.walk(each))
            values = {item.value for item in constants if isinstance(item, ast.Constant)}
            for name in sorted(values & set(names)):
                yield f"{source.path}:{compared[0].lineno}: compares with the executor {name!r}"
