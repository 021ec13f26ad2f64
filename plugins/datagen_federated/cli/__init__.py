"""The commands `datagen federated …`, each imported when it is called."""

from __future__ import annotations

import click

from datagen_core.commands import LazyGroup

_COMMANDS = {
    "merge": ("merging:merge", "Join tables of runs into one, with an id for every row."),
    "weights": ("weights:weights", "Write the weights that runs saved, as files."),
    "plot": ("plotting:plot", "Draw learning curves and label distributions."),
    "autogen": ("studies:autogen", "Make a random study: many runs from a space of parameters."),
    "certificates": (
        "certificates:certificates",
        "Make the certificates of a server and its clients.",
    ),
}


@click.group(cls=LazyGroup, package=__name__, members=_COMMANDS)
def federated() -> None:
    """Work with federated runs: tables, weights, pictures, random studies, certificates."""
