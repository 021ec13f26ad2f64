"""The command `datagen leaf sample`."""

from __future__ import annotations

from typing import Any

import click

from datagen_leaf.cli.view_stages import kind_option, make_views, sample_options, set_options


@click.command()
@set_options
@kind_option
@sample_options
def sample(**options: Any) -> None:
    """Take a fraction of the samples of NAME.

    With -s niid (the default), take whole users in random order until they have enough samples.
    With -s iid, mix the samples of all users, and deal them out to new users.

    \b
    Examples:
      datagen leaf sample leaf_synthetic -s niid --sf 0.1 --smplseed 1
      datagen leaf sample leaf_synthetic -s iid --sf 1.0 --iu 0.1
    """
    make_views({**options, "kind": options["kind"] or "niid"})
