"""Functions that are called with something of a wrong kind say so before they write anything."""

from __future__ import annotations

import numpy as np
import pytest

import datagen_core
from datagen_core import (
    Cache,
    ConfigurationError,
    Field,
    Interval,
    IntervalSet,
    Schema,
    generate,
    sweep,
)
from datagen_core.executors.local import LocalExecutor
from generators_for_tests import sine


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"time": 2}, 'time is 2, of type int; write text as for sbatch: "2" is two minutes'),
        ({"time": 1.5}, "time is 1.5, of type float"),
        ({"time": True}, "time is True"),
        ({"time": ""}, "is not a time limit"),
        ({"memory": 4}, 'memory is 4, of type int; write text as for sbatch, such as "4G"'),
        ({"memory": ""}, "is not a memory size"),
        ({"n": "10"}, "n is '10', of type str; write a whole number"),
        ({"n": 1.5}, "n is 1.5"),
        ({"n": np.float64(3)}, "n is np.float64"),
        ({"n": True}, "n is True"),
        ({"n": None}, "n is None"),
        ({"n": np.array([3])}, "n is array"),
        ({"n": 0}, "ask for at least one"),
        ({"njobs": "2"}, "njobs is '2'"),
        ({"njobs": 0}, "use at least one"),
        ({"njobs": 1.5}, "njobs is 1.5"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"seed": "1"}, "seed is '1'"),
        ({"seed": -1}, "use 0 or more"),
        ({"executor": LocalExecutor()}, 'of type LocalExecutor; write its name: "slurm"'),
        ({"partition": 3}, "partition is 3"),
        ({"total": 1}, "total is 1, of type int; write True"),
        ({"params": [1]}, "parameters are a mapping such as .*, not "),
        ({"params": "left=0"}, "parameters are a mapping such as .*, not 'left=0'"),
        ({"params": 3}, "parameters are a mapping"),
        ({"params": {"label": 1}}, "parameter label: input should be a valid string, not 1"),
        ({"cache": 3}, "the cache is 3, of type int; write the path of a folder"),
        ({"observer": 3}, "observer is 3, of type int; write a function"),
        ({"generator": sine.function}, "of type function; write a name, .* or a function decorate"),
        ({"generator": None}, "the generator is None"),
    ],
)
def test_generate_names_the_right_form(tmp_path, arguments, words):
    given = {"generator": sine, "n": 5, "executor": "inline", "cache": tmp_path / "cache"}
    with pytest.raises(ConfigurationError, match=words) as raised:
        generate(**{**given, **arguments})

    assert "\n" not in str(raised.value)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("points", [{"left": 1}, "left", 3, None, b"x"])
def test_points_are_mappings(tmp_path, points):
    with pytest.raises(ConfigurationError, match="write a list of mappings, such as"):
        sweep(sine, 1, points, executor="inline", cache=tmp_path / "cache")

    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("points", [[1], np.array([1]), ["a"]])
def test_each_point_is_a_mapping(tmp_path, points):
    with pytest.raises(ConfigurationError, match="parameters are a mapping"):
        sweep(sine, 1, points, executor="inline", cache=tmp_path / "cache")

    assert not (tmp_path / "cache").exists()


def test_integers_of_numpy_are_integers(tmp_path):
    numbers = {"n": np.int64(3), "seed": np.uint8(1), "njobs": np.array(2)}
    made = generate(sine, executor="inline", cache=tmp_path, **numbers)

    assert made.move(np.int32(2), "train") == IntervalSet([Interval(0, 2)])
    assert len(made["train"].get(np.int64(1))[0]) == 1
    assert Cache(tmp_path)["sine"][np.int64(0)].seed == 1


@pytest.fixture
def made(tmp_path):
    return generate(sine, 5, executor="inline", cache=tmp_path)


@pytest.mark.parametrize(
    "call",
    [
        lambda _: Cache(3),
        lambda _: Cache(b"x"),
        lambda made: made.move("3", "train"),
        lambda made: made.move(1.5, "train"),
        lambda made: made.move(True, "train"),
        lambda made: made.move(3, 5),
        lambda made: made.exclude(3, "broken"),
        lambda made: made.exclude([3], 5),
        lambda made: made["raw"].get("3"),
        lambda made: made["raw"].get(1.5),
        lambda made: list(made["raw"].batches("3")),
        lambda made: list(made["raw"].batches(0)),
        lambda made: Cache(made.paths.root.parents[1])["sine"][1.5],
        lambda made: Cache(made.paths.root.parents[1])["sine"][None],
        lambda made: Cache(made.paths.root.parents[1])["sine"][True],
    ],
)
def test_readers_name_what_is_wrong_and_change_nothing(made, call):
    with pytest.raises(ConfigurationError):
        call(made)

    assert made.counts == {"raw": 5}


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"batch_size": 1.5}, "batch_size is 1.5"),
        ({"batch_size": "5"}, "batch_size is '5'"),
        ({"batch_size": len}, "write @datagen_core.generator\\(\\) above a function"),
        ({"memory": 4}, 'memory is 4, of type int; write text as for sbatch, such as "4G"'),
        ({"options": 3}, "options is 3"),
        ({"name": 3}, "name is 3"),
        ({"setup": "module load gcc"}, "write a list of shell commands"),
        ({"compress": "yes"}, "compress is 'yes', of type str; write True or False"),
        ({"schema": {"x": "f8"}}, "schema is .*, of type dict; write a Schema or a function"),
        ({"limit": 5}, "limit is 5, of type int; write a function"),
        ({"preflight": 3}, "preflight is 3"),
    ],
)
def test_a_generator_is_declared_in_the_right_form(declared, words):
    with pytest.raises(ConfigurationError, match=words):
        datagen_core.generator(**declared)


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: Field("f8", 3), r"the shape is 3, of type int; write sizes in a tuple"),
        (lambda: Field("f8", (1.5,)), "a size of the shape is 1.5"),
        (lambda: Field("f8", (-1,)), "no negative sizes"),
        (lambda: Field("nosuch"), "a field cannot hold 'nosuch': data type 'nosuch' not under"),
        (lambda: Field(3), "a field cannot hold 3"),
        (lambda: Schema(3), "fields is 3, of type int; write a dict"),
        (lambda: Schema({"x": "f8"}), "field x is 'f8', of type str; write a Field"),
    ],
)
def test_fields_are_declared_in_the_right_form(declare, words):
    with pytest.raises(ConfigurationError, match=words):
        declare()
