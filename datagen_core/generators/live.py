"""What a function reaches in this process: functions and values, as they are now.

The files that they came from may say something else: a global was changed, a helper replaced, a
closure made with another argument, a file edited.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator

_OF_CLASSES = {"__init__", "__new__", "__call__", "__post_init__", "__iter__", "__next__"}
"""Special names of a class that are followed; there are dozens that mean nothing here."""

_LOAD_GLOBAL, _LOAD_NAME = dis.opmap["LOAD_GLOBAL"], dis.opmap["LOAD_NAME"]

_DESCRIPTORS = (property, staticmethod, classmethod, functools.cached_property)
_WRAPPED = ("__func__", "fget", "func", "function", "__wrapped__")
"""Where descriptors, wrappers and generators keep a function."""


@dataclass
class Live:
    """What a function reaches.

    Attributes
    ----------
    root
        The function itself, behind partial functions, methods and callable objects.
    functions
        All functions of the user's, the root first.
    values
        Values by name: `K`, `physics.G` for those of another module than the root's, `wave.scale`
        for a closure's cell or an attribute of a class, `wave(scale)` for an argument.
    held
        The names of those that belong to the function and are in no module.
    """

    root: FunctionType | None = None
    functions: list[FunctionType] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)


def unwrapped(function: Callable[..., Any]) -> Any:
    """Return the function behind partial functions, wrappers, methods and callable objects."""
    while inner := getattr(function, "func", None) or getattr(function, "__wrapped__", None):
        function = inner
    function = getattr(function, "__func__", function)
    return function if hasattr(function, "__code__") else type(function).__call__


def is_bare(function: Callable[..., Any]) -> bool:
    """Whether a function is one that a module defines at its top level, and nothing else."""
    return isinstance(function, FunctionType) and "<locals>" not in function.__qualname__


def find_bindings(generator: DatasetGenerator) -> Iterator[tuple[ModuleType, str]]:
    """Yield the modules and names under which a generator can be imported; `__main__` last."""
    found = [module for module in sys.modules.values() if hasattr(module, "__dict__")]
    for module in sorted(found, key=lambda module: module.__name__ == "__main__"):
        for name, value in list(vars(module).items()):
            if value is generator:
                yield module, name


def walk(function: Callable[..., Any], is_users: Callable[[ModuleType], bool]) -> Live:
    """Return what a function reaches; `is_users` tells the user's own modules from others."""
    walker = _Walker(is_users, unwrapped(function))
    name = getattr(walker.live.root, "__name__", "")
    if not isinstance(function, FunctionType | MethodType | functools.partial):
        walker.add(f"{name}.self", function, held=True)
    walker.waiting.append((name, function, True))
    while walker.waiting:
        walker.visit(*walker.waiting.pop(0))
    return walker.live


def is_open(kind: type, is_users: Callable[[ModuleType], bool]) -> bool:
    """Whether a class is the user's."""
    module = sys.modules.get(kind.__module__)
    return module is not None and is_users(module)


class _Walker:
    def __init__(self, is_users: Callable[[ModuleType], bool], root: Any) -> None:
        self.live = Live(root if isinstance(root, FunctionType) else None)
        self.waiting: list[tuple[str, Any, bool]] = []
        self._is_users = is_users
        self._globals = getattr(root, "__globals__", {})
        self._seen: dict[object, object] = {}

    def add(self, name: str, value: object, *, held: bool = False) -> None:
        if name not in self.live.values:
            self.live.values[name] = value
            if held:
                self.live.held.add(name)
            self.waiting.append((name, value, held))

    def visit(self, name: str, value: Any, held: bool) -> None:  # noqa: FBT001 (a tuple's part)
        """Follow a value."""
        if id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, FunctionType):
            self._follow_function(name, value)
        elif isinstance(value, type):
            self._follow_class(name, value)
        elif isinstance(value, MethodType):
            self.add(f"{name}.self", value.__self__, held=held)
            self.waiting.append((name, value.__func__, held))
        elif isinstance(value, functools.partial):
            self._follow_partial(name, value)
        else:
            self._follow_object(name, value)

    def _follow_partial(self, name: str, value: functools.partial[Any]) -> None:
        self.waiting.append((name, value.func, True))
        for key, argument in (*enumerate(value.args), *value.keywords.items()):
            self.add(f"{name}({key})", argument, held=True)

    def _follow_object(self, name: str, value: Any) -> None:
        wraps = callable(value) or isinstance(value, _DESCRIPTORS)
        for part in [getattr(value, each, None) for each in _WRAPPED] if wraps else ():
            if isinstance(part, FunctionType):
                self.waiting.append((name, part, False))
        if is_open(type(value), self._is_users):
            self.waiting.append((type(value).__name__, type(value), False))

    def _follow_class(self, name: str, kind: type) -> None:
        if not is_open(kind, self._is_users):
            return
        for each, value in vars(kind).items():
            if not each.startswith("__") or each in _OF_CLASSES:
                self.add(f"{name}.{each}", value)
        for base in kind.__bases__:
            self.waiting.append((base.__name__, base, False))

    def _follow_function(self, name: str, function: FunctionType) -> None:
        # Not `__module__`, which a decorator copies.
        module = sys.modules.get(function.__globals__.get("__name__", ""))
        if module is not None and not self._is_users(module):
            if wrapped := getattr(function, "__wrapped__", None):
                self.waiting.append((name, wrapped, False))
            return
        self.live.functions.append(function)
        local = "<locals>" in function.__qualname__
        for argument, default in _defaults(function):
            self.add(f"{name}({argument})", default, held=local)
        for free, content in _cells(function):
            self.add(f"{name}.{free}", content, held=True)
        for key, value in vars(function).items():
            if key not in _WRAPPED:
                self.add(f"{function.__qualname__}.{key}", value, held=local)
        code, space = function.__code__, function.__globals__
        names = names_in(code)
        self._follow_names(space, set(globals_in(code)), names)
        for each in sorted(each for each in names if each in sys.modules and each not in space):
            self._follow_module(sys.modules[each], names)

    def _follow_names(self, space: dict[str, Any], loaded: set[str], names: set[str]) -> None:
        prefix = "" if space is self._globals else f"{space.get('__name__', '')}."
        for name in sorted(loaded & space.keys()):
            value = space[name]
            if isinstance(value, ModuleType):
                self._follow_module(value, names)
            else:
                self.add(f"{prefix}{name}", value)

    def _follow_module(self, module: ModuleType, names: set[str]) -> None:
        if (id(module), frozenset(names)) in self._seen or not self._is_users(module):
            return
        self._seen[id(module), frozenset(names)] = module
        self._follow_names(vars(module), names, names)


