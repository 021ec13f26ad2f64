"""The commands `datagen pate …`, each imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "pretrain-decoder": "Train the public decoder, a VAE.",
    "train-teachers": "Train teachers on shards of private images, or import them.",
    "candidates": "Draw a pool of candidate images from the decoder.",
    "combine": "Join the synthetic sets of all teachers.",
    "train-student": "Train a student on synthetic images.",
    "evaluate-student": "Measure a student on real images.",
    "evaluate": "Measure a synthetic set: diversity, memorization, success criteria.",
    "report": "Draw one page of pictures and checks of a parameter set.",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"{__name__}.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup)
def pate() -> None:
    """Synthetic images from public data, labelled by private teachers (PATE).

    Public images make a decoder, private shards make teachers; `datagen generate pate_images` and
    `datagen generate pate_votes` make labelled images from both, which train a student.
    """
