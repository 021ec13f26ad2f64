"""Closed, full and ascii streams: a command ends as usual, without a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from datagen_core.streams import StdoutDiversion

SPEAKING = """
import os
import datagen_core

class Params(datagen_core.Params):
    word: str = "é"
    "A wórd."

@datagen_core.generator(5, Params)
def speaking(params, size, start):
    "Spéak."
    print(params.word)
    print(os.fsdecode(b"\\xff"))
    for i in range(start, start + size):
        yield {"x": float(i), "word": params.word}
"""

COMMANDS = [
    "",
    "--help",
    "generate speaking -n 5 --executor inline",
    "generate speaking -n 5 --executor local",
    "generate speaking -n 5 --executor inline -p word=☃",
    "list",
    "show speaking",
    "show speaking -p word=é",
    "verify --resample 1",
    "leaf --help",
]
CLOSED = [">&-", "<&- >&- 2>&-"]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speaking")
    (folder / "generators.py").write_text(SPEAKING, encoding="utf-8")
    for word in ("é", "a"):
        words = f"generate speaking -n 10 --executor inline -p word={word}"
        run(folder, words).check_returncode()
    return folder


def run(folder, words, streams="", **environment):
    """Run a command in a shell, with redirections; return what it printed where it could."""
    variables = {**os.environ, "DATAGEN_CACHE": str(folder / "cache"), **environment}
    variables.pop("PYTHONUNBUFFERED", None)
    return subprocess.run(
        f"{sys.executable} -m datagen_core {words} {streams}",
        shell=True, capture_output=True, check=False, cwd=folder, env=variables,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize("streams", CLOSED)
@pytest.mark.parametrize("words", COMMANDS)
def test_closed_streams_change_no_exit_code(folder, words, streams):
    done = run(folder, words, streams)

    assert done.returncode == (2 if not words else 0), done
    assert b"Traceback" not in done.stderr + done.stdout


def test_no_file_gets_the_descriptor_of_a_closed_stream(folder):
    program = (
        "from datagen_core.streams import prepare_streams; prepare_streams(); import os, sys; "
        "sys.exit(open('file', 'w').fileno() < 3 or os.readlink('/proc/self/fd/1') != '/dev/null'"
        " or os.system('test -e /proc/self/fd/1'))"
    )
    command = f'{sys.executable} -c "{program}" <&- >&- 2>&-'

    assert subprocess.run(command, shell=True, check=False, cwd=folder).returncode == 0


@pytest.mark.parametrize("option", ["", "--json"])
@pytest.mark.parametrize("words", ["list", "show speaking"])
def test_a_full_stdout_is_one_line(folder, words, option):
    done = run(folder, f"{words} {option}", ">/dev/full")

    assert done.returncode == 1
    assert done.stderr.decode().startswith("datagen: error: No space left on device")
    assert done.stderr.count(b"\n") == 1


def test_a_full_stderr_keeps_the_exit_code(folder):
    assert run(folder, "list nothing", "2>/dev/full").returncode == 2


@pytest.mark.parametrize("words", COMMANDS)
def test_terminals_without_the_letters_show_others(folder, words):
    done = run(folder, words, **ASCII)

    assert done.returncode == (2 if not words else 0), done
    assert b"Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_encodings_without_the_letters_show_others(folder, encoding):
    done = run(folder, "list", PYTHONIOENCODING=encoding)

    assert done.returncode == 0, done
    assert b"word=a " in done.stdout


def test_the_bytes_of_a_name_are_printed_as_they_were(folder):
    done = run(folder, "--cache $(printf 'name\\351') list", LC_ALL="C.UTF-8")

    assert b"/name\xe9 is empty" in done.stdout


@pytest.mark.parametrize("words", ["rm speaking -p 0", "rm speaking -p 0 <&-"])
def test_a_question_without_a_terminal_names_the_option(folder, words):
    done = run(folder, words)

    assert done.returncode == 2
    assert b"there is no terminal to confirm on; confirm with -y" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_folder_of_any_bytes_holds_generators_and_caches(folder):
    place = os.fsencode(folder) + b"/\xe9\xff"
    Path(os.fsdecode(place)).mkdir()
    Path(os.fsdecode(place), "mine.py").write_text(SPEAKING, encoding="utf-8")
    words = "--cache $(printf '\\351\\377')/cache generate $(printf '\\351\\377')/mine.py:speaking"

    for executor in ("inline", "local"):
        done = run(folder, f"{words} -n 5 --executor {executor}")
        assert done.returncode == 0, done.stderr


def test_the_diversion_ends(capfd):
    diversion = StdoutDiversion()
    print("meanwhile")  # noqa: T201
    diversion.write("answer\n")
    diversion.end()
    os.write(1, b"after\n")

    assert capfd.readouterr() == ("answer\nafter\n", "meanwhile\n")
