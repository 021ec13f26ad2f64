"""The command `datagen leaf split`."""

from __future__ import annotations

from typing import Any

import click

from datagen_leaf.cli.view_stages import by_option, make_views, set_options, split_options


@click.command()
@set_options
@by_option
@split_options
def split(**options: Any) -> None:
    """Divide NAME into the parts train and test.

    With -t sample (the default), the samples of each user are divided; with -t user, the users.

    \b
    Examples:
      datagen leaf split leaf_synthetic --view niid_1_keep_5 -t sample --tf 0.6 --spltseed 2
    """
    make_views({**options, "by": options["by"] or "sample"})
