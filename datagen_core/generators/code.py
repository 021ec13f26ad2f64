"""The code of a generator: everything of the user's that decides its samples, and its fingerprint.

From a function the syntax trees lead to the functions, classes, constants and modules that it
names, and to theirs, up to the borders of other installed distributions, which are recorded by name
and version. `datagen_core` is always a border, and so is the standard library. What a program looks
up by text (`getattr`, `importlib`) or reads from files is not seen.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, get_args, get_origin

from datagen_core.files import hash_file
from datagen_core.generators.descriptions import Describer, show
from datagen_core.generators.fingerprint import Code
from datagen_core.generators.live import (
    Live,
    changed_by,
    code_digest,
    find_bindings,
    has_file,
    is_bare,
    is_computed,
    is_open,
    is_written,
    unwrapped,
    walk,
)
from datagen_core.generators.modules import (
    UserModule,
    distribution_of,
    find_module,
    is_border,
    is_own,
    version_of,
)
from datagen_core.generators.registry import LOADED
from datagen_core.generators.scopes import Imported
from datagen_core.generators.syntax import (
    LOADING,
    ModuleSyntax,
    Reference,
    Statement,
)

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator


def code_of(function: Callable[..., Any], *classes: type) -> Code:
    """Return the code that a function reaches, and the methods of classes such as its parameters'.

    Annotated attributes of these classes, which declare fields, do not count.
    """
    return _read(function, classes, ()).code


def _read(
    function: Callable[..., Any],
    classes: Iterable[type],
    bindings: Iterable[tuple[ModuleType, str]],
) -> _Reader:
    root = unwrapped(function)
    file = Path(root.__code__.co_filename)
    reader = _Reader(file, distribution_of(file))
    for each in classes:
        reader.add_class(each)
    reader.add_function(root.__module__ or "__main__", root.__code__)
    bound = [reader.add_binding(module, name) for module, name in bindings]
    reader.read()
    reader.add_live(walk(function, reader.is_users), held=not (is_bare(function) or any(bound)))
    return reader


def code_of_generator(generator: DatasetGenerator) -> Code:
    """Return the code of a generator: of its function, and of the methods of its parameters.

    What a module's file does not show counts by its value: a constant that was changed, a function
    that replaces another one, and for a function that no module binds (a closure, a partial
    function, a bound method) what it holds.
    """
    code = _read_generator(generator).code
    # What all draw from, whether or not their text names it.
    packages = {**code.packages, "numpy": version_of("numpy")}
    environment = {name: os.environ.get(name) for name in sorted(generator.environment)}
    return replace(code, packages=dict(sorted(packages.items())), environment=environment)


def values_of_generator(
    generator: DatasetGenerator, *, uncounted: bool = False
) -> dict[str, tuple[str, str]]:
    """Return digest and short text of the values that a generator's code reaches now, by name.

    Values that the code itself changes are left out. The digests are those of this machine and this
    version of Python. With `uncounted`, only data that its `Code` does not count, since a module
    computes it.
    """
    reader = _read_generator(generator)
    describer = reader.describer()
    values = reader.uncounted() if uncounted else reader.values()
    return {name: (describer.digest(value), show(value)) for name, value in values.items()}


def edited_functions(generator: DatasetGenerator, since: float) -> list[tuple[str, Path]]:
    """Return the functions, with their files, whose code was read from another text than they are.

    `since` is the time when this process began; files that are older were not edited in between.
    """
    reader = _read_generator(generator)
    changed = {path for path, module in reader.files.items() if module.was_read_after(since)}
    return [
        (function.__qualname__, Path(function.__code__.co_filename))
        for function in reader.live.functions
        if function.__code__.co_filename in changed
        if not reader.files[function.__code__.co_filename].holds(function.__code__)
    ]


def _read_generator(generator: DatasetGenerator) -> _Reader:
    bindings = () if is_bare(generator.function) else find_bindings(generator)
    return _read(generator.function, _classes_of(generator.params_type), bindings)


def _classes_of(params_type: type) -> Iterator[type]:
    """Yield a class of parameters, and those of which its parameters are."""
    seen: set[type] = set()
    waiting: list[Any] = [params_type]
    while waiting:
        found = waiting.pop()
        waiting.extend(get_args(found))
        if isinstance(found, type) and get_origin(found) is None and found not in seen:
            seen.add(found)
            yield found
            fields = getattr(found, "model_fields", {})
            waiting.extend(each.annotation for each in fields.values())


@dataclass
class _Reader:
    """Follows references from module to module."""

    file: Path
    distribution: str | None
    parts: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    live: Live = field(default_factory=Live)
    changed: set[str] = field(default_factory=set)
    files: dict[str, UserModule] = field(default_factory=dict)
    _classes: set[str] = field(default_factory=set)
    _waiting: list[tuple[UserModule, str]] = field(default_factory=list)
    _modules: dict[str, UserModule | None] = field(default_factory=dict)
    _followed: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    _read: set[str] = field(default_factory=set)
    _values: dict[str, str] = field(default_factory=dict)
    _users: dict[str, bool] = field(default_factory=dict)

    @property
    def code(self) -> Code:
        """What was read."""
        parts, packages = (dict(sorted(each.items())) for each in (self.parts, self.packages))
        return Code(parts, packages, kinds={name: self.kinds[name] for name in parts})

    def add_class(self, each: type) -> None:
        """Let the methods of a class count, and those of its bases."""
        for kind in each.__mro__:
            if module := self._module(kind.__module__):
                name = kind.__qualname__.partition(".")[0]
                self._classes.add(self._name_of(module, name))
                self._waiting.append((module, name))

    def add_function(self, module_name: str, code: CodeType) -> None:
        """Let a function count, with the functions around it."""
        module = UserModule(module_name, Path(code.co_filename))
        with suppress(OSError):
            self._load(module)
            syntax, name = module.syntax or ModuleSyntax(), code.co_qualname.partition(".")[0]
            if statement := syntax.defining(name, code.co_firstlineno):
                self._add(module, code.co_name, [statement])
                return
        # Typed into a session: only byte code is left.
        self._keep(self._name_of(module, code.co_name), code_digest(code), "function")

    def add_binding(self, found: ModuleType, name: str) -> bool:
        """Let the statement count that binds a generator to a name; False where there is none."""
        module = self._module(found.__name__)
        if module is None:
            return False
        statements = self._syntax(module).bound_to(name)
        for statement in statements:
            self._keep(name, statement.digest, statement.kind)
            for reference in statement.references:
                self._resolve(module, reference)
        return bool(statements)

    def _keep(self, part: str, digest: str, kind: str) -> None:
        """Let a digest count under a name, with those that do already."""
        self.parts[part] = f"{self.parts.get(part, '')} {digest}".strip()
        self.kinds.setdefault(part, kind)

    def add_live(self, live: Live, *, held: bool) -> None:
        """Let values and functions count that differ from what the files say.

        With `held`, those that the function holds count, too.
        """
        self.live = live
        for function in live.functions:
            statement = self._statement_of(function)
            code = function.__code__
            self.changed.update(changed_by(code) if statement is None else statement.changes)
            self._add_unread(function, statement)
        describer = self.describer()
        session = live.root is not None and not has_file(live.root)
        for name, value in self.values().items():
            if isinstance(value, FunctionType | type):
                continue
            own = (held and name in live.held) or (session and name not in self.parts)
            digest = describer.digest(value) if own or name in self._values else ""
            if own or self._values.get(name, digest) != digest:
                self._keep(name, digest, "value")

    def values(self) -> dict[str, Any]:
        """Return the values that the code reaches, without those that it changes."""
        found = self.live.values.items()
        return {key: each for key, each in found if key.rpartition(".")[2] not in self.changed}

    def uncounted(self) -> dict[str, Any]:
        """Return data whose text counts, but not its value."""
        text = self.describer().text
        return {
            name: value
            for name, value in self.values().items()
            if name not in self._values and self.kinds.get(name) != "value"
            if is_computed(name, value) and not text(value).endswith("()")  # it says nothing
        }

    def describer(self) -> Describer:
        """Return what describes values, and the instances of the user's classes."""
        return Describer(
            lambda function: code_digest(function.__code__),
            lambda kind: is_open(kind, self.is_users),
            frozenset(self.changed),
        )

    def _statement_of(self, function: FunctionType) -> Statement | None:
        """Return the statement of a file that a function is from; None where there is none."""
        code, name = function.__code__, function.__globals__.get("__name__", "")
        module = UserModule(name, Path(code.co_filename))
        with suppress(OSError):
            return self.files.setdefault(code.co_filename, module).statement_of(code)
        return None

    def _add_unread(self, function: FunctionType, statement: Statement | None) -> None:
        """Let a function count that no name of the files leads to: it replaces another one."""
        if not is_written(function) if statement is None else statement.digest in self._read:
            return
        digest = code_digest(function.__code__) if statement is None else statement.digest
        if digest not in self.parts.values():
            self._keep(function.__qualname__, digest, "function")

    def read(self) -> None:
        """Follow all that waits."""
        while self._waiting:
            module, name = self._waiting.pop()
            if name == LOADING:
                self._load(module)
            elif self._name_of(module, name) not in self.parts:
                self._add(module, name, self._syntax(module).bound_to(name))

    def _load(self, module: UserModule) -> None:
        """Let what a module changes elsewhere as it is loaded count, and what it loads for that."""
        if statements := (module.syntax or ModuleSyntax()).bound_to(LOADING):
            self._add(module, LOADING, statements)
        for name, whole in module.loads():
            found = sys.modules.get(name)
            if found is not None and self.is_users(found) and self._module(name) and whole:
                self._go_on(name, ())

    def _add(self, module: UserModule, name: str, statements: Sequence[Statement]) -> None:
        part = self._name_of(module, name)
        declared = part in self._classes
        digests = [each.methods if declared else each.digest for each in statements]
        # A name that statements change is what the first of them defines.
        kind = statements[0].kind if statements else "constant"
        self._keep(part, " ".join(digests), kind)
        self._read.update(each.digest for each in statements)
        if len(statements) == 1 and not declared:
            prefix = part.removesuffix(name)
            plain = statements[0].values
            self._values |= {f"{prefix}{key}": value for key, value in plain if value}
        found = (each.reached if declared else each.references for each in statements)
        for reference in set().union(*found):
            self._resolve(module, reference)

    def _name_of(self, module: UserModule, name: str) -> str:
        if module.path == self.file:
            return name
        loaded = module.name == "__main__" or module.name.startswith(LOADED)
        return f"{module.path.stem if loaded else module.name}.{name}"

    def _resolve(self, module: UserModule, reference: Reference) -> None:
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

    def _follow(self, module: UserModule, imported: Imported, rest: tuple[str, ...]) -> None:
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
            self._resolve(module, ("__getattr__",))
            self._go_on(f"{source}.{path[0]}", path[1:])

    def _syntax(self, module: UserModule) -> ModuleSyntax:
        if module.syntax is None and module.name not in self.parts:  # all of it counts
            self._keep(module.name, hash_file(module.path)[:16], "module")
        return module.syntax or ModuleSyntax()

    def _module(self, name: str) -> UserModule | None:
        """Return a module of the user's; None behind a border, which is noted."""
        if name not in self._modules:
            self._modules[name] = found = self._locate(name)
            if found is not None:
                self._waiting.append((found, LOADING))
        return self._modules[name]

    def is_users(self, module: ModuleType) -> bool:
        """Whether a module is the user's own, or of the generator's distribution."""
        name = module.__name__
        if name not in self._users:
            self._users[name] = is_own(module, self.distribution)
        return self._users[name]

    def _locate(self, name: str) -> UserModule | None:
        path = find_module(name)
        if path is None or is_border(name, path):
            return None
        distribution = distribution_of(path)
        if distribution is not None and distribution != self.distribution:
            self.packages[distribution] = version_of(distribution)
            return None
        return UserModule(name, path)
