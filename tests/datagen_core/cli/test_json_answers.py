"""With --json, standard output is one JSON value, whatever else prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from datagen_core.commands import LazyGroup, json_option, print_json

NOISY = """
import ctypes, os, subprocess, sys, threading, time
import datagen_core

libc = ctypes.CDLL(None)

def print_everywhere():
    print("python")
    sys.__stdout__.write("the first stdout\\n")
    os.write(1, b"descriptor\\n")
    libc.printf(b"in a buffer of C\\n")
    subprocess.run(["echo", "child"], check=True)

print_everywhere()

@datagen_core.generator(5)
def noisy(size, start):
    print_everywhere()
    threading.Thread(target=lambda: (time.sleep(0.3), print("late"))).start()
    for i in range(start, start + size):
        yield {"x": float(i)}

@noisy.preprocessor
def loud(samples):
    print_everywhere()
    return samples
"""

COMMANDS = [
    "generate noisy -n 5 --executor inline",
    "generate noisy -n 5 --executor inline --dry-run",
    "generate noisy -n 5 --executor local",
    "verify --resample 2",
    "preprocess noisy loud raw 5",
    "generators --check",
    "show noisy",
    "show noisy -p 0",
    "list",
    "status",
    "du --by split",
    "logs noisy",
    "estimate noisy -n 5 --trial 1",
    "prune --older-than 9d --dry-run",
    "resume --executor inline",
    "move noisy 1 train",
    "export noisy table.csv --format csv",
]


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Return a folder with a generator that prints, and a cache with some of its samples."""
    folder = tmp_path_factory.mktemp("noisy")
    (folder / "generators.py").write_text(NOISY)
    run_program(folder, "generate noisy -n 10 --executor inline").check_returncode()
    return folder


def run_program(folder, words):
    command = [sys.executable, "-m", "datagen_core", *words.split()]
    environment = {**os.environ, "DATAGEN_CACHE": str(folder / "cache")}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=environment
    )


@pytest.mark.parametrize("words", COMMANDS)
def test_stdout_of_a_process_is_one_json_value(noisy, words):
    done = run_program(noisy, f"{words} --json")

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    json.loads(done.stdout)


def test_what_else_is_printed_is_on_stderr(noisy):
    errors = run_program(noisy, "generate noisy -n 5 --executor inline --json").stderr

    for words in ("python", "the first stdout", "descriptor", "in a buffer of C", "child", "late"):
        assert words in errors.splitlines()


def test_without_json_a_generator_prints_on_stdout(noisy):
    done = run_program(noisy, "generate noisy -n 5 --executor inline")

    assert {"python", "descriptor", "child"} <= set(done.stdout.splitlines())


def test_an_error_leaves_stdout_empty(noisy):
    done = run_program(noisy, "generate noisy -n 5 -p x=1 --json")

    assert (done.returncode, done.stdout) == (2, "")
    # What the module left in buffers may come behind it, at the end of the process.
    errors = [line for line in done.stderr.splitlines() if line.startswith("datagen: ")]
    assert errors == ["datagen: error: noisy has no parameter 'x'; it has none"]


@click.command()
@json_option
def tell(as_json):
    print("python")  # noqa: T201
    os.write(1, b"descriptor\n")
    if as_json:
        print_json({"nan": float("nan"), "more": [float("inf"), {"x": (1.5,)}]})


def test_the_runner_of_click_gets_the_json_alone(capfd):
    answer = CliRunner().invoke(tell, ["--json"])

    assert json.loads(answer.stdout) == {"nan": None, "more": [None, {"x": [1.5]}]}
    assert answer.stderr == "python\n"
    assert capfd.readouterr() == ("", "descriptor\n")


def test_standard_output_is_as_before_afterwards(capfd):
    CliRunner().invoke(tell, ["--json"])
    CliRunner().invoke(tell, [])
    os.write(1, b"here\n")

    assert capfd.readouterr().out == "descriptor\nhere\n"


def test_print_json_needs_no_option(capfd):
    with click.Context(tell):
        print_json([1])

    assert capfd.readouterr().out == "[1]\n"


def test_the_import_of_a_command_does_not_print_into_the_answer(tmp_path, monkeypatch):
    (tmp_path / "loud_command.py").write_text(
        'import click\nfrom datagen_core.commands import json_option, print_json\nprint("import")\n'
        "@click.command()\n@json_option\ndef speak(as_json):\n    print_json(as_json)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    group = LazyGroup("loud", package="", members={"speak": ("loud_command:speak", "Speak.")})

    answer = CliRunner().invoke(group, ["speak", "--json"])
    assert (answer.stdout, answer.stderr) == ("true\n", "import\n")


@pytest.mark.parametrize("value", ["--json", "x"])
def test_a_value_that_looks_like_the_option_is_none(value):
    group = LazyGroup("group", package=__name__, members={"say": (f"{__name__}:say", "Say.")})

    assert CliRunner().invoke(group, ["say", "--word", value]).stdout == f"{value}\n"


@click.command()
@click.option("--word")
@json_option
def say(word, as_json):
    click.echo(as_json or word)
