"""Whatever stands in a cache or is typed, commands answer in short lines and with known exit codes.

`make fuzz` tries ten thousand inputs; the suite tries the first of them.
"""

from __future__ import annotations

import time

import pytest

import damage
import damaged_caches
import fuzzing
from datagen_core import cli


def test_no_odd_input_ends_in_a_traceback_a_hang_or_a_long_message():
    found = list(fuzzing.fuzz(240, seed=0))

    assert not found, "\n".join(["", *map(str, found)])


def test_damage_is_of_many_kinds():
    assert len(damaged_caches.KINDS) >= 29
    assert len({**damage.BYTES, **damage.OTHERS, **damage.SAID}) >= 18


def test_the_cache_that_is_damaged_has_every_kind_of_file():
    with fuzzing.fuzzing_ground() as ground:
        cache = damaged_caches.make_cache(ground)
        kinds = {kind for kind, where in damaged_caches.KINDS.items() if any(cache.glob(where))}

    assert kinds == damaged_caches.KINDS.keys()


def end_in_a_traceback():
    raise KeyError


def hang():
    while True:
        time.sleep(1)


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (end_in_a_traceback, "traceback tests/datagen_core/test_fuzzing.py"),
        (hang, "hang tests/datagen_core/test_fuzzing.py"),
        (lambda: cli.sys.stderr.write("a" * 501), "long message of 501 characters"),
        (lambda: cli.sys.exit(9), "exit code 9"),
        (lambda: cli.sys.exit(1), "exit code 1 and no word"),
    ],
)
def test_the_fuzzer_notices(monkeypatch, fault, trouble):
    monkeypatch.setattr(fuzzing, "SECONDS", 0.01)
    monkeypatch.setattr(fuzzing, "main", fault)

    assert fuzzing.call(["list"]).trouble.startswith(trouble)
