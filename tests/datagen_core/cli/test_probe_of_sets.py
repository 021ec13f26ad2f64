"""`verify --probe`: one batch of each set made again, with a report for each."""

import pytest

SOURCE = """
import os
import datagen_core

@datagen_core.generator(5)
def steady(size, start):
    yield from ((float(start + i), {value}) for i in range(size))

@datagen_core.generator(5)
def deadly(size, start):
    {death}
    yield from ((float(start + i), 1.0) for i in range(size))

@datagen_core.generator(5, reproducible="no")
def unsteady(size):
    yield from ((float(i), 1.0) for i in range(size))

@datagen_core.generator(5)
def empty(size):
    raise ValueError
    yield

@datagen_core.generator(5, private=True)
def secret(size, rng):
    yield from ((rng.random(), 1.0) for i in range(size))
"""


@pytest.fixture
def probed(tmp_path, run_cli, monkeypatch, configuration):
    file = tmp_path / "generators.py"

    def write(value=1.0, death="pass"):
        file.write_text(SOURCE.format(value=value, death=death))

    write()
    for name in ("steady", "deadly", "unsteady", "empty", "secret"):
        run_cli("generate", f"{file}:{name}", "-n", 7, "--executor", "inline")
    return write


def results(answer):
    return {each["generator"]: each["result"] for each in answer.json}


def test_each_set_has_a_report(probed, run_cli):
    answer = run_cli("verify", "--probe", "--json")

    assert answer.code == 0, answer.err
    assert results(answer) == {
        "steady": "equal", "deadly": "equal", "unsteady": "not reproducible",
        "empty": "no samples", "secret": "private",
    }  # fmt: skip
    assert [each["samples"] for each in answer.json if each["generator"].startswith("steady")] == [
        [[0, 5]]
    ]


def test_what_differs_is_named_and_what_dies_costs_itself(probed, run_cli):
    probed(value=2.0, death="os.abort()")
    answer = run_cli("verify", "--probe", "--trust")

    assert answer.code == 5
    assert "steady 0: differs: sample 0 differs in field " in answer.out
    assert "deadly 0: failed: its process ends with exit code -6" in answer.out
    assert "unsteady 0: not reproducible: so its generator declares" in answer.out
    assert "2 problems found: " in answer.err


def test_only_trusted_code_is_run(probed, run_cli, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "bob"))
    probed(death=f"open({str(tmp_path / 'marker')!r}, 'w')")
    answer = run_cli("verify", "--probe")

    assert answer.code == 2
    assert "steady 0: not trusted" in answer.out
    assert "not trusted: source: " in answer.err
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    "option", [["--resample", 1], ["--against", "0" * 12], ["--generators", "."]]
)
def test_one_check_at_a_time(run_cli, option):
    assert run_cli("verify", "--probe", *option).code == 2


def test_modules_where_it_is_called_do_not_stand_in_for_plugins(tmp_path, run_cli, monkeypatch):
    run_cli("generate", "leaf_synthetic", "-n", 2, "-p", "num_classes=2", "--executor", "inline")
    for name in ("pluggy.py", "datagen_leaf.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'EXECUTED')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)

    assert results(run_cli("verify", "--probe", "--json")) == {"leaf_synthetic": "equal"}
    assert not (tmp_path / "EXECUTED").exists()
