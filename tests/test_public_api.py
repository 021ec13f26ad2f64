"""The public names of datagen_core and of datagen_core.commands: that they are these, and work."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

import datagen_core
from datagen_core import commands, errors
from datagen_core.generators import hookspecs

PUBLIC = [
    "Batches",
    "Cache",
    "CacheError",
    "ChangedCodeError",
    "ConfigurationError",
    "DamagedFileError",
    "DatagenError",
    "Dataset",
    "DatasetGenerator",
    "Estimate",
    "Exclusion",
    "ExecutionError",
    "Executor",
    "Field",
    "Finding",
    "FrozenSplit",
    "GeneratorError",
    "History",
    "ImportedSet",
    "IncompleteRunError",
    "InputFile",
    "InsufficientSamplesError",
    "Interval",
    "IntervalList",
    "IntervalSet",
    "Job",
    "MissingPackageError",
    "MoveWords",
    "NewerFormatError",
    "Observer",
    "ParamSet",
    "Params",
    "ParamsError",
    "Plan",
    "Preprocessor",
    "Progress",
    "Ragged",
    "Recipe",
    "Refusal",
    "RefusedSampleError",
    "Relabel",
    "RemovedSetError",
    "Resources",
    "Samples",
    "SchedulerFullError",
    "SchedulerUnavailableError",
    "Schema",
    "SchemaError",
    "Selection",
    "SelectionError",
    "SetRecord",
    "Split",
    "SplitError",
    "Study",
    "StudyError",
    "Table",
    "TaskKey",
    "TaskState",
    "UnreadableError",
    "UntrustedError",
    "VerificationError",
    "View",
    "ViewSamples",
    "check_space",
    "draw_points",
    "format_study",
    "generate",
    "generator",
    "hookimpl",
    "import_cache",
    "input_path",
    "plan_study",
    "publish_study",
    "read_space",
    "round_quotas",
    "sweep",
]
ALIASES = {"Observer", "Table"}
"""Names of types of functions, which are described where they are defined."""

FOR_COMMANDS = [
    "LazyGroup",
    "cache_option",
    "count_of",
    "heed_sigterm",
    "human_bytes",
    "json_option",
    "open_cache",
    "print_json",
    "say",
    "say_excluded",
    "say_text",
    "select_set",
    "set_option",
    "tell",
]


def test_public_names_are_these():
    assert datagen_core.__all__ == PUBLIC


def test_public_names_for_commands_of_plugins_are_these():
    assert commands.__all__ == FOR_COMMANDS
    assert all(getattr(commands, name) for name in FOR_COMMANDS)


def test_the_core_loads_without_click():
    program = "import sys, datagen_core; sys.exit('click' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], check=True)


def test_nothing_else_looks_public():
    assert [name for name in dir(datagen_core) if not name.startswith("_")] == PUBLIC


def test_the_version_is_that_of_the_distribution():
    assert datagen_core.__version__ == version("datagen")


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - ALIASES))
def test_public_name_is_documented(name):
    documentation = inspect.getdoc(getattr(datagen_core, name))

    assert documentation
    assert documentation[0].isupper()


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = datagen_core.no_such_name


@pytest.mark.parametrize("first", ["", "import datagen_core.generators, datagen_core.cli; "])
@pytest.mark.parametrize("name", ["generate", "generator"])
def test_function_is_not_hidden_by_a_module_of_its_name(first, name):
    program = f"{first}from datagen_core import {name}; assert callable({name}), {name}"

    subprocess.run([sys.executable, "-c", program], check=True)


def public_functions():
    """Yield the exported functions, the public methods of exported classes, and the hooks."""
    for name in PUBLIC:
        value = getattr(datagen_core, name)
        methods = list(vars(value).items()) if inspect.isclass(value) else [("", value)]
        for method, function in methods:
            inner = (getattr(function, name, None) for name in ("fget", "func", "__func__"))
            found = next(filter(None, inner), function)
            if inspect.isfunction(found) and (not method.startswith("_") or method in CALLED):
                yield f"{name}.{method}", found
    for name, value in vars(hookspecs).items():
        if name.startswith("datagen_"):
            yield name, value


CALLED = {"__call__", "__getitem__", "__iter__"}
NEEDS_TORCH = {"TorchDataset"}
"""What cannot be imported where torch is not installed."""


def named_types(function):
    """Return the names of our types in a function's signature, and of the errors it promises."""
    signature = inspect.signature(function)
    annotations = [each.annotation for each in signature.parameters.values()]
    raises = (inspect.getdoc(function) or "").partition("Raises\n------\n")[2]
    promised = re.findall(r"^(\w+)$", raises, re.MULTILINE)
    ours = ours_among([*annotations, signature.return_annotation], function)
    return ours | {name for name in promised if hasattr(errors, name)}


def ours_among(annotations, owner):
    words = re.findall(r"\b[A-Z]\w+", " ".join(map(str, annotations)))
    return {name for name in words if is_ours(owner, name)}


def is_ours(function, name):
    """Return whether a name in a function's module is ours, be it imported for typing only."""
    module = inspect.getmodule(function)
    if name in vars(module):
        return str(getattr(vars(module)[name], "__module__", "")).startswith("datagen_core")
    return bool(re.search(rf"from datagen_core\S* import .*\b{name}\b", inspect.getsource(module)))


FOLDERS = {"RunPaths", "SetPaths"}
"""Where the core keeps its files; plugins are given paths."""


def test_types_of_public_attributes_are_public():
    classes = {name: getattr(datagen_core, name) for name in PUBLIC}
    missing = {
        f"{name}.{attribute}: {each}"
        for name, owner in classes.items()
        for attribute, annotation in getattr(owner, "__annotations__", {}).items()
        if not attribute.startswith("_")
        for each in ours_among([annotation], owner) - {*PUBLIC, *FOLDERS}
    }

    assert not missing


def test_what_public_functions_name_is_public():
    missing = {
        f"{name}: {each}"
        for name, function in public_functions()
        for each in named_types(function)
        if each not in {*PUBLIC, *NEEDS_TORCH}
    }

    assert not missing
