"""No text of a cache moves the cursor of a terminal, changes its colours, or adds a line."""

from __future__ import annotations

import os
import unicodedata

import pytest

import generators_for_tests
from datagen_core import generate
from datagen_core.cli import progress, tables
from datagen_core.errors import printable
from generators_for_tests import sine

EVIL = "\x1b[2J\x07\x7f\x9b31m\u202e\u2066\r\nfake  [red]line[/]"
HARMLESS = "[red]line[/]"
COMMANDS = [
    ("list",),
    ("show", "sine", "-p", "0"),
    ("show", "sine", "-p", "0", "--runs"),
    ("status", "--all"),
    ("verify",),
    ("move", "sine", "1", "train", "-y"),
    ("freeze", "sine", "train", "--note", EVIL),
    ("exclude", "sine", "--indices", "3", "--reason", EVIL, "-y"),
    ("move", "sine", "1", EVIL, "-y"),
    ("preprocess", "sine", EVIL, "raw", "1"),
    ("generate", f"{generators_for_tests.__file__}:sine", "-n", "1", "-p", f"label={EVIL}",
     "--dry-run", "--executor", "inline"),
    ("resume", "--executor", "inline", EVIL),
    ("rm", EVIL, "-y"),
    (EVIL,),
]  # fmt: skip


def assert_plain(text):
    """Assert that lines hold nothing but printable characters, and bytes that stay bytes."""
    odd = {each for each in text if unicodedata.category(each)[0] == "C"} - {"\n"}
    assert not {each for each in odd if not "\udca0" <= each <= "\udcff"}


@pytest.fixture
def evil(cache):
    made = generate(sine, 10, {"label": EVIL}, executor="inline", cache=cache)
    made.move(4, "train")
    made.exclude([5], EVIL)
    return made


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0][:8].strip("\x1b["))
def test_commands_print_plain_lines(run_cli, evil, command):
    answer = run_cli(*command)

    assert_plain(answer.out)
    assert_plain(answer.err)
    assert "\nfake" not in answer.out + answer.err


def test_markup_is_shown_as_it_is(run_cli, evil, monkeypatch, capsys):
    assert HARMLESS in run_cli("list").out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    tables.print_table("", ("name",), [(EVIL,)])
    answer = capsys.readouterr().out

    assert HARMLESS in answer
    assert_plain(answer.splitlines()[1])  # the header is bold


def test_json_loses_nothing_and_is_plain(run_cli, evil):
    answer = run_cli("list", "--json")

    assert answer.json[0]["params"]["label"] == EVIL
    assert answer.out.strip().isascii()
    assert answer.out.strip().isprintable()


def test_python_shows_plain_text(evil):
    assert_plain(repr(evil))


def test_progress_shows_plain_text(capsys):
    lines = progress._Lines(EVIL)
    lines(progress.Moment(1, 2, 0, EVIL))
    shown = capsys.readouterr().err

    assert_plain(shown)
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (os.fsdecode(b"caf\xe9"), "caf\udce9"),
        ("\udc9b", r"\udc9b"),
        ("\udcc2\udc9b", "\udcc2" + r"\udc9b"),  # as bytes they would be U+009B
        ("\udcc2\udca0", r"\xa0"),
        ("\ud800", r"\ud800"),
        ("plain ü", "plain ü"),
    ],
)
def test_bytes_of_names_stay_unless_they_are_control_characters(text, shown):
    assert printable(text) == shown
