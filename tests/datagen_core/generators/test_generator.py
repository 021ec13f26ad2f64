"""What a plugin provides: recipes for samples, and preprocessors."""

from __future__ import annotations

import numpy as np
import pytest

import datagen_core
from datagen_core.errors import ConfigurationError, GeneratorError
from datagen_core.generators.generator import parse_options
from datagen_core.generators.preprocessor import Preprocessor, source_digest
from generators_for_tests import SineParams, count, sine, square_both, walks


def test_decorator_declares_everything():
    assert (sine.name, sine.batch_size, sine.params_type) == ("sine", 10, SineParams)
    assert (sine.memory, sine.version, sine.schema) == ("1GB", "1", None)
    assert sine.options == {"qos": "test", "exclusive": True}
    assert sine.summary == "Draw pairs from a noisy sine wave."


def test_digest_is_that_of_the_parameter_set_in_a_cache(tmp_path):
    made = datagen_core.generate(sine, 1, {"left": 1}, seed=3, executor="inline", cache=tmp_path)

    assert sine.digest_of(SineParams(left=1), 3) == made.record.digest


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda size, params, rng: (size, params, rng), (3, "p", "r")),
        (lambda rng, size: (rng, size), ("r", 3)),
        (lambda start: start, 9),
        (lambda seed: seed, 5),
        (lambda: "nothing", "nothing"),
    ],
)
def test_function_gets_what_it_names(function, expected):
    made = datagen_core.generator(name="g")(function)

    assert made(3, "p", "r", 9, 5) == expected


def test_unknown_argument_is_refused_with_the_known_ones():
    with pytest.raises(
        GeneratorError,
        match=r"unknown argument 'sise' of the function; it may have size, params, rng",
    ):
        datagen_core.generator(name="g")(lambda sise: sise)


@pytest.mark.parametrize("size", [0, -1])
def test_empty_batches_are_refused(size):
    with pytest.raises(GeneratorError, match="at least one sample"):
        datagen_core.generator(size, name="g")(lambda size: size)


@pytest.mark.parametrize("params", [dict, int, {"left": 1}, object()])
def test_params_class_must_be_one(params):
    with pytest.raises(
        GeneratorError, match=r"g: its parameters must be a subclass of datagen_core.Params"
    ):
        datagen_core.generator(1, params, name="g")(lambda size: size)


def test_version_is_text():
    assert datagen_core.generator(version=2, name="g")(lambda size: size).version == "2"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", {}),
        ("--qos=test", {"qos": "test"}),
        ("--qos test --exclusive", {"qos": "test", "exclusive": True}),
        ("--comment='two words' --nice", {"comment": "two words", "nice": True}),
        ("--gres=gpu:1", {"gres": "gpu:1"}),
    ],
)
def test_options_of_sbatch_are_read(text, options):
    assert parse_options(text) == options


@pytest.mark.parametrize("text", ["qos=test", "-q test", "--qos=a b", "--qos a b"])
def test_wrong_options_are_refused(text):
    with pytest.raises(GeneratorError, match="write them as --name=value"):
        parse_options(text)


def test_one_preprocessor_serves_several_generators():
    assert sine.preprocessors["square_both"].function is square_both
    assert walks.preprocessors["describe"].function is count.preprocessors["describe"].function


def test_preprocessor_takes_pairs_dicts_and_params():
    pair = Preprocessor("p", lambda X, y: X + y)
    record = Preprocessor("p", lambda values: values["a"])
    scaled = Preprocessor("p", lambda X, y, params: X * params["k"])

    assert pair((1, 2), {}) == 3
    assert record({"a": 5}, {}) == 5
    assert scaled((2, 0), {"k": 4}) == 8


def plain(X):
    return X + 1


def documented(X):
    """Add one."""
    # Why not.
    return X + 1  # a comment


def other(X):
    return X + 2


def test_comments_and_docstrings_do_not_change_a_version():
    renamed = source_digest(documented)

    documented.__name__ = "plain"
    assert renamed == source_digest(documented)
    assert source_digest(plain) != source_digest(other)


def test_version_of_a_function_typed_into_a_session_is_its_code():
    made = {}
    exec(
        "def f(x):\n    return x + 1\ndef g(x):\n    return x + 2\ndef h(x):\n    return x + 1",
        made,
    )

    assert source_digest(made["f"]) == source_digest(made["h"]) != source_digest(made["g"])


def test_size_of_a_batch_reaches_the_function():
    made = list(sine(4, SineParams(), np.random.default_rng(0)))

    assert len(made) == 4
    assert all(len(pair) == 2 for pair in made)


def test_a_preflight_may_look_at_the_seed():
    def look(params, seed):
        yield f"seed {seed}"

    seeing, blind = (
        datagen_core.DatasetGenerator("g", lambda size: size, preflight=preflight)
        for preflight in (look, lambda params: ["no seed"])
    )
    assert seeing.inspect(datagen_core.Params(), 7) == ("seed 7",)
    assert blind.inspect(datagen_core.Params(), 7) == ("no seed",)
    assert (
        datagen_core.DatasetGenerator("g", lambda size: size).inspect(datagen_core.Params(), 7)
        == ()
    )


@pytest.mark.parametrize("lines", [None, [], "one line"])
def test_a_preflight_may_return_nothing_or_one_line(lines):
    generator = datagen_core.DatasetGenerator(
        "g", lambda size: size, preflight=lambda params: lines
    )

    assert generator.inspect(datagen_core.Params(), 0) == (("one line",) if lines else ())


@pytest.mark.parametrize("error", [ValueError("oops"), SystemExit(0)])
@pytest.mark.parametrize(
    ("name", "method", "arguments"),
    [
        ("preflight", "inspect", (0,)),
        ("schema", "inspect", (0,)),
        ("limit", "limit_of", ()),
        ("account", "account_of", (1, list)),
    ],
)
def test_what_a_users_function_raises_is_named(name, method, arguments, error):
    def fail(*args):
        raise error

    generator = datagen_core.DatasetGenerator("g", lambda size: size, **{name: fail})

    with pytest.raises(GeneratorError, match=f"{name} of g: {type(error).__name__}: "):
        getattr(generator, method)(datagen_core.Params(), *arguments)


def test_a_function_that_returns_no_schema_is_named():
    generator = datagen_core.DatasetGenerator(
        "g", lambda size: size, schema=lambda params: {"x": "f8"}
    )

    with pytest.raises(ConfigurationError, match=r"the schema of g is \{'x': 'f8'\}, of"):
        generator.inspect(datagen_core.Params(), 0)
