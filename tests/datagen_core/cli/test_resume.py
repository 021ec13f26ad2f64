"""`datagen resume`."""

from __future__ import annotations

from pathlib import Path

import generators_for_tests
from datagen_core import Cache
from datagen_core.store.layout import list_shards, shard_name

FILE = Path(generators_for_tests.__file__)
SINE = f"{FILE}:sine"


def test_resume_makes_what_was_lost_and_then_nothing(run_cli, generate_inline, cache):
    generate_inline(SINE, "-n", 25)
    shards = Cache(cache)["sine"][0].paths.shards
    (shards / shard_name(list_shards(shards)[0])).unlink()

    assert run_cli("resume").out == "resumed 1 run\n"
    assert run_cli("resume").out == "nothing is missing\n"
    assert Cache(cache)["sine"][0].counts == {"raw": 25}


def test_resume_tries_again_and_says_what_is_still_missing(run_cli, generate_inline):
    generate_inline(f"{FILE}:broken", "-n", 20)
    answer = run_cli("resume", "broken")

    assert answer.code == 4
    assert "5 of 20 samples are missing" in answer.err.splitlines()[-1]
