"""Profiles on the command line: what goes before what."""

from __future__ import annotations

from pathlib import Path

import pytest

import generators_for_tests

FILE = Path(generators_for_tests.__file__)
SINE = f"{FILE}:sine"


@pytest.fixture
def write(configuration, tmp_path, monkeypatch):
    """Return `write(text)`, which makes the user's file; the test starts without a cache."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        file = configuration / "datagen" / "datagen.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return write


@pytest.fixture
def without_variable(run_cli, monkeypatch):
    monkeypatch.delenv("DATAGEN_CACHE")
    return run_cli


def plan(run_cli, *words):
    answer = run_cli(*words[:-1], "generate", SINE, "-n", 100, *words[-1], "--dry-run", "--json")
    assert answer.code == 0, answer.err
    return answer.json


def test_a_cache_is_that_of_the_option_else_the_variable_else_the_profile(
    write, without_variable, tmp_path, monkeypatch
):
    write(f"[profiles.a]\ncache = '{tmp_path}/of-profile'")
    run_cli = without_variable

    assert "of-profile is empty" in run_cli("--profile", "a", "list").out
    monkeypatch.setenv("DATAGEN_CACHE", "of-variable")
    assert "of-variable is empty" in run_cli("--profile", "a", "list").out
    assert "of-root is empty" in run_cli("--profile", "a", "--cache", "of-root", "list").out
    assert "of-command is empty" in run_cli("--cache", "x", "list", "--cache", "of-command").out


def test_a_profile_is_that_of_the_option_else_the_variable_else_the_host(
    write, without_variable, monkeypatch
):
    write("".join(f"[profiles.{name}]\ncache = '/nowhere/{name}'\n" for name in "abc")
          + "hosts = ['*']")  # fmt: skip
    run_cli = without_variable

    assert "/nowhere/c is empty" in run_cli("list").out
    monkeypatch.setenv("DATAGEN_PROFILE", "b")
    assert "/nowhere/b is empty" in run_cli("list").out
    assert "/nowhere/a is empty" in run_cli("--profile", "a", "list").out


def test_a_run_takes_what_is_not_given_from_the_profile(write, run_cli):
    write("[profiles.a]\nhosts = ['*']\nexecutor = 'local'\nnjobs = 3")

    assert (len(plan(run_cli, [])["tasks"]), plan(run_cli, [])["executor"]) == (3, "local")
    given = plan(run_cli, ["--njobs", "2", "--executor", "inline"])
    assert (len(given["tasks"]), given["executor"]) == (1, "inline")


def test_defaults_beside_data_come_after_the_profile(write, run_cli, cache):
    cache.mkdir()
    (cache / "datagen.toml").write_text("executor = 'inline'\nnjobs = 2")
    write("[profiles.a]\nexecutor = 'local'")

    assert len(plan(run_cli, ["--executor", "local"])["tasks"]) == 2
    assert plan(run_cli, [])["executor"] == "inline"
    assert plan(run_cli, "--profile", "a", [])["executor"] == "local"


def test_slurm_gets_the_options_of_a_profile_beside_others(write, slurm, run_cli):
    write(
        "[profiles.a]\nhosts = ['*']\nexecutor = 'slurm'\npartition = 'short'\n"
        "setup = ['module load gcc']\noptions = {nice = 5, comment = 'mine', exclusive = true}"
    )

    script = plan(run_cli, ["--time", "1", "--slurm-option", "nice=7"])["submission"]
    told = {line for line in script.splitlines() if line.startswith(("#SBATCH", "module"))}
    assert told >= {
        "#SBATCH --partition=short", "#SBATCH --nice=7", "#SBATCH --comment=mine",
        "#SBATCH --exclusive", "module load gcc",
    }  # fmt: skip


def test_slurm_gets_what_a_variable_says_before_what_a_profile_says(
    write, slurm, run_cli, monkeypatch
):
    write(
        "[profiles.a]\nhosts = ['*']\nexecutor = 'slurm'\npartition = 'short'\naccount = 'bio'\n"
        "qos = 'long'\noptions = {constraint = 'avx2', reservation = 'mine'}"
    )
    for name in ("PARTITION", "QOS", "CONSTRAINT"):
        monkeypatch.setenv(f"SBATCH_{name}", "debug")

    script = plan(run_cli, ["--time", "1", "--qos", "given"])["submission"].splitlines()
    told = {"account=bio", "constraint=debug", "partition=debug", "qos=given", "reservation=mine"}
    assert {f"#SBATCH --{each}" for each in told} <= {*script}


def test_generators_of_a_profile_are_found(write, run_cli):
    write(f"[profiles.a]\nhosts = ['*']\ngenerators = '{FILE.parents[1]}/example_datasets'")

    made = run_cli("generate", "noisy_sine", "-n", 1, "--executor", "inline")
    assert made.out == "noisy_sine: 1 sample made, 0 to 0\n"
    assert "noisy_sine" in run_cli("generators").out
    assert "std_dev" in run_cli("show", "noisy_sine").out


def test_help_and_dry_run_show_the_profile(write, run_cli):
    write("[profiles.a]\nhosts = ['*']\nexecutor = 'inline'\nnjobs = 17")

    assert "[default: 17]" in run_cli("generate", "--help").out
    dry = run_cli("generate", SINE, "-n", 5, "--dry-run")
    assert dry.out.startswith("profile    a of ")
    assert plan(run_cli, [])["profile"] == "a"


def test_a_run_that_is_resumed_keeps_what_it_was_begun_with(write, run_cli, cache):
    made = run_cli("generate", f"{FILE}:broken", "-n", 20, "--executor", "inline")
    write("[profiles.a]\nhosts = ['*']\nexecutor = 'nonsense'\nnjobs = 9")

    assert made.code == 4
    resumed = run_cli("resume")
    assert resumed.code == 4
    assert "nonsense" not in resumed.err


@pytest.mark.parametrize("words", [("list",), ("generators",), ("generate", SINE, "-n", 1)])
def test_mistakes_in_profiles_are_one_line(write, run_cli, words):
    write("[profiles.a\n")

    answer = run_cli(*words)
    assert answer.code == 2
    assert "datagen.toml is not TOML" in answer.err
    assert answer.err.count("\n") == 1


def test_values_that_an_option_refuses_are_one_line(write, run_cli):
    write("[profiles.a]\nhosts = ['*']\nnjobs = 0")

    answer = run_cli("generate", SINE, "-n", 1)
    assert answer.code == 2
    assert "0 is below 1, as datagen.toml has it; see" in answer.err


@pytest.mark.parametrize(
    "words",
    [["--profile", "a", "list"], ["list", "--profile", "a"], ["list", "--profile=a", "--json"]],
)
def test_a_profile_stands_before_or_behind_the_command(write, run_cli, words):
    write("[profiles.b]")
    answer = run_cli(*words)

    assert answer.code == 2
    assert "has no profile 'a'; it may have: b" in answer.err


@pytest.mark.parametrize("words", [["list", "--profile"], ["leaf", "stats", "--profile", "a"]])
def test_without_a_name_or_behind_a_plugins_command_it_is_told_where_it_goes(run_cli, words):
    answer = run_cli(*words)

    assert answer.code == 2
    assert "--profile goes before the command" in answer.err


def test_code_beside_data_keeps_runs_from_starting_but_not_readers(run_cli, cache):
    cache.mkdir()
    (cache / "datagen.toml").write_text("setup = ['touch /tmp/x']")

    answer = run_cli("generate", SINE, "-n", 1, "--executor", "inline")
    assert answer.code == 2
    assert "has setup, which is code" in answer.err
    assert not (cache / "sine").exists()
    assert run_cli("list", "--json").json == []
