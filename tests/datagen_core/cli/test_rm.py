"""`datagen rm`."""

from __future__ import annotations

import pytest

from datagen_core import Cache, generate
from generators_for_tests import sine


def test_a_set_is_removed_for_good(run_cli, made, cache):
    answer = run_cli("rm", "sine", "-y")

    assert (answer.code, answer.out) == (0, "removed sine 0\n")
    assert list(Cache(cache)) == []
    assert list(cache.rglob("*.h5")) == []


@pytest.mark.parametrize(("typed", "left"), [("y\n", 0), ("n\n", 1)])
def test_a_removal_is_confirmed(run_cli, made, cache, type_in, typed, left):
    type_in(typed)
    answer = run_cli("rm", "sine")

    assert "Remove sine 0 (defaults; raw 30) for good?" in answer.err
    assert len(Cache(cache)) == left


def test_a_removed_set_can_be_begun_again(run_cli, made, cache):
    digest = made.record.digest
    for _ in range(2):
        run_cli("rm", "sine", "-y")
        again = generate(sine, 5, executor="inline", cache=cache)

    assert (again.number, again.record.digest, again.counts) == (0, digest, {"raw": 5})


def test_a_removal_that_was_interrupted_stands_in_nobodys_way(run_cli, made):
    grave = made.paths.root.with_name(f".removed-0123abcd-{made.paths.root.name}")
    (grave / "shards").mkdir(parents=True)

    assert run_cli("rm", "sine", "-y").code == 0
    assert not grave.exists()
