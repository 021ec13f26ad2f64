"""Which mutants `make mutants` tries, and what it says of them."""

from __future__ import annotations

import pytest

from mutation import choose, report

NAMES = [
    f"datagen_core.{module}.x_call__mutmut_{number}"
    for module in ("store.ledger", "store.ledgers", "scheduling.plan")
    for number in range(9)
]


@pytest.mark.parametrize(
    ("only", "count"),
    [([], 27), (["store"], 18), (["store/ledger.py", "scheduling/"], 18), (["store/plan"], 0)],
)
def test_a_part_is_folders_or_modules(only, count):
    assert len(choose(NAMES, only, None, 0)) == count


def test_a_sample_follows_from_its_seed():
    chosen = choose(NAMES, [], 5, 1)
    assert len(set(chosen)) == 5
    assert chosen == choose(reversed(NAMES), [], 5, 1) != choose(NAMES, [], 5, 2)


def test_more_than_there_are_is_all():
    assert choose(NAMES, ["scheduling"], 99, 0) == sorted(NAMES[18:])


def test_what_no_test_failed_with_is_missed():
    states = ["killed", "survived", "timeout", "no tests", "suspicious", "segfault"]
    said = report(dict(zip(NAMES[7:], states, strict=False))).splitlines()
    assert said == [
        f"survived: {NAMES[8]}", f"no tests: {NAMES[10]}",
        "store/ledger: 1 of 2 found, 50%", "store/ledgers: 3 of 4 found, 75%",
        "all: 4 of 6 found, 67%",
    ]  # fmt: skip


def test_what_an_interrupted_run_did_not_come_to_does_not_count():
    states = dict(zip(NAMES[7:9], ["killed", "not checked"], strict=True))
    assert report(states).splitlines() == [
        "store/ledger: 1 of 1 found, 100%", "all: 1 of 1 found, 100%",
    ]  # fmt: skip
