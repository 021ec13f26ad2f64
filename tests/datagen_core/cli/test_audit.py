"""`datagen audit`."""

from __future__ import annotations

import pytest

import datagen_core
from datagen_core import generate
from datagen_core.ranges import IntervalSet
from datagen_core.store.ledger import publish_ledger, read_ledger


@datagen_core.generator(5)
def repeated(size, start):
    """Repeat every tenth pair."""
    for index in range(start, start + size):
        yield float(index % 10), float(index % 10)


@pytest.fixture
def leaking(cache):
    made = generate(repeated, 15, executor="inline", cache=cache)
    made.move(10, "train")
    made.move(2, "test")
    return made


def test_a_proof_is_one_line(run_cli, made):
    made.move(7, "train")
    answer = run_cli("audit")

    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "sine 0: 30 samples, 23 of raw, 7 of train, 1 generation: each in exactly one split\n"
    )


@pytest.mark.parametrize(("command", "verb"), [("audit", "prove"), ("verify", "verify")])
def test_of_nothing_nothing_is_proved(run_cli, cache, command, verb):
    assert run_cli(command).out == f"{cache} is empty: there is nothing to {verb}\n"
    assert run_cli(command, "--json").json == []


def test_equal_content_is_told_of_and_fatal_where_it_matters(run_cli, leaking):
    told, fatal = run_cli("audit", "repeated"), run_cli("audit", "repeated", "-p", 0, "--content")

    assert (told.code, fatal.code) == (0, 5)
    assert "2 contents are in train and in test, such as that of samples 0 and 10" in told.out
    assert "2 problems found: repeated 0: 3 contents are in raw and in train" in fatal.err


def test_what_is_not_proved_ends_with_5(run_cli, made):
    publish_ledger(made.paths, read_ledger(made.paths).assign(IntervalSet([(30, 32)]), "x", "1"))
    answer = run_cli("audit", "sine", "--json")

    assert answer.code == 5
    assert answer.json[0]["problems"] == [
        "samples 30-31 are in a split, but no run was to make them"
    ]
    assert "1 problem found: sine 0: samples 30-31 are in a split" in answer.err


def test_a_ledger_that_cannot_be_read_is_not_proved(run_cli, made, monkeypatch):
    monkeypatch.setattr("datagen_core.store.documents._RETRIES", 1)
    made.move(7, "train")
    made.paths.generation(1).write_text("{}")
    answer = run_cli("audit")

    assert (answer.code, answer.err.count("\n")) == (5, 1)
    assert "00000001.json is damaged" in answer.err
