"""Digests of the built-in generators' sets stay, whatever parameters are added.

`digests.json` has the names of the parameters that there were before any was added later, and
digests of some sets. It never changes, but for a generator that is new or has a new `version`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen_core import Params
from datagen_core.generators.declarations import later_params, renamed_params
from datagen_core.generators.params import identity_of
from datagen_core.generators.registry import installed_generators, load_generator

KNOWN = json.loads(Path(__file__).with_name("digests.json").read_text())
SETS = [(name, each) for name, known in KNOWN.items() for each in known["sets"]]


def undeclared(params_type: type[Params], known: list[str]) -> list[str]:
    """Return the parameters that are not known and do not say that they came later."""
    declared = later_params(params_type) | set(renamed_params(params_type).values())
    return [name for name in params_type.model_fields if name not in {*known, *declared}]


def test_every_built_in_generator_has_digests():
    built_in = {name for name, origin in installed_generators().items() if "(datagen_" in origin}

    assert built_in == KNOWN.keys()


@pytest.mark.parametrize("name", KNOWN)
def test_parameters_that_are_added_declare_it(name):
    params_type = load_generator(name).generator.params_type

    assert undeclared(params_type, KNOWN[name]["names"]) == []


def test_a_parameter_that_does_not_declare_it_is_named():
    params_type = load_generator("leaf_synthetic").generator.params_type
    grown = type("Grown", (params_type,), {"__annotations__": {"depth": int}, "depth": 1})

    assert undeclared(grown, KNOWN["leaf_synthetic"]["names"]) == ["depth"]
    assert "depth" in identity_of(grown())


@pytest.mark.parametrize(("name", "known"), SETS)
def test_digests_stay(name, known):
    generator = load_generator(name).generator
    params = generator.params_type.bind(known["params"], name)

    assert generator.digest_of(params, known["seed"]) == known["digest"]
