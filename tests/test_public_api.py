"""The public names of datagen_core and of datagen_core.commands: that they are these, and work."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import datagen_core
from datagen_core import commands

PUBLIC = [
    "Cache",
    "DatagenError",
    "DatasetGenerator",
    "Executor",
    "Field",
    "InputFile",
    "InsufficientSamplesError",
    "Job",
    "Params",
    "Plan",
    "Ragged",
    "Resources",
    "Schema",
    "TaskKey",
    "TaskState",
    "generate",
    "generator",
    "hookimpl",
    "input_path",
    "sweep",
]
FOR_COMMANDS = [
    "LazyGroup",
    "cache_option",
    "heed_sigterm",
    "json_option",
    "open_cache",
    "select_set",
    "set_option",
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


@pytest.mark.parametrize("name", PUBLIC)
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
