"""A generator's parameters grow: what commands make, list, select and say."""

from __future__ import annotations

import shlex

import pytest

from datagen_core import Cache, InsufficientSamplesError
from datagen_core.generators.registry import _execute

FIRST = """
from typing import Annotated
import datagen_core

class P(datagen_core.Params):
    length: float = 1.0
    steps: int = 20

@datagen_core.generator(10, P)
def pend(size, params, rng):
    for _ in range(size):
        yield {"t": rng.normal(size=params.steps)}
"""
GROWN = FIRST.replace("= 20", "= 20\n    damping: float = 0.0")
CHANGED = GROWN.replace("steps: int = 20", "steps: int = 30")
RENAMED = FIRST.replace(
    "steps: int", 'n: Annotated[int, datagen_core.History(renamed_from="steps")]'
).replace("params.steps", "params.n")


@pytest.fixture
def make(tmp_path, run_cli):
    """Generate by one text of a file after another."""

    def make(text, *words):
        (tmp_path / "pend.py").write_text(text)
        _execute.cache_clear()  # as in another process
        source = f"{tmp_path / 'pend.py'}:pend"
        answer = run_cli("generate", source, *words, "--executor", "inline")
        assert answer.code == 0, answer.err
        return answer

    return make


def told(answer):
    """Return what is said besides progress and the warning that the code changed."""
    lines = [line for line in answer.err.splitlines() if line.startswith("datagen: ")]
    return [line for line in lines if "warning: the code" not in line]


def sets():
    return [len(one.existing) for one in Cache()["pend"].values()]


def test_a_set_goes_on_and_a_changed_default_begins_one(make, run_cli):
    make(FIRST, "--total", 50)
    assert "nothing to do" in make(GROWN, "--total", 50).out
    (line,) = told(make(CHANGED, "--total", 50))
    assert line == (
        "datagen: a default of pend has changed, steps (from 20 to 30), which begins a new "
        "parameter set; go on with the old one with: -p steps=20"
    )
    assert told(make(CHANGED, "--total", 60)) == []
    make(CHANGED, "-n", 10, *shlex.split(line)[-2:])

    assert sets() == [60, 60]


def test_sets_are_listed_and_selected_by_what_tells_them_apart(make, run_cli):
    make(FIRST, "-n", 20)
    make(CHANGED, "-n", 20)
    rows = run_cli("list", "pend").out.splitlines()[1:]

    assert [row.split()[1:3] for row in rows] == [["0", "steps=20"], ["1", "steps=30"]]
    moved = run_cli("move", "pend", 3, "test", "-p", "length=1,steps=20", "-y")
    assert "pend 0 now has raw 17, test 3" in moved.out


def test_versions_have_a_column(make, run_cli):
    make(FIRST, "-n", 10)
    answer = make(FIRST.replace("(10, P)", "(10, P, version=2)"), "-n", 10)

    assert "cannot go on with sets of version 1" in told(answer)[0]
    header, *rows = run_cli("list").out.splitlines()
    place = header.index("version")
    assert [row[place] for row in rows] == ["1", "2"]
    assert run_cli("show", "pend", "-p", "version=1", "--json").json["number"] == 0


def test_what_is_advised_makes_samples_of_the_set_that_is_short(make, run_cli):
    make(FIRST, "-n", 20)
    make(CHANGED, "-n", 20)
    with pytest.raises(InsufficientSamplesError) as caught:
        Cache()["pend"][0]["raw"].get(60)

    words = shlex.split(caught.value.command)[1:]
    assert run_cli(*words, "--executor", "inline").code == 0
    assert sets() == [60, 20]


def test_a_sweep_says_once_that_defaults_changed(make):
    make(FIRST, "-n", 1, "--sweep", "length=1,2,3")
    lines = told(make(CHANGED, "-n", 1, "--sweep", "length=1,2,3"))

    assert (len(lines), sets()) == (1, [1] * 6)


def test_an_earlier_name_is_accepted_with_a_note(make, run_cli):
    make(FIRST, "-n", 10, "-p", "steps=5")
    lines = told(make(RENAMED, "-n", 10, "-p", "steps=5"))

    assert lines == ["datagen: pend calls its parameter steps n now; use that name"]
    assert sets() == [20]
    assert [run_cli("show", "pend", "-p", f"{name}=5").code for name in ("steps", "n")] == [0, 0]
    assert "(before: steps)" in run_cli("show", f"{Cache().path.parent / 'pend.py'}:pend").out
