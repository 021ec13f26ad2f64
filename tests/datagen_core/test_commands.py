"""`datagen_core.commands`, as a plugin's commands use it."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import datagen_core
from datagen_core import commands
from datagen_core.commands import LazyGroup, cache_option, json_option, select_set, set_option

MODULE = """
import click

@click.command()
def greet():
    click.echo("hello")
"""


@datagen_core.generator()
def numbers(size, start):
    for i in range(start, start + size):
        yield {"x": i}


@click.command()
@click.argument("name")
@set_option("Which numbers.")
@cache_option
@json_option
def tell(name, selector, as_json):
    click.echo(f"{select_set(name, selector).number} {as_json}")


@pytest.fixture
def filled(cache):
    """Two parameter sets in the folder of $DATAGEN_CACHE, one in another."""
    for seed, folder in ((0, cache), (5, cache), (7, f"{cache}-other")):
        datagen_core.generate(numbers, 1, seed=seed, executor="inline", cache=folder)
    return cache


@pytest.fixture
def group(tmp_path, monkeypatch):
    """A group of a plugin that was written to a folder."""
    (tmp_path / "greetings").mkdir()
    (tmp_path / "greetings" / "__init__.py").touch()
    (tmp_path / "greetings" / "polite.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield LazyGroup("greetings", package="greetings", members={"hi": (".polite:greet", "Say so.")})
    sys.modules.pop("greetings.polite", None)
    sys.modules.pop("greetings", None)


@pytest.mark.parametrize(
    "words", ["-p 1", "--set seed=5", "--params seed=5", "-p seed=5 -p seed=5"]
)
def test_the_parameter_set_is_chosen(filled, words):
    assert CliRunner().invoke(tell, ["numbers", *words.split()]).output == "1 False\n"


def test_without_a_choice_it_is_the_only_one(filled):
    result = CliRunner().invoke(tell, ["numbers", "--cache", f"{filled}-other", "--json"])

    assert result.output == "0 True\n"


def test_among_several_one_must_be_chosen(filled):
    found = CliRunner().invoke(tell, ["numbers"]).exception

    assert isinstance(found, datagen_core.DatagenError)
    words = "numbers has 2 parameter sets: 0 (defaults), 1 (seed=5); choose one with -p NUMBER"
    assert str(found) == words


def test_the_cache_may_come_from_the_root_command(filled):
    assert CliRunner().invoke(tell, ["numbers"], obj=f"{filled}-other").output == "0 False\n"


def test_help_of_a_group_imports_no_command(group):
    assert "hi  Say so." in CliRunner().invoke(group, ["--help"]).output
    assert "greetings.polite" not in sys.modules


def test_a_command_is_imported_when_it_is_called(group):
    assert CliRunner().invoke(group, ["hi"]).output == "hello\n"
    assert "No such command 'ho'" in CliRunner().invoke(group, ["ho"]).output


def test_a_damaged_set_is_no_obstacle_to_the_choice_of_another(filled):
    datagen_core.Cache(filled)["numbers"][0].paths.params.write_text("{")

    assert CliRunner().invoke(tell, ["numbers", "-p", "1"]).output == "1 False\n"


def test_paths_are_said_too(capsys):
    commands.say(Path("a\x1b"))
    commands.tell(Path("b\x1b"))

    assert capsys.readouterr() == ("a\\x1b\n", "datagen: b\\x1b\n")
