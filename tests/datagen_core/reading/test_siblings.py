"""What tells a parameter set from the others of its generator."""

from __future__ import annotations

import pickle

import pytest

from datagen_core import Cache, Params, generate, generator
from datagen_core.generators.identity import digest_of
from datagen_core.reading.siblings import describe, find_contrast
from datagen_core.store.set_records import SetRecord
from generators_for_tests import sine


def record_of(params, defaults, version="1", seed=0):
    digest = digest_of("sine", version, params, seed)
    return SetRecord(digest, "sine", version, params, seed, defaults, 10, None, {})


A, AB = {"a": 1}, {"a": 1, "b": 0.0}


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ([(A, A)], ["defaults"]),
        ([({"a": 2}, A)], ["a=2"]),
        ([(A, A), ({"a": 2}, A)], ["defaults", "a=2"]),
        ([(A, A), ({"a": 2}, {"a": 2})], ["a=1", "a=2"]),
        ([(A, A), ({"a": 3}, {"a": 2}), ({"a": 2}, {"a": 2})], ["a=1", "a=3", "a=2"]),
        ([(A, A), (AB, AB)], ["defaults", "b=0"]),
        ([(A, A), ({"a": 2, "b": 0.0}, AB)], ["defaults", "a=2"]),
        ([(A, A), ({"a": 1, "b": 0.5}, AB)], ["defaults", "b=0.5"]),
        ([(A, A, "1"), (A, A, "2")], ["version=1", "version=2"]),
        ([(A, A, "1", 3), (A, A, "1")], ["seed=3", "defaults"]),
        ([(A, {"a": 2}), ({"a": 1.5}, {"a": 3})], ["a=1", "a=1.5"]),
        ([(A, A), ({"a": 2}, {"a": 2}), (AB, AB)], ["a=1", "a=2", "a=1 b=0"]),
    ],
    ids=str,
)
def test_sets_are_described_by_what_tells_them_apart(sets, words):
    records = {number: record_of(*each) for number, each in enumerate(sets)}
    contrast = find_contrast({**records, 99: None})

    assert [describe(record, contrast) for record in records.values()] == words


def test_a_set_from_a_cache_knows_its_siblings(tmp_path):
    for left in (0, -1):
        made = generate(sine, 10, {"left": left}, executor="inline", cache=tmp_path)

    assert (made.describe(), Cache(tmp_path)["sine"][0].describe()) == ("defaults", "left=0")
    assert pickle.loads(pickle.dumps(made)).describe() == "defaults"
    assert repr(made) == "<ParamSet sine 1: defaults; raw 10>"


def test_a_set_is_described_without_its_damaged_siblings(tmp_path, monkeypatch):
    monkeypatch.setattr("datagen_core.store.documents._RETRIES", 1)
    for left in (0, -1):
        generate(sine, 10, {"left": left}, executor="inline", cache=tmp_path)
    dataset = Cache(tmp_path)["sine"]
    dataset[1].paths.params.write_text("{}")

    assert dataset[0].describe() == "left=0"


def pend(default):
    class PendParams(Params):
        """Parameters whose default is another one in each version."""

        steps: int = default

    @generator(10, PendParams)
    def pend(size, rng):
        return {"x": rng.normal(size=size)}

    return pend


def test_listed_sets_have_different_words(tmp_path, monkeypatch, run_cli):
    monkeypatch.setenv("DATAGEN_CACHE", str(tmp_path))
    generate(pend(20), 10, executor="inline")
    with pytest.warns(UserWarning, match="begins a new parameter set"):
        generate(pend(30), 10, executor="inline")

    assert [each["description"] for each in run_cli("list", "--json").json] == [
        "steps=20",
        "steps=30",
    ]
    assert "0 (steps=20), 1 (steps=30)" in run_cli("show", "pend", "-p", 9).err
