"""What `help`, hovering and completion show of public names: what they are, and nothing else."""

from __future__ import annotations

import inspect
import pydoc
import sys
from importlib import import_module
from importlib.metadata import entry_points
from typing import Annotated

import pydantic
import pytest

import datagen_core
from datagen_core import History, InputFile, Params
from datagen_core.generators.registry import load_generator

MODULES = ["datagen_core", "datagen_core.commands", "datagen_core.executors.conformance"]


class Inner(Params):
    dt: float = 0.5


class ExampleParams(Params):
    """Parameters of a walk."""

    step: Annotated[float, pydantic.Field(gt=0)]
    """Length of a step."""

    start: tuple[float, ...] = (0.0,)
    drag: Annotated[float, History(since="2")] = 0.0
    map_file: InputFile | None = None
    inner: Inner = Inner()

    def check(self) -> None:
        """Refuse nothing."""


def text_of(kind):
    return pydoc.plain(pydoc.render_doc(kind))


def routines():
    """Yield (name, value) of public functions, classes and methods."""
    for module in map(import_module, MODULES):
        for name in sorted(module.__all__):
            value = getattr(module, name)
            yield f"{module.__name__}.{name}", value
            yield from methods_of(value) if inspect.isclass(value) else ()


def methods_of(kind):
    for name in sorted(vars(kind)):
        member = inspect.getattr_static(kind, name)
        if inspect.isroutine(member):
            yield f"{kind.__name__}.{name}", getattr(member, "__func__", member)


def signature_of(value):
    try:
        return str(inspect.signature(value))
    except (TypeError, ValueError):  # no function, or one of C
        return ""


def test_no_signature_has_an_address():
    signatures = {name: signature_of(value) for name, value in routines()}

    assert len([each for each in signatures.values() if each]) > 100
    assert [name for name, each in signatures.items() if " at 0x" in each] == []


def test_help_has_type_default_and_meaning_of_each_parameter():
    shown = text_of(ExampleParams)

    assert "ExampleParams(*, step: float, start: tuple[float, ...] = (0.0,), " in shown
    assert "Parameters of a walk." in shown
    assert " |  step : float\n |      Length of a step.\n" in shown
    assert " |  start : tuple[float, ...] = (0.0,)\n" in shown
    assert " |  drag : float = 0.0\n |      (since 2)\n" in shown
    assert " |  map_file : InputFile | None = None\n" in shown
    assert " |  inner : Inner = Inner(dt=0.5)\n" in shown


@pytest.mark.parametrize("kind", [Params, ExampleParams])
def test_help_of_parameters_leaves_out_what_pydantic_adds(kind):
    shown = text_of(kind)

    assert "model_" not in shown
    assert "__" not in shown
    assert len(shown.splitlines()) < 80
    assert [name for name in dir(kind) if name.startswith(("_", "model_"))] == []


def test_what_a_class_adds_is_shown():
    class Derived(ExampleParams):
        def energy(self) -> float:
            """Return the energy."""
            return self.step**2

    assert {"bind", "canonical", "check", "energy", "prepare"} <= set(dir(Derived))
    assert "Return the energy." in text_of(Derived)


def test_parameters_that_a_docstring_describes_are_not_described_twice():
    class Described(Params):
        """What a walk needs.

        Parameters
        ----------
        step
            Length of a step.
        """

        step: float = 1

    assert text_of(Described).count("Parameters\n") == 1


def test_docstring_and_signature_of_a_class_without_parameters_stay():
    class Nothing(Params):
        """Nothing to choose."""

    assert inspect.getdoc(Nothing) == "Nothing to choose."
    assert signature_of(Nothing) == "() -> None"


@pytest.mark.parametrize("name", sorted(point.name for point in entry_points(group="datagen")))
def test_parameters_of_plugins_are_shown_whole(name):
    kind = load_generator(name).generator.params_type
    shown = text_of(kind)

    assert len(shown.splitlines()) < 250
    assert [each for each in kind.model_fields if f" |  {each} : " not in shown] == []
    assert " at 0x" not in shown


def test_names_of_the_api_are_all_shown():
    assert set(datagen_core.__all__) <= set(dir(sys.modules["datagen_core"]))
