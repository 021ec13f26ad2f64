"""Functions that preprocess samples, and the digest that names results of earlier versions."""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from reprlib import repr as short_repr
from typing import Any

from datagen_core.errors import GeneratorError

_NAME = re.compile(r"(?!\.)[^/\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True)
class Preprocessor:
    """A function over splits, whose results are kept under its name and code."""

    name: str
    function: Callable[..., Any]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise GeneratorError(
                f"{short_repr(self.name)} cannot name a preprocessor, since results lie in a "
                "folder of that name: leave out slashes, control characters and a dot in front"
            )

    @property
    def version(self) -> str:
        """Digest of the function's source alone: 0.1 and before: what results were kept under."""
        return source_digest(self.function)

    def __call__(self, values: Any, params: Mapping[str, Any]) -> Any:
        """Apply the function to what `Split.get` returned."""
        arguments = values if isinstance(values, tuple) else (values,)
        if "params" in parameters_of(self.function):
            return self.function(*arguments, params=params)
        return self.function(*arguments)


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the arguments that a function has."""
    try:
        return _kept_parameters(function)
    except TypeError:  # it has no hash
        return _kept_parameters.__wrapped__(function)


@lru_cache(256)  # asked for every batch, and `inspect` takes as long as a small batch
def _kept_parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def source_digest(function: Callable[..., Any]) -> str:
    """Return the SHA-256 of a function's code without comments, docstring and decorators."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
        code = _bare_source(text)
    except (OSError, SyntaxError, TypeError):  # typed into a session: only byte code is left
        code = repr((function.__code__.co_code, function.__code__.co_consts))
    return hashlib.sha256(code.encode()).hexdigest()


def _bare_source(text: str) -> str:
    tree = ast.parse(text)
    definition = tree.body[0]
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        definition.decorator_list = []
        if ast.get_docstring(definition, clean=False) is not None:
            definition.body = definition.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
