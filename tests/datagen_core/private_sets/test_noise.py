"""All that is random in a private set follows from a key that is in no cache."""

from __future__ import annotations

import shutil

import numpy as np

from datagen_core.batches import batch_stream
from datagen_core.store.keys import derive_secret, key_path, read_key
from private_sets import values


def test_two_caches_never_have_the_same_private_set(make, tmp_path):
    one, other = make(), make(cache=tmp_path / "other")

    assert one.record.digest != other.record.digest
    assert one.record.instance != other.record.instance
    assert not np.isin(values(one), values(other)).any()


def test_noise_is_a_function_of_key_and_index(make, cache, tmp_path):
    make(10)
    shutil.copytree(cache, tmp_path / "copy")

    longer, in_parts = make(10), [make(n, cache=tmp_path / "copy") for n in (3, 7)][-1]

    assert np.array_equal(values(longer), values(in_parts))


def test_noise_has_its_spread(make):
    noise = values(make(500)) - np.arange(500)

    assert 0.85 < noise.std() < 1.15
    assert np.unique(noise).size == 500


def test_seed_and_digest_do_not_give_the_noise(make):
    param_set = make(5)
    stream = batch_stream(0, param_set.record.digest, 0)

    guess = np.random.Generator(np.random.PCG64DXSM(stream)).normal(size=5)

    assert not np.isclose(values(param_set) - np.arange(5), guess).any()


def test_secrets_differ_by_purpose_batch_and_set():
    made = {
        derive_secret(b"k" * 32, *each)
        for each in [("a", "d", 0), ("b", "d", 0), ("a", "e", 0), ("a", "d", 1)]
    }

    assert {len(each) for each in made} == {32}
    assert len(made) == 4


def test_the_function_gets_a_secret_of_each_batch_and_none_in_other_sets(make):
    marks = np.asarray(make(500)["raw"].get()["mark"])
    public = np.asarray(make(5, {"sigma": 0})["raw"].get()["mark"])

    assert np.unique(marks).size > 50
    assert set(public) == {0xE3}  # of no bytes


def test_the_key_is_in_one_file_alone(make, cache, run_cli):
    record = make().record
    key = read_key(record)
    printed = run_cli("show", "votes", "-p", 0, "--json").out + run_cli("status").out

    files = [path for path in cache.rglob("*") if path.is_file()]
    assert files
    for content in [*(path.read_bytes() for path in files), printed.encode()]:
        assert key not in content
        assert key.hex().encode() not in content
    assert key_path(record).stat().st_mode & 0o777 == 0o600
    assert key_path(record).parent.stat().st_mode & 0o777 == 0o700
