"""Derived data is kept under name and source, and extended where a split grew."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from datagen_core import Cache, InsufficientSamplesError, generate
from datagen_core.errors import GeneratorError, SchemaError, SelectionError
from datagen_core.generators.generator import Preprocessor
from datagen_core.generators.registry import load_generator
from datagen_core.store import shards
from datagen_core.store.layout import list_shards
from datagen_core.upkeep import preprocess as preprocess_module
from datagen_core.upkeep.preprocess import find_preprocessor, preprocess
from generators_for_tests import count, sine, walks

SQUARE = sine.preprocessors["square_both"]
DESCRIBE = walks.preprocessors["describe"]


@pytest.fixture
def made(tmp_path):
    made = generate(sine, 50, executor="inline", cache=tmp_path)
    made.move(20, "train")
    made.move(10, "test")
    made.move(10, "train")
    return made


def test_results_come_in_the_order_of_the_split(made):
    assert preprocess(made, SQUARE, "train", 25) == 25
    X, y = made["train"].get(25)
    squared_X, squared_y = made["train"]["square_both"].get(25)

    assert np.array_equal(squared_X, X**2)
    assert np.array_equal(squared_y, y**2)
    assert made["train"].derived == ["square_both"]


def test_what_is_there_is_not_made_again(made, monkeypatch):
    sizes = []
    seen = Preprocessor("seen", lambda X, y: sizes.append(len(X)) or (X, y))
    monkeypatch.setattr(Preprocessor, "version", "a" * 64)
    counts = [preprocess(made, seen, "train", n) for n in (8, 8, 5, 30)]

    assert counts == [8, 0, 0, 22]
    assert sum(sizes) == 30


def test_a_split_that_grew_is_extended_without_touching_the_old(made):
    preprocess(made, SQUARE, "train", 30)
    before = {path: path.stat().st_mtime_ns for path in made.paths.derived("train").rglob("*.h5")}
    made.move(10, "train")

    assert len(made["train"]["square_both"]) == 30
    assert preprocess(made, SQUARE, "train", 40) == 10
    assert np.array_equal(made["train"]["square_both"].get(40)[0], made["train"].get(40)[0] ** 2)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_buffer_that_is_filled_again_is_copied(made, monkeypatch, one_by_one):
    monkeypatch.setattr("datagen_core.upkeep.preprocess._CHUNK", 5)
    buffer = np.zeros(1 if one_by_one else 5)

    def fill(X, y):
        buffer[:] = X
        return {"x": buffer}

    def fill_each(X, y):
        return (fill(each, y) for each in X)

    preprocess(made, Preprocessor("fill", fill_each if one_by_one else fill), "train", 20)

    assert made["train"]["fill"].get()["x"].ravel().tolist() == made["train"].get(20)[0].tolist()


def test_a_result_that_is_not_held_exactly_names_its_sample(made, monkeypatch):
    monkeypatch.setattr("datagen_core.upkeep.preprocess._CHUNK", 5)
    drifting = Preprocessor("drift", lambda X, y: X.astype("f4") if X[0] == first else X)
    first = made["train"].get(1)[0][0]

    with pytest.raises(SchemaError, match=r"field 'values' of sample 5: its float32 cannot hold"):
        preprocess(made, drifting, "train", 10)


def test_another_source_is_another_version(made):
    first = Preprocessor("shift", lambda X, y: X + 1)
    second = Preprocessor("shift", lambda X, y: X + 2)
    preprocess(made, first, "train", 5)

    assert preprocess(made, second, "train", 5) == 5
    assert np.array_equal(made["train"]["shift"].get()["values"], made["train"].get(5)[0] + 2)


WAVES = """
import datagen_core
FACTOR = {}
def scale(x): return x * FACTOR
@datagen_core.generator(5)
def waves(size, rng):
    return {{"x": rng.random(size)}}
