"""Every error is one line on stderr with a way out, and its kind is the exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import generators_for_tests
from datagen_core import generate
from generators_for_tests import sine

FILE = Path(generators_for_tests.__file__)
SINE = f"{FILE}:sine"


@pytest.fixture
def filled(cache):
    made = generate(sine, 30, executor="inline", cache=cache)
    generate(sine, 10, {"left": 0}, executor="inline", cache=cache)
    return made


def snapshot(folder):
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "move.lock"]
    return {path: path.stat().st_mtime_ns for path in files}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["generate"], 2, "Missing argument 'NAME'; see `datagen generate --help`"),
        (["generate", SINE], 2, "give the number of samples: -n N to add N, or --total N"),
        (["generate", SINE, "-n", "0"], 2, "-n"),
        (["generate", SINE, "-n", "x"], 2, "'x' is not a whole number"),
        (["generate", SINE, "-n", "5", "--total", "5"], 2, "-n N to add N, or --total N"),
        (["generate", SINE, "-n", "5", "-p", "lefft=0"], 2, "did you mean 'left'?"),
        (["generate", SINE, "-n", "5", "-p", "left=x"], 2, "parameter left"),
        (["generate", SINE, "-n", "5", "-p", "left=NaN"], 2, "finite"),
        (["generate", SINE, "-n", "5", "-p", "left"], 2, "write key=value"),
        (["generate", SINE, "-n", "5", "--params", "{"], 2, "neither JSON nor a Python dict"),
        (["generate", SINE, "-n", "5", "--params", "{[]: 1}"], 2, "neither JSON nor a Python"),
        (["generate", SINE, "-n", "5", "--params", "[1]"], 2, "takes a mapping"),
        (["generate", SINE, "-n", "5", "--params", "@/missing/file"], 2, "/missing/file"),
        (["generate", SINE, "-n", "5", "--seed", "-1"], 2, "--seed"),
        (["generate", SINE, "-n", "5", "--time", "soon"], 2, "is not a time limit: write MINUTES"),
        (["generate", SINE, "-n", "5", "--mem", "much"], 2, "is not a memory size"),
        (["generate", SINE, "-n", "5", "--njobs", "0"], 2, "--njobs"),
        (["generate", SINE, "-n", "5", "--executor", "nimbus"], 2, "slurm, local, inline"),
        (["generate", SINE, "-n", "5", "--slurm-option", "=1"], 2, "write KEY=VALUE"),
        (["generate", "nothing", "-n", "5"], 2, "there is no generator 'nothing'"),
        (["generate", f"{FILE}:sinne", "-n", "5"], 2, "it has sine"),
        (["generate", "sine", "-n", "5", "--generators", "/missing"], 2, "is no generators.py"),
        (["nothing"], 2, "No such command 'nothing'"),
        (["list", "--nothing"], 2, "--nothing"),
        (["list", "nothing"], 2, "there is no data set 'nothing'"),
        (["show", "nothing"], 2, "there is no generator"),
        (["move", "sine", "1", "train"], 2,
         "sine has 2 parameter sets: 0 (defaults), 1 (left=0); choose one with -p NUMBER"),
        (["move", "sine", "1", "train", "-p", "7"], 2, "no parameter set number 7; it has 0 (defa"),
        (["move", "sine", "1", "train", "-p", "left=NaN"], 2, "no parameter set with left=NaN"),
        (["move", "sine", "1", "raw", "-p", "0", "-y"], 2, "choose another split"),
        (["move", "sine", "1", "_x", "-p", "0", "-y"], 2, "is not a split name"),
        (["move", "sine", "0", "train", "-p", "0", "-y"], 2, "N"),
        (["move", "sine", "31", "train", "-p", "0", "-y"], 3, "datagen generate"),
        (["preprocess", "sine", "cube", "raw", "5", "-p", "0"], 2, "it has square_both"),
        (["preprocess", "sine", "square_both", "train", "5", "-p", "0"], 2, "has no split 'train'"),
        (["preprocess", "sine", "square_both", "raw", "31", "-p", "0"], 3, "1 fewer than the 31"),
        (["rm", "sine", "-p", "0"], 2, "no terminal to confirm on; confirm with -y"),
        (["resume", "nothing"], 2, "there is no data set"),
        (["status", "nothing"], 2, "there is no data set"),
        (["cancel", "-p", "0"], 2, "give the data set's NAME"),
        (["verify", "nothing"], 2, "there is no data set"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_changes_nothing(run_cli, filled, cache, arguments, code, words):
    before = snapshot(cache)
    answer = run_cli(*arguments)

    assert (answer.code, answer.out) == (code, "")
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("datagen: error: ")
    assert words in answer.err
    assert snapshot(cache) == before


def test_a_run_with_missing_samples_ends_with_4(run_cli):
    answer = run_cli("generate", f"{FILE}:broken", "-n", "20", "--executor", "inline")

    assert answer.code == 4
    assert "5 of 20 samples are missing" in answer.err.splitlines()[-1]
    assert "RuntimeError: there is no sample 10" in answer.err.splitlines()[-1]


def test_a_cache_that_is_a_file_is_one_line(run_cli, tmp_path):
    (tmp_path / "file").touch()
    answer = run_cli("list", "--cache", tmp_path / "file")

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "is not a folder" in answer.err


def test_without_a_command_help_is_shown(run_cli):
    answer = run_cli()

    assert answer.code in {0, 2}
    assert "Commands:" in answer.out + answer.err


@pytest.mark.parametrize(
    "command",
    ["generate", "resume", "status", "cancel", "list", "generators", "show", "move", "preprocess",
     "verify", "compact", "rm"],
)  # fmt: skip
def test_every_command_explains_itself_with_examples(run_cli, command):
    answer = run_cli(command, "--help")

    assert answer.code == 0
    assert f"datagen {command}" in answer.out
    assert "Examples:" in answer.out


def test_the_traceback_can_be_asked_for(run_cli, monkeypatch):
    from datagen_core.errors import SelectionError

    monkeypatch.setenv("DATAGEN_TRACEBACK", "1")
    with pytest.raises(SelectionError):
        run_cli("list", "nothing")


def run_program(*arguments, **options):
    command = [sys.executable, "-m", "datagen_core", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_the_module_is_the_command(filled, cache):
    done = run_program("list", "--json", "--cache", cache)

    assert (done.returncode, done.stderr) == (0, "")
    assert '"generator": "sine"' in done.stdout


def test_a_real_process_ends_with_the_code_of_its_error(filled, cache):
    done = run_program("move", "sine", 99, "train", "-p", 0, "-y", "--cache", cache)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_is_no_error(filled, cache):
    done = subprocess.run(
        f"{sys.executable} -m datagen_core list --json --cache '{cache}' | true",
        shell=True, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stderr == ""