def _defaults(function: FunctionType) -> Iterator[tuple[str, object]]:
    code, defaults = function.__code__, function.__defaults__ or ()
    named = code.co_varnames[: code.co_argcount]
    yield from zip(named[len(named) - len(defaults) :], defaults, strict=True)
    yield from (function.__kwdefaults__ or {}).items()


def _cells(function: FunctionType) -> Iterator[tuple[str, object]]:
    pairs = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in pairs:
        try:
            yield name, cell.cell_contents
        except ValueError:  # not bound yet
            continue


def names_in(code: CodeType) -> set[str]:
    """Return the global names, attributes and imports in byte code, nested functions included."""
    inner = (names_in(each) for each in code.co_consts if isinstance(each, CodeType))
    return set(code.co_names).union(*inner)


def globals_in(code: CodeType) -> Iterator[str]:
    """Yield the global names that byte code loads, nested functions included."""
    extended = 0
    # `dis` takes fifty times as long, and most code is read for every run.
    for operation, argument in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        number = argument | extended
        extended = number << 8 if operation == dis.EXTENDED_ARG else 0
        if operation == _LOAD_GLOBAL:
            yield code.co_names[number >> 1]
        elif operation == _LOAD_NAME:
            yield code.co_names[number]
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from globals_in(each)


def code_digest(code: CodeType) -> str:
    """Return the digest of byte code without docstrings and places, for one version of Python."""
    return hashlib.sha256(repr(list(_instructions(code))).encode()).hexdigest()[:16]


def _instructions(code: CodeType) -> Iterator[object]:
    yield code.co_name, code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    for each in dis.get_instructions(code):
        if isinstance(each.argval, CodeType):
            yield from _instructions(each.argval)
        else:
            value = each.argval
            yield each.opname, sorted(map(repr, value)) if isinstance(value, frozenset) else value


def functions_in(code: CodeType) -> Iterator[CodeType]:
    """Yield the byte code of the functions in byte code, nested ones included."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from functions_in(each)


def changed_by(code: CodeType) -> set[str]:
    """Return the global names that byte code binds, nested functions included."""
    inner = (changed_by(each) for each in code.co_consts if isinstance(each, CodeType))
    stored = (each for each in dis.get_instructions(code) if each.opname in _STORES)
    return {str(each.argval) for each in stored}.union(*inner)


_STORES = {"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "DELETE_ATTR"}


def has_file(function: FunctionType | MethodType) -> bool:
    """Whether a function is from a file that is there."""
    return Path(function.__code__.co_filename).is_file()


def is_written(function: FunctionType) -> bool:
    """Whether somebody wrote a function, in a file or a session; not made by a library's text."""
    return has_file(function) or function.__module__ == "__main__"


_CONSTANTS = (str, bytes, int, float, complex, type(None))


def is_computed(name: str, value: object) -> bool:
    """Whether a value is data, and not just the constant default of an argument."""
    is_default = name.endswith(")") and isinstance(value, _CONSTANTS)
    return not (is_default or callable(value) or isinstance(value, _DESCRIPTORS))
