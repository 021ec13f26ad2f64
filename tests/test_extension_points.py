"""The page of extension points names all there are, with the arguments that they have."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from datagen_core import Executor, Params, generate
from datagen_core.generators import generator, hookspecs, registry
from datagen_core.generators.generator import DatasetGenerator
from distributions import write_distribution
from readme_blocks import blocks_of

PAGE = (Path(__file__).parents[1] / "docs/reference/extension-points.md").read_text()
HOOKS = [name for name in vars(hookspecs) if name.startswith("datagen_")]
METHODS = [name for name, value in vars(Executor).items() if inspect.isfunction(value)]
FLAGS = [name for name, value in vars(Executor).items() if isinstance(value, bool)]
CALLED = [
    name
    for name, annotation in inspect.get_annotations(DatasetGenerator).items()
    if "Callable[" in annotation and name != "function"
]


def arguments_of(function):
    return ", ".join(name for name in inspect.signature(function).parameters if name != "self")


@pytest.mark.parametrize("group", registry._GROUPS)
def test_each_group_has_a_row_and_a_section(group):
    assert f"\n| `{group}` |" in PAGE
    assert f"`{group}`\n" in "".join(line for line in PAGE.splitlines(True) if line[:2] == "##")


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_has_its_arguments(hook):
    assert f"The hook `{hook}({arguments_of(getattr(hookspecs, hook))})`" in PAGE


@pytest.mark.parametrize("method", [name for name in METHODS if not name.startswith("_")])
def test_each_method_of_executors_has_its_arguments(method):
    assert f"`{method}({arguments_of(getattr(Executor, method))})`" in PAGE


@pytest.mark.parametrize("flag", FLAGS)
def test_each_flag_of_executors_is_named(flag):
    assert f"`{flag}`" in PAGE


@pytest.mark.parametrize("argument", generator._ARGUMENTS)
def test_each_argument_of_a_generator_is_named(argument):
    assert f"`{argument}`" in PAGE


@pytest.mark.parametrize("name", CALLED)
def test_each_function_that_a_generator_declares_is_named(name):
    assert f"| `{name}(params" in PAGE


def test_the_executor_of_the_page_works(tmp_path, monkeypatch):
    (module,) = (block.text for _, block in blocks_of(PAGE) if block.file_name == "datagen_echo.py")
    (tmp_path / "datagen_echo.py").write_text(module)
    write_distribution(tmp_path, "datagen-echo", "[datagen.executors]\necho = datagen_echo\n")
    monkeypatch.syspath_prepend(tmp_path)
    made = generate("leaf_synthetic", 64, executor="echo", njobs=2, cache=tmp_path / "cache")

    assert made.counts == {"raw": 64}


def test_functions_of_parameters_have_their_arguments():
    assert "`check(self)`" in PAGE
    assert f"`prepare(cls, {arguments_of(Params.prepare)})`" in PAGE
