"""Canonical JSON, digests and folder names: what a parameter set is."""

from __future__ import annotations

import json
import subprocess
import sys
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.generators.identity import (
    canonical_json,
    changed_params,
    digest_of,
    folder_name,
    sha256_of,
)
from datagen_core.store.layout import list_folders
from strategies import json_objects, json_values

PARAMS = {"left": 0.0, "right": 1.0, "std_dev": 0.5}
PINNED = "ba2750161bc20c6481a7fcdbaee02f846c9a7b0f08215183958a653570fdd96c"


def test_digest_is_pinned():
    assert digest_of("noisy_sine", "1", PARAMS, 0) == PINNED


def test_digest_is_the_same_in_every_process():
    program = (
        "from datagen_core.generators.identity import digest_of;"
        f"print(digest_of('noisy_sine', '1', {PARAMS!r}, 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == PINNED


@pytest.mark.parametrize(
    "other",
    [
        ("noisy_sin", "1", PARAMS, 0),
        ("noisy_sine", "2", PARAMS, 0),
        ("noisy_sine", "1", {**PARAMS, "left": 1e-300}, 0),
        ("noisy_sine", "1", {**PARAMS, "more": None}, 0),
        ("noisy_sine", "1", PARAMS, 1),
    ],
)
def test_everything_that_makes_a_set_changes_its_digest(other):
    assert digest_of(*other) != PINNED


@given(json_objects, st.randoms(use_true_random=False))
def test_order_of_keys_is_of_no_account(params, shuffler):
    shuffled = dict(shuffler.sample(list(params.items()), len(params)))

    assert digest_of("g", "1", shuffled, 0) == digest_of("g", "1", params, 0)


@given(json_values)
def test_canonical_json_survives_a_round_trip(value):
    text = canonical_json(value)

    assert canonical_json(json.loads(text)) == text
    assert sha256_of(json.loads(text)) == sha256_of(value)


def test_zero_has_one_sign():
    assert canonical_json({"a": [-0.0, (0.0,)]}) == '{"a":[0.0,[0.0]]}'


def test_keys_are_sorted_and_written_as_text():
    value = {10: {"b": 0, True: 1, None: (-0.0,)}, 9: MappingProxyType({2: [{(1,): ""}], 1.5: 0})}

    assert canonical_json(value) == (
        '{"10":{"None":[0.0],"True":1,"b":0},"9":{"1.5":0,"2":[{"(1,)":""}]}}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]])
def test_values_that_are_no_json_are_refused(value):
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(value)


def test_changed_params_are_those_off_their_defaults():
    defaults = {"left": -1, "right": 1}

    assert changed_params({"left": -1.0, "right": 2.0, "n": 3}, defaults) == {"right": 2.0, "n": 3}


def test_a_parameter_without_default_always_counts_as_changed():
    assert changed_params({"n": None}, {}) == {"n": None}


def test_folder_name_reads_well():
    digest = "3bec39c0" + 56 * "0"

    assert folder_name({"left": 0.0, "std_dev": 0.5}, 0, digest) == "left=0,std_dev=0.5-3bec39c0"
    assert folder_name({}, 0, digest) == "default-3bec39c0"
    assert folder_name({"kind": "a b/c"}, 7, digest) == "kind=a_b_c,seed=7-3bec39c0"


@given(json_objects, st.integers(0, 10**9))
def test_any_parameters_make_a_visible_folder(tmp_path_factory, params, seed):
    folder = tmp_path_factory.mktemp("any")
    name = folder_name(params, seed, 64 * "a")
    (folder / name).mkdir()

    assert [path.name for path in list_folders(folder)] == [name]
    assert len(name) < 100
