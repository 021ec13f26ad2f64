"""Make, keep and share synthetic data sets.

These names are the public API; so is `datagen_core.commands`, for plugins that provide commands.
Nothing else is.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datagen_core.cache import Cache
    from datagen_core.errors import DatagenError, InsufficientSamplesError
    from datagen_core.generation import generate, sweep
    from datagen_core.generators import DatasetGenerator, generator
    from datagen_core.hookspecs import hookimpl
    from datagen_core.inputs import input_path
    from datagen_core.params import InputFile, Params
    from datagen_core.schema import Field, Ragged, Schema

__all__ = ["Cache", "DatagenError", "DatasetGenerator", "Field", "InputFile",
           "InsufficientSamplesError", "Params", "Ragged", "Schema", "generate", "generator",
           "hookimpl", "input_path", "sweep"]  # fmt: skip

_MODULES = dict(zip(__all__, ("cache", "errors", "generators", "schema", "params", "errors",
           "params", "schema", "schema", "generation", "generators", "hookspecs", "inputs",
           "generation"), strict=True))  # fmt: skip


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: listing a cache must not pay for pydantic."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
