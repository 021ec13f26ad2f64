"""The command `datagen leaf remove-users`."""

from __future__ import annotations

from typing import Any

import click

from datagen_leaf.cli.view_stages import least_option, make_views, set_options


@click.command()
@set_options
@least_option
def remove_users(**options: Any) -> None:
    """Keep the users of NAME that have at least -k samples (default 10).

    \b
    Examples:
      datagen leaf remove-users leaf_synthetic --view niid_1 -k 5
    """
    make_views({**options, "least": 10 if options["least"] is None else options["least"]})
