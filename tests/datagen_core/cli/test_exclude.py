"""`datagen exclude`, and what other commands say about excluded samples."""

from __future__ import annotations

import json

import click
import pytest
from hypothesis import given

from datagen_core import Cache, generate
from datagen_core.cli.indices import parse_indices
from datagen_core.ranges import IntervalSet
from strategies import interval_sets
from view_parts import make, part, published, teams

WHY = "the solver diverged"


@pytest.fixture
def bad(made):
    """Return 30 samples, 10 of them in train; of 3 excluded ones, 2 are in train."""
    made.move(10, "train")
    made.exclude([3, 4, 20], WHY)
    return made


@given(interval_sets)
def test_indices_are_read_as_they_are_printed(samples):
    if samples:
        assert parse_indices([str(samples)]) == samples


@pytest.mark.parametrize(
    "texts",
    [["0-3,7"], ["0-3", "7"], ["7 0-3"], [" 7,\n0-3,\t"], ["0-2,1-3,3,7"], ["[0, 1, 2, 3, 7]"]],
)
def test_lists_are_written_in_many_ways(texts):
    assert parse_indices(texts) == IntervalSet([(0, 4), (7, 8)])


@pytest.mark.parametrize(
    "content", ["0-3\n7\n", "0\n1\r\n2\n\n3\n7", "[0, 1,\n 2, 3, 7]\n", "\ufeff0-3,7", "0-3, 7"]
)
def test_a_file_holds_a_long_list(tmp_path, content):
    (tmp_path / "bad.txt").write_text(content)

    for text in (f"@{tmp_path / 'bad.txt'}", str(tmp_path / "bad.txt")):
        assert parse_indices([text]) == IntervalSet([(0, 4), (7, 8)])


def test_a_list_is_not_the_name_of_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "3").write_text("7")

    assert parse_indices(["3"]) == IntervalSet([(3, 4)])


def test_a_long_list_is_cheap(tmp_path):
    (tmp_path / "bad.txt").write_text("\n".join(map(str, range(0, 200_000, 2))))

    assert len(parse_indices([f"@{tmp_path / 'bad.txt'}"]).intervals) == 100_000


WRONG = {
    "a": "'a' is not an index or a range",
    "-3": "'-3' is not an index",
    "3-": "'3-' is not an index",
    "3.5": "'3.5' is not an index",
    "1-2-3": "'1-2-3' is not an index",
    "²": "'²' is not an index",
    "9" * 30: "is not an index",
    "9" * 300 + "-": "is not an index",
    "missing.txt": "'missing.txt' is not an index or a range, such as 3 or 10-19, or a file",
    "[[3, 4]]": "'[3' is not an index",
    '{"a": 1}': "is not an index",
    "9-4": "the range 9-4 ends before it begins",
    "": "there are no indices",
    " ,": "there are no indices",
    "@missing": "missing cannot be read: No such file",
    "@/": "/ cannot be read: Is a directory",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_list_is_refused(run_cli, made, text):
    answer = run_cli("exclude", "sine", f"--indices={text}", "--reason", WHY)

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert WRONG[text] in answer.err
    assert not made.exclusions


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe")

    with pytest.raises(click.BadParameter, match="is not a text in UTF-8"):
        parse_indices([f"@{tmp_path / 'bad.txt'}"])


def test_an_exclusion_is_told(run_cli, made):
    made.move(10, "train")
    answer = run_cli("exclude", "sine", "-p", 0, "--indices", "3,8-11", "--reason", WHY)

    assert answer.code == 0
    assert answer.out == (
        "excluded 5 samples (3, 8-11): 2 of raw, 3 of train; "
        "sine 0 now has raw 18, train 7, 5 excluded\n"
    )


def test_scripts_get_json(run_cli, made):
    answer = run_cli("exclude", "sine", "--indices", "3,8-11", "--reason", WHY, "-y", "--json")
    (kept,) = made.exclusions

    assert answer.json == {
        "set": 0, "samples": [[3, 4], [8, 12]], "count": 5, "from": {"raw": 5}, "reason": WHY,
        "by": kept.by, "created": kept.created, "splits": {"raw": 25},
    }  # fmt: skip


@pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, 28), ("n\n", 1, 30), ("\n", 1, 30)])
def test_on_a_terminal_it_is_confirmed(run_cli, made, type_in, typed, code, left):
    type_in(typed)
    answer = run_cli("exclude", "sine", "--indices", "3,7", "--reason", WHY)

    assert answer.code == code
    assert "Exclude 2 samples (3, 7) of sine 0 (defaults), for good?" in answer.err
    assert made.counts["raw"] == left


@pytest.mark.parametrize(
    ("indices", "reason", "words"),
    [
        ("2-5", "again", "samples 3-4 of sine 0 are excluded already (3 by "),
        ("28-31,40", "more", "sine 0 has no samples 30-31, 40; it has 0-29"),
        ("1", " ", "cannot exclude samples of sine 0 without a reason"),
    ],
)
def test_what_is_refused_is_not_even_asked_for(run_cli, bad, type_in, indices, reason, words):
    type_in("y\n")
    answer = run_cli("exclude", "sine", "--indices", indices, "--reason", reason)

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert words in answer.err
    assert len(bad.exclusions) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("sinne", "--indices", 1, "--reason", WHY),
        ("sine", "-p", 7, "--indices", 1, "--reason", WHY),
        ("sine", "--indices", 1),
        ("sine", "--reason", WHY),
    ],
)
def test_wrong_usage_is_one_line(run_cli, made, words):
    answer = run_cli("exclude", *words)

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert not made.exclusions


