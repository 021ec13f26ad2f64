"""The commands `datagen federated …`, each imported when it is called."""

from __future__ import annotations

import click

from datagen_core.commands import LazyGroup

_COMMANDS = {
    "merge": (".merge:merge", "Join tables of runs into one, with an id for every row."),
    "weights": (".weights:weights", "Write the weights that runs saved, as files."),
    "plot": (".plot:plot", "Draw learning curves and label distributions."),
    "autogen": (".autogen:autogen", "Make a random study: many runs from a space of parameters."),
    # Real federations are in a package of their own, which builds on this one.
    "certificates": (
        "datagen_federations.cli.certificates:certificates",
        "Make the certificates of a server and its clients.",
    ),
    "server": (
        "datagen_federations.cli.server:server",
        "Serve a federated run to clients on this or other machines.",
    ),
    "client": (
        "datagen_federations.cli.client:client",
        "Take part in a federated run with the data of this machine.",
    ),
    "demo": (
        "datagen_federations.cli.demo:demo",
        "Run a server and its clients on this machine, from data to curves.",
    ),
}


@click.group(
    cls=LazyGroup,
    package=__name__,
    members=_COMMANDS,
    context_settings={"show_default": True},
)
def federated() -> None:
    """Work with federated runs: tables, weights, pictures, random studies, federations."""
