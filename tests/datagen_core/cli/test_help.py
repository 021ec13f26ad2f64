"""Every command's help has examples, each on a line of its own."""

from __future__ import annotations

import click
import pytest

from datagen_core.cli import datagen


def commands(group=datagen, name="datagen"):
    """Yield the words of every command, those of plugins too."""
    context = click.Context(group, info_name=name)
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        words = f"{name} {each}"
        if isinstance(command, click.Group):
            yield from commands(command, words)
        else:
            yield words


@pytest.mark.parametrize("words", sorted(commands()))
def test_help_shows_examples_line_by_line(words, run_cli):
    lines = run_cli(*words.split()[1:], "--help").out.splitlines()
    examples = [line.strip() for line in lines if line.strip().startswith("datagen ")]

    assert not any("\\b" in line or "\b" in line for line in lines)
    assert any(line.strip() == "Examples:" for line in lines) or examples
    assert all(line.startswith(words) or "datagen export" in line for line in examples)
    assert examples