def test_list_has_a_column_where_there_are_any(run_cli, made):
    assert "excluded" not in run_cli("list").out
    assert run_cli("list", "--json").json[0]["excluded"] == 0

    made.exclude([3, 4, 20], WHY)
    header, line = run_cli("list").out.splitlines()
    assert line.split()[header.split().index("excluded") - 1] == "3"
    (row,) = run_cli("list", "--json").json
    assert (row["excluded"], row["splits"], row["samples"]) == (3, {"raw": 27}, 30)
    assert row["state"] == "complete"


def test_show_has_the_records(run_cli, bad):
    bad.exclude([0], "one\nreason \x1b[31mof\tlines")
    first, second = run_cli("show", "sine", "-p", 0, "--json").json["exclusions"]
    lines = run_cli("show", "sine", "-p", 0).out.splitlines()

    assert (first["samples"], first["from"]) == ([[3, 5], [20, 21]], {"raw": 1, "train": 2})
    assert second["reason"] == "one\nreason \x1b[31mof\tlines"
    assert any("3-4, 20" in line and WHY in line and first["by"] in line for line in lines)
    assert any("one reason [31mof lines" in line for line in lines)


def test_move_says_what_it_leaves_out(run_cli, bad):
    answer = run_cli("move", "sine", 15, "test", "-y")

    assert "moved 15 samples (10-19, 21-25) into test" in answer.out
    assert answer.out.endswith("sine 0 now has raw 4, train 8, test 15, 3 excluded\n")
    assert answer.err == "sine 0 raw: 1 excluded sample is left out\n"


def test_preprocess_says_what_it_leaves_out(run_cli, bad):
    words = ("square_both", "train", 8, "-p", 0)
    answer = run_cli("preprocess", "sine", *words)

    assert "8 samples of train, 8 of them new" in answer.out
    assert "sine 0 train: 2 excluded samples are left out\n" in answer.err


def test_export_says_what_it_leaves_out(run_cli, bad, tmp_path):
    words = ("--format", "csv", "--json")
    whole = run_cli("export", "sine", tmp_path / "all.csv", *words)
    test = run_cli("export", "sine", tmp_path / "train.csv", "--split", "train", *words)

    assert (whole.json["samples"], whole.json["excluded"]) == ({"all": 27}, 3)
    assert (test.json["samples"], test.json["excluded"]) == ({"train": 8}, 2)
    assert whole.err == "sine 0: 3 excluded samples are left out\n"


def test_a_set_without_other_samples_is_not_exported(run_cli, made, tmp_path):
    made.exclude(range(30), WHY)
    answer = run_cli("export", "sine", tmp_path / "all.csv", "--format", "csv")

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "(30 are excluded); there is nothing to write" in answer.err
    assert not (tmp_path / "all.csv").exists()


def test_a_set_without_other_samples_is_named_where_all_are_exported(run_cli, filled, tmp_path):
    first, second = Cache(filled.paths.root.parents[1])["sine"].values()
    first.exclude(range(30), WHY)
    second.exclude([0], WHY)
    answer = run_cli(
        "export", "sine", "--all-sets", tmp_path / "a.csv", "--format", "csv", "--json"
    )

    assert (answer.json["samples"], answer.json["excluded"]) == ({"all": 11}, 31)
    assert answer.err.splitlines() == [
        "sine 1: 1 excluded sample is left out",
        "sine 0: all 30 samples are excluded and left out",
    ]


def test_views_of_all_sets_are_not_passed_over(run_cli, cache, tmp_path):
    team_set = make(cache, teams)
    other = generate(teams, 5, seed=1, executor="inline", cache=cache)
    for each in (team_set, other):
        published(each, train=part(a=[(1, 0)], b=[(2, 0)]))
    team_set.exclude([1], WHY)
    words = ("--all-sets", "--view", "mine", "--part", "train", "--format", "csv")
    answer = run_cli("export", "teams", *words, tmp_path / "views.csv")

    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert "teams 0 has rows of samples 1, which are excluded" in answer.err


def test_runs_are_as_complete_as_before(run_cli, bad):
    assert run_cli("verify", "--resample", 30, "--json").json[0]["resampled"] == 30
    assert {run["state"] for run in run_cli("status", "--all", "--json").json} == {"complete"}
    assert run_cli("compact", "sine", "--grace", 0).code == 0
    assert bad.counts == {"raw": 19, "train": 8}


def test_a_removed_set_takes_its_exclusions_along(run_cli, bad):
    assert run_cli("rm", "sine", "-y").code == 0
    assert run_cli("list", "--json").json == []


def test_the_file_names_them_in_plain_json(bad):
    content = json.loads(bad.paths.generation(2).read_text())

    assert content["format"] == "2.0"
    assert content["excluded"][0]["samples"] == [[3, 5], [20, 21]]
