"""`datagen relabel`."""

from __future__ import annotations

import json

import pytest

from datagen_core import Cache, SelectionError, SplitError, generate
from datagen_core.reading.moving import redraw
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import read_ledger
from datagen_core.upkeep.preprocess import find_preprocessor, preprocess
from generators_for_tests import sine

WHY = ("--reason", "used to choose the model")


@pytest.fixture
def split(made):
    made.move(10, "test")
    made.move(5, "train", random=True, seed=1)
    return made


@pytest.fixture
def swept(cache):
    for left in (-3, -2, 0):
        generate(sine, 10, {"left": left}, executor="inline", cache=cache)
    return Cache(cache)["sine"]


def test_a_split_gets_another_name(run_cli, split):
    before = split["test"].digest
    answer = run_cli("relabel", "sine", "test", "validation", *WHY)

    assert answer.code == 0
    assert answer.out.startswith("sine 0: test was relabelled to validation by ")
    assert answer.out.endswith("it now has raw 15, validation 10, train 5\n")
    assert split["validation"].digest == before


@pytest.mark.parametrize("more", [(), ("--all-sets",)])
def test_raw_keeps_its_name(run_cli, split, more):
    answer = run_cli("relabel", "sine", "raw", "rest", *WHY, *more)

    assert answer.code == 2
    assert "'raw' is not a split that can be relabelled" in answer.err


def test_it_is_safe_to_repeat(run_cli, split):
    first, again = (
        run_cli("relabel", "sine", "test", "validation", *WHY, "--json").json for _ in range(2)
    )

    assert first == again
    assert (first["old"], first["new"], first["splits"]["validation"]) == ("test", "validation", 10)
    assert read_ledger(split.paths).generation == 3


def test_the_old_name_is_never_used_again(run_cli, split):
    split.relabel("test", "validation", "why")
    split.relabel("validation", "held_out", "why")

    for old in ("test", "validation"):
        answer = run_cli("move", "sine", 2, old)
        assert (answer.code, answer.err.count("\n")) == (2, 1)
        assert f"the name {old!r} is retired, {old} was relabelled to" in answer.err
        assert run_cli("relabel", "sine", "train", old, *WHY).code == 2
        assert run_cli("export", "sine", "x.csv", "--format", "csv", "--split", old).code == 2
    assert run_cli("relabel", "sine", "test", "other", *WHY).code == 2
    assert run_cli("relabel", "sine", "test", "held_out", *WHY).code == 0
    assert split.counts == {"raw": 15, "held_out": 10, "train": 5}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("raw", "more", *WHY), "'raw' is not a split that can be relabelled"),
        (("test", "raw", *WHY), "'raw' is not a split"),
        (("test", "excluded", *WHY), "'excluded' is not a split"),
        (("test", "train", *WHY), "samples never move between splits"),
        (("test", "test", *WHY), "test is its name already"),
        (("test", "a/b", *WHY), "is not a split name"),
        (("tset", "validation", *WHY), "has no split 'tset'; those with a name are: test, train"),
        (("test", "validation", "--reason", " "), "say why"),
        (("test", "validation"), "Missing option '--reason'"),
        (("test", "trein", *WHY), "looks like 'train', which sine 0 has"),
    ],
)
def test_what_is_refused_is_one_line_and_changes_nothing(run_cli, split, words, message):
    answer = run_cli("relabel", "sine", *words)

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert message in answer.err
    assert split.counts == {"raw": 15, "test": 10, "train": 5}


def test_a_mistyped_name_is_mended_without_a_question(run_cli, made):
    made.move(5, "trian")

    assert run_cli("relabel", "sine", "trian", "train", *WHY).code == 0


def test_on_a_terminal_it_is_confirmed(run_cli, split, type_in):
    type_in("n\n")
    answer = run_cli("relabel", "sine", "test", "validation", *WHY)

    assert answer.code == 1
    assert "Relabel test of sine 0 to validation, for good?" in answer.err
    assert answer.err.endswith("datagen: nothing was relabelled\n")
    assert "test" in split.counts


def test_all_sets_that_have_the_split_are_relabelled(run_cli, swept):
    for number in (0, 1):
        swept[number].move(5, "test")
    swept[0].relabel("test", "validation", "a call that was interrupted")
    answer = run_cli("relabel", "sine", "test", "validation", *WHY, "--all-sets", "--json")

    assert [row["set"] for row in answer.json] == [0, 1]
    assert "1 set without a split 'test' is passed over" in answer.err
    assert [*swept[2]] == ["raw"]


def test_what_was_made_of_it_and_frozen_follows(run_cli, split):
    preprocess(split, find_preprocessor(sine, "square_both"), "test", 4)
    frozen = split["test"].freeze("table 2")
    split.relabel("test", "validation", "why")
    preprocess(split, find_preprocessor(sine, "square_both"), "validation", 8)

    assert len(split["validation"]["square_both"]) == 8
    assert split["validation"].derived == ["square_both"]
    assert [path.name for path in (split.paths.root / "derived").iterdir()] == ["test"]
    assert [each.split for each in split.frozen] == ["validation"]
    assert split["validation"].freeze().note == "table 2"
    assert "test" not in run_cli("du", "sine", "--by", "split").out
    answer = run_cli("verify", "sine", "--against", frozen.digest)
    assert (answer.code, answer.err) == (0, "")


def test_random_choices_are_explained_as_before(split):
    split.relabel("test", "validation", "why")
    split.relabel("train", "fit", "why")
    ledger = read_ledger(split.paths)
    taken, again = redraw(ledger, ledger.draws[0], split.record.digest)

    assert (taken, ledger.draws[0].split) == (again, "fit")


def test_show_tells_of_names_that_splits_had(run_cli, split):
    split.relabel("test", "validation", "used to\nchoose")
    (shown,) = run_cli("show", "sine", "-p", 0, "--json").json["relabels"]

    assert (shown["old"], shown["new"], shown["reason"]) == (
        "test",
        "validation",
        "used to\nchoose",
    )
    assert "used to choose" in run_cli("show", "sine", "-p", 0).out


def test_earlier_versions_do_not_read_retired_names(split):
    assert form_of(split.paths) == "1.1"
    split.relabel("test", "validation", "why")

    assert form_of(split.paths) == "3.0"


def form_of(paths: SetPaths):
    return json.loads(paths.generation(paths.generations()[-1]).read_text())["format"]


def test_who_moves_meanwhile_is_told(split, monkeypatch):
    before = read_ledger(split.paths)
    split.relabel("test", "validation", "why")
    monkeypatch.setattr("datagen_core.store.ledger.read_ledger", stale(before))

    with pytest.raises(SplitError, match="the name 'test' is retired"):
        split.move(2, "test")


def stale(first):
    """Return what reads an old generation once, as from an old listing."""
    old = [first]
    return lambda paths: old.pop() if old else read_ledger(paths)


def test_readers_of_the_old_name_are_told_of_the_new_one(split):
    split.relabel("test", "validation", "why")

    with pytest.raises(SelectionError, match="no split 'test': test was relabelled to validation"):
        split["test"]
