"""`datagen verify`."""

from __future__ import annotations

import os

from datagen_core.store import shards


def test_a_good_cache_is_verified(run_cli, made):
    answer = run_cli("verify", "--resample", 5)

    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "sine 0: 2 files, 5 samples made anew: good\n"
    assert run_cli("verify", "sine", "-p", 0, "--json").json[0]["problems"] == []


def test_a_damaged_shard_fails_verification_and_is_named(run_cli, made, monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    path = min(made.paths.shards.iterdir())
    os.truncate(path, 100)
    answer = run_cli("verify")

    assert answer.code == 5
    assert str(path) in answer.err
    assert path.stat().st_size == 100
