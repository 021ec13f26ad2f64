"""Make, keep and share synthetic data sets.

These names are the public API, with the modules `datagen_core.commands` and `datagen_core.files`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datagen_core.errors import DatagenError as DatagenError
    from datagen_core.errors import InsufficientSamplesError as InsufficientSamplesError
    from datagen_core.executors.base import Executor as Executor
    from datagen_core.executors.base import Job as Job
    from datagen_core.executors.base import Resources as Resources
    from datagen_core.executors.base import TaskState as TaskState
    from datagen_core.generators.generator import DatasetGenerator as DatasetGenerator
    from datagen_core.generators.generator import generator as generator
    from datagen_core.generators.hookspecs import hookimpl as hookimpl
    from datagen_core.generators.inputs import input_path as input_path
    from datagen_core.generators.params import InputFile as InputFile
    from datagen_core.generators.params import Params as Params
    from datagen_core.generators.schema import Field as Field
    from datagen_core.generators.schema import Ragged as Ragged
    from datagen_core.generators.schema import Schema as Schema
    from datagen_core.reading.cache import Cache as Cache
    from datagen_core.scheduling.generate import generate as generate
    from datagen_core.scheduling.generate import sweep as sweep
    from datagen_core.store.runs import Plan as Plan
    from datagen_core.store.runs import TaskKey as TaskKey

_MODULES = {
    "Cache": "reading.cache",
    "DatagenError": "errors",
    "DatasetGenerator": "generators.generator",
    "Executor": "executors.base",
    "Field": "generators.schema",
    "InputFile": "generators.params",
    "InsufficientSamplesError": "errors",
    "Job": "executors.base",
    "Params": "generators.params",
    "Plan": "store.runs",
    "Ragged": "generators.schema",
    "Resources": "executors.base",
    "Schema": "generators.schema",
    "TaskKey": "store.runs",
    "TaskState": "executors.base",
    "generate": "scheduling.generate",
    "generator": "generators.generator",
    "hookimpl": "generators.hookspecs",
    "input_path": "generators.inputs",
    "sweep": "scheduling.generate",
}

__all__ = list(_MODULES)


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, so that listing a cache does not import pydantic."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
