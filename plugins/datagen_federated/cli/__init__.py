"""The commands `datagen federated …`, each imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "merge": ("merging", "Join tables of runs into one, with an id for every row."),
    "weights": ("weights", "Write the weights that runs saved, as files."),
    "plot": ("plotting", "Draw learning curves and label distributions."),
    "autogen": ("studies", "Make a random study: many runs from a space of parameters."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(
            import_module(f"{__name__}.{_COMMANDS[cmd_name][0]}"), cmd_name
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup)
def federated() -> None:
    """Work with federated runs: tables, weights, pictures, random studies."""