@waves.preprocessor
def scaled(values): return scale(values["x"])
"""


@pytest.fixture
def scaled(tmp_path):
    """Return a set and what preprocesses it, by a helper with one of several constants."""
    file = tmp_path / "waves.py"

    def load(factor):
        file.write_text(WAVES.format(factor))
        return load_generator(f"{file}:waves").generator

    made = generate(load(2), 10, executor="inline", cache=tmp_path / "cache")
    made.move(10, "train")
    return lambda n, factor: preprocess(made, load(factor).preprocessors["scaled"], "train", n)


def test_what_a_preprocessor_reaches_counts(scaled):
    counts = [scaled(5, 2), scaled(6, "2  # two"), scaled(7, 3), scaled(8, 2), scaled(9, 3)]
    assert counts == [5, 1, 7, 2, 2]


def test_results_of_old_versions_go_on_with_one_code(scaled, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(preprocess_module, "_fingerprint", lambda found: found.version)
        assert scaled(5, 2) == 5

    assert [scaled(6, 2), scaled(6, 3), scaled(7, 2), scaled(7, 3)] == [1, 6, 1, 1]


def test_going_back_to_an_earlier_source_shows_its_results(made):
    first = Preprocessor("shift", lambda X, y: X + 1)
    second = Preprocessor("shift", lambda X, y: X + 2)
    for version in (first, second, first):
        preprocess(made, version, "train", 5)

    assert np.array_equal(made["train"]["shift"].get()["values"], made["train"].get(5)[0] + 1)


def test_one_preprocessor_serves_several_generators(tmp_path):
    for generator in (walks, count):
        made = generate(generator, 6, executor="inline", cache=tmp_path)
        assert preprocess(made, DESCRIBE, "raw", 6) == 6 if generator is count else True


def test_params_are_given_to_those_who_name_them(made):
    scaled = Preprocessor("scaled", lambda X, y, params: X * params["right"] + params["noise"])
    preprocess(made, scaled, "test", 3)

    assert np.allclose(made["test"]["scaled"].get()["values"], made["test"].get(3)[0] + 0.1)


def test_splits_are_apart(made):
    preprocess(made, SQUARE, "train", 5)

    with pytest.raises(
        SelectionError, match=r"sine 0 test.*has nothing made by 'square_both'.*datagen pre"
    ):
        made["test"]["square_both"]


def test_an_unknown_result_names_those_there_are(made):
    preprocess(made, SQUARE, "train", 5)

    with pytest.raises(
        SelectionError, match="nothing made by 'cube', it has square_both; make it: data"
    ):
        made["train"]["cube"]


def test_too_few_results_name_the_command(made):
    preprocess(made, SQUARE, "train", 5)
    derived = pickle.loads(pickle.dumps(made["train"]["square_both"]))

    with pytest.raises(
        SelectionError, match="make more: datagen preprocess sine square_both train 30"
    ):
        derived.get(30)
    with pytest.raises(InsufficientSamplesError, match="datagen"):
        derived.get(31)


def test_too_few_samples_are_refused(made):
    with pytest.raises(InsufficientSamplesError, match="train of sine 0 has 30 samples"):
        preprocess(made, SQUARE, "train", 31)
    assert not made.paths.derived("train").exists()


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (lambda X, y: 1 / 0, GeneratorError, "preprocessor p: ZeroDivisionError: division by zero"),
        (lambda X, y: X[:-1], SchemaError, "for a batch of 5"),
        (lambda X, y: None, SchemaError, "for a batch of 5"),
        (lambda X, y: (X, y, X), SchemaError, "not a tuple of 3"),
    ],
)
def test_a_wrong_preprocessor_leaves_no_result(made, function, error, words):
    with pytest.raises(error, match=words):
        preprocess(made, Preprocessor("p", function), "train", 5)
    assert made["train"].derived in ([], ["p"])
    assert list(made.paths.derived("train").rglob("*.h5")) == []


def test_an_unknown_preprocessor_names_those_there_are():
    with pytest.raises(GeneratorError, match="sine has no preprocessor 'cube'; it has square_both"):
        find_preprocessor(sine, "cube")


def test_damaged_results_are_named(made, monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    preprocess(made, SQUARE, "train", 5)
    (path,) = made.paths.derived("train").rglob("*.h5")
    path.write_bytes(b"")

    with pytest.raises(Exception, match=path.name):
        Cache(made.paths.root.parents[1])["sine"][0]["train"]["square_both"].get(5)


@pytest.mark.parametrize("name", ["../../../pre", "a/b", "..", ".a", "", "a\x1b", "x" * 201])
def test_a_preprocessor_cannot_be_called_like_a_path(name):
    with pytest.raises(GeneratorError, match="cannot name a preprocessor"):
        Preprocessor(name, len)


def test_results_of_a_random_split_are_in_few_files(cache):
    made = generate(sine, 3000, executor="inline", cache=cache)
    made.move(1500, "train", random=True, seed=1)

    assert preprocess(made, SQUARE, "train", 1500) == 1500
    assert preprocess(made, SQUARE, "train", 1500) == 0
    split = made["train"]
    assert len(list_shards(split["square_both"]._folders[0])) == 1
    np.testing.assert_array_equal(split["square_both"].get()[0], split.get()[0] ** 2)
