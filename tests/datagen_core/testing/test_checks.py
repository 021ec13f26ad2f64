"""The conformance kit of generators: sound ones pass, and each fault is found by its own check."""

from __future__ import annotations

import re
import unittest
from pathlib import Path
from typing import Annotated, Literal

import pydantic
import pytest

import bad_generators
import datagen_core
from datagen_core import testing
from datagen_core.errors import GeneratorError
from datagen_core.executors import conformance
from datagen_core.testing.other_values import other_values, parameters_in

ROOT = Path(__file__).parents[3]
NOISY_SINE = f"{ROOT / 'example_datasets' / 'generators.py'}:noisy_sine"
BAD = Path(bad_generators.__file__)
ONE_OF_EACH = {
    "clock", "counter", "fixed_size", "unused_parameter", "changing_type", "crashing_preflight",
    "raising_params", "silent", "crashing", "command_line", "made_twice",
}  # fmt: skip


def failures_of(generator, folder, **options):
    """Return what each check says that fails, by its name."""
    found = {}
    for check in testing.checks:
        try:
            check(generator, folder / check.name, **options)
        except testing.ConformanceError as error:
            found[check.name] = str(error)
        except unittest.SkipTest:
            pass
    return found


@pytest.mark.parametrize("check", testing.checks)
def test_a_sound_generator_passes(check, tmp_path):
    check(NOISY_SINE, tmp_path)


@pytest.mark.parametrize("name", sorted(ONE_OF_EACH))
def test_a_fault_is_found_by_its_check_alone(name, tmp_path):
    check, words = bad_generators.FAULTS[name]
    found = failures_of(f"{BAD}:{name}", tmp_path)

    assert list(found) == [check]
    assert found[check].startswith(f"{name}: ")
    assert "\n" not in found[check]
    assert re.search(words, found[check])


@pytest.mark.parametrize("name", sorted(bad_generators.FAULTS.keys() - ONE_OF_EACH))
def test_another_fault_of_a_kind_is_found(name, tmp_path):
    wanted, words = bad_generators.FAULTS[name]
    (check,) = (each for each in testing.checks if each.name == wanted)

    with pytest.raises(testing.ConformanceError, match=words):
        check(f"{BAD}:{name}", tmp_path)


def test_each_check_has_a_fault_that_it_finds():
    known = {check for check, _ in bad_generators.FAULTS.values()} | {"loading"}

    assert known == {check.name for check in testing.checks}


def check_named(name):
    return next(check for check in testing.checks if check.name == name)


def test_a_generator_that_no_process_finds_fails_at_loading(tmp_path):
    scale = [1.0]

    @datagen_core.generator(3)
    def closure(size):
        """Depend on what is around it."""
        yield from ({"x": scale[0]} for _ in range(size))

    with pytest.raises(testing.ConformanceError, match=r"is not the same in a job|would not find"):
        check_named("loading")(closure, tmp_path)


def test_a_generator_of_a_session_is_skipped_by_what_needs_processes(tmp_path):
    made = {}
    exec("import datagen_core\n@datagen_core.generator()\ndef walk(size):\n  yield 1, 2\n", made)

    with pytest.raises(testing.ConformanceError, match="no other process can load it"):
        check_named("loading")(made["walk"], tmp_path)
    with pytest.raises(unittest.SkipTest, match="see check loading"):
        check_named("repeatable")(made["walk"], tmp_path)


def test_a_declared_parameter_need_not_change_anything(tmp_path):
    check = check_named("parameters")
    check(f"{BAD}:unused_parameter", tmp_path, ignored={"label", "steps"})

    with pytest.raises(testing.ConformanceError, match="parameter steps: no other value is found"):
        check(f"{BAD}:unused_parameter", tmp_path, ignored={"label"})
    with pytest.raises(
        testing.ConformanceError, match=r"parameter scale.* take it out of `ignored`"
    ):
        check(f"{BAD}:unused_parameter", tmp_path, ignored={"scale", "label", "steps"})
    with pytest.raises(
        testing.ConformanceError, match="it has no parameter 'labels'; it has: label"
    ):
        check(f"{BAD}:unused_parameter", tmp_path, ignored={"labels"})


def test_all_checks_in_one_call_say_a_line_for_each_failure(tmp_path):
    with pytest.raises(testing.ConformanceError) as caught:
        testing.check_generator(f"{BAD}:unused_parameter", tmp_path, ignored={"steps"})

    assert str(caught.value).startswith("parameters: unused_parameter: parameter label changes no")
    assert "\n" not in str(caught.value)


def test_what_was_not_installed_is_said(tmp_path):
    with pytest.raises(GeneratorError, match=r"install the plugin first: pip install -e ."):
        testing.check_generator("no_such_plugin", tmp_path)


def test_a_missing_parameter_is_named(tmp_path):
    with pytest.raises(testing.ConformanceError, match=r"has no default.*pass them: params="):
        check_named("batches")("pate_votes", tmp_path)


@pytest.mark.parametrize(
    ("annotation", "value", "found"),
    [
        (bool, True, [False]),
        (Literal["a", "b"], "a", ["b"]),
        (int, 3, [4, 2, 6, 1, 13, 1, 2]),
        (str, "a", ["a2", "other"]),
        (Annotated[bool, None], False, [True]),
        (int | None, None, [2, 0, 2, 0, 11, 1, 2, 3]),
        (tuple[float, ...], [1.0], [[1.5], [0.5], [1.5], [1.0, 1.5], [1.0, 1.0], []]),
        (dict, {}, []),
    ],
)
def test_other_values_are_of_the_type(annotation, value, found):
    assert list(other_values(annotation, value)) == found


class Inner(datagen_core.Params):
    dt: float = 0.1


class Outer(datagen_core.Params):
    inner: Inner = Inner()
    count: Annotated[int, pydantic.Field(gt=0)] = 1


def test_parameters_in_parameters_have_names_with_dots():
    found = {each.name: each for each in parameters_in(Outer())}

    assert list(found) == ["inner.dt", "count"]
    assert found["inner.dt"].change(Outer(), 0.5) == {"inner": {"dt": 0.5}}
    assert found["count"].change(Outer(), 2) == {"count": 2}


def test_kits_for_executors_are_here_too():
    assert testing.check_executor is conformance.check_executor
