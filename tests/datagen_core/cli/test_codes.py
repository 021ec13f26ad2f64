"""What commands say of a set that several codes made."""

from __future__ import annotations

import platform

import pytest

from datagen_core import Cache

WALK = """
import datagen_core

def step():
    return {}

@datagen_core.generator(5)
def walk(size):
    for _ in range(size):
        yield 1.0, step()
"""

CODES = {"1.0": [], "float('1')": [], "2.0": ["--accept-code"]}
"""The second code makes equal samples, the third one others."""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "walk.py"


@pytest.fixture
def mixed(run_cli, file):
    """Make five samples by each of three codes."""
    for code, options in CODES.items():
        file.write_text(WALK.format(code))
        words = [f"{file}:walk", "-n", 5, "--executor", "inline", *options]
        assert run_cli("generate", *words).code == 0
    return run_cli


def test_list_marks_a_mixed_set(mixed):
    assert "complete, mixed" in mixed("list", "walk").out
    assert [row["mixed"] for row in mixed("list", "--json").json] == [True]


def test_list_marks_no_set_that_was_compared(run_cli, file):
    for code in list(CODES)[:2]:
        file.write_text(WALK.format(code))
        run_cli("generate", f"{file}:walk", "-n", 5, "--executor", "inline")

    assert "mixed" not in run_cli("list", "walk").out
    assert not run_cli("show", "walk", "-p", 0, "--json").json["mixed"]


def test_show_says_how_many_samples_were_compared(mixed):
    shown = mixed("show", "walk", "-p", 0, "--json").json
    codes = [(each["samples"], each["probe"], each["compared"]) for each in shown["codes"]]

    assert codes == [([[0, 5]], "first", 0), ([[5, 10]], "equal", 5), ([[10, 15]], "accepted", 0)]
    assert shown["mixed"]
    assert "accepted" in mixed("show", "walk", "-p", 0).out


def test_show_lists_runs_with_their_code(mixed):
    rows = mixed("show", "walk", "--runs", "--json").json
    assert [row["samples"] for row in rows] == [[[0, 5]], [[5, 10]], [[10, 15]]]
    assert len({code for row in rows for code in row["code"]}) == 3
    known = ("user", "created", "hosts", "executor", "python", "packages")
    assert all(row[key] for row in rows for key in known)
    assert all(row["seconds"] is not None for row in rows)

    lines = mixed("show", "walk", "--runs").out.splitlines()
    assert len(lines) == 4
    assert rows[2]["code"][0] in lines[3]


def test_verify_says_which_code_made_which_samples(mixed):
    answer = mixed("verify", "walk")

    first, *codes = answer.out.splitlines()
    assert first.endswith("good, mixed")
    assert [line.split(":")[0] for line in codes] == [
        "  samples 0-4", "  samples 5-9", "  samples 10-14"
    ]  # fmt: skip
    assert "; 5 samples made anew were equal" in codes[1]
    assert "; accepted by" in codes[2]


def test_verify_names_what_differs_from_the_record(mixed):
    answer = mixed("verify", "walk", "--resample", 15)

    words = (
        "sample 0 of walk 0 differs in field y when made again: its code changed: step (function)"
    )
    assert answer.code == 5
    assert words in answer.err
    [result] = mixed("verify", "walk", "--resample", 15, "--json").json
    assert (result["deviations"][0]["code"], result["mixed"]) == (["step (function)"], True)
    assert {each["sample"] for each in result["deviations"]} == set(range(10))


def test_verify_calls_a_generator_without_changes_not_deterministic(run_cli, file):
    file.write_text(WALK.format("__import__('time').time()"))
    run_cli("generate", f"{file}:walk", "-n", 5, "--executor", "inline")

    words = "neither code, versions nor machine differ from the record, so the generator is not"
    assert words in run_cli("verify", "walk", "--resample", 5).err


def test_verify_makes_no_sample_again_that_is_declared_not_reproducible(run_cli, file):
    text = WALK.format("__import__('time').time()")
    file.write_text(text.replace("generator(5)", "generator(5, reproducible='no')"))
    run_cli("generate", f"{file}:walk", "-n", 5, "--executor", "inline")

    answer = run_cli("verify", "walk", "--resample", 5)
    assert (answer.code, "0 samples made anew: good" in answer.out) == (0, True)


@pytest.mark.parametrize(("word", "code"), [("bits", 5), ("machine", 0)])
def test_another_machine_is_named_and_may_be_expected(run_cli, file, monkeypatch, word, code):
    text = WALK.format("__import__('time').time()")
    file.write_text(text.replace("generator(5)", f"generator(5, reproducible={word!r})"))
    run_cli("generate", f"{file}:walk", "-n", 5, "--executor", "inline")
    monkeypatch.setattr(platform, "machine", lambda: "another")

    answer = run_cli("verify", "walk", "--resample", 5, "--json")
    machine = answer.json[0]["deviations"][0]["machine"]
    assert (answer.code, "instruction set another" in machine[0]) == (code, True)


def test_verify_marks_codes_that_nobody_compared(mixed):
    for path in Cache()["walk"][0].paths.probes.iterdir():
        path.unlink()

    answer = mixed("verify", "walk")
    assert answer.out.splitlines()[0].endswith("good, mixed")
    assert "; never compared with the others" in answer.out


def test_the_first_code_is_the_one_that_was_there_first_not_the_one_of_sample_0(run_cli, file):
    text = WALK.format("1.0").replace("walk(size)", "walk(size, start)")
    file.write_text(text.replace("    for", "    assert start\n    for"))
    run_cli("generate", f"{file}:walk", "-n", 10, "--executor", "inline")
    file.write_text(text)
    assert run_cli("resume", "walk", "--trust").code == 0

    codes = run_cli("show", "walk", "-p", 0, "--json").json["codes"]
    assert [(each["samples"], each["probe"]) for each in codes] == [
        ([[5, 10]], "first"), ([[0, 5]], "equal")
    ]  # fmt: skip


def test_export_says_that_a_set_is_mixed(mixed, tmp_path):
    answer = mixed("export", "walk", tmp_path / "walk.csv", "--format", "csv", "--json")

    assert answer.json["mixed"]
    assert "walk 0 is mixed: other code was allowed to add to it" in answer.err


def test_codes_are_known_without_runs(mixed):
    paths = Cache()["walk"][0].paths
    paths.runs.rename(paths.root / "lost")

    assert [each["probe"] for each in mixed("show", "walk", "-p", 0, "--json").json["codes"]] == [
        "first", "equal", "accepted"
    ]  # fmt: skip
    assert "no runs that are known" in mixed("show", "walk", "--runs").out
