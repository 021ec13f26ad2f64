"""README.md stays short, and screens and pictures of docs/ show what commands print and draw."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
pytest.importorskip("sphinx")
sys.path.append(str(DOCS))

import screens  # noqa: E402 (where docs/conf.py finds it)


@pytest.fixture
def folder():
    made = screens.make_folder()
    yield made
    shutil.rmtree(made)


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_readme_shows_the_picture_that_the_site_makes(folder):
    page = (DOCS / "index.md").read_text()
    commands = re.search(r"```\{picture\} clients\.png\n(?::[^\n]*\n)+\n(.*?)```", page, re.DOTALL)[
        1
    ]
    for command in screens.commands_of(commands.splitlines()):
        screens.run_in_terminal(command, folder)
    made, kept = (folder / "clients.png").read_bytes(), (DOCS / "clients.png").read_bytes()

    assert len(kept) < 60_000
    assert made == kept, "what is drawn has changed: `make picture`, and look at docs/clients.png"


def test_commands_are_lines_that_a_backslash_joins():
    lines = ["one \\", "  more", "", "$ two"]

    assert screens.commands_of(lines) == ["one \\\n  more", "$ two"]


def test_command_sees_a_terminal_and_none_of_our_settings(folder, monkeypatch):
    monkeypatch.setenv("DATAGEN_PROFILE", "mine")
    command = "test -t 1 && stty size < /dev/stdout && echo ${DATAGEN_PROFILE:-none} && echo $HOME"

    assert screens.run_in_terminal(command, folder, 90) == "50 90\nnone\n~\n"


def test_what_is_said_on_stderr_comes_last(folder):
    assert screens.run_in_terminal("echo one >&2; echo two", folder) == "two\none\n"


def test_failing_command_is_an_error_with_its_words(folder):
    with pytest.raises(screens.ExtensionError, match=r"ends with exit code 3:\nalas"):
        screens.run_in_terminal("echo alas; exit 3", folder)


def test_drawing_loads_nothing_and_holds_the_words():
    shown = [screens.Shown("datagen list", "\x1b[31mred\x1b[0m & blue\n")]
    drawing = screens.draw(shown)

    assert "@font-face" not in drawing
    assert re.findall(r"https?://[^\"\s]+", drawing) == [
        "http://www.w3.org/2000/svg",
        "https://www.textualize.io",
    ]
    assert "red" in drawing
    assert screens.plain(shown) == "$ datagen list\nred & blue\n\n"


def test_screens_run_inline_and_find_the_examples(folder):
    command = "datagen generate noisy_sine -n 10 --generators example_datasets --dry-run"

    assert "inline" in screens.run_in_terminal(command, folder)
