"""The command `datagen leaf preprocess`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from datagen_core import Selection
from datagen_core.commands import count_of, tell
from datagen_leaf.cli.view_stages import (
    by_option,
    kind_option,
    least_option,
    make_views,
    sample_options,
    set_options,
    split_options,
)
from datagen_leaf.compat.export import compute_checksums
from datagen_leaf.errors import ChecksumError
from datagen_leaf.preprocessing.stages import Chain


@click.command()
@set_options
@kind_option
@sample_options
@least_option
@by_option
@split_options
@click.option(
    "--nochecksum",
    is_flag=True,
    help="Ignored, accepted as LEAF's: only `datagen export` writes JSON files and checksums.",
)
@click.option(
    "--verify",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare LEAF's JSON files with this list of MD5 sums; no file is written.",
)
def preprocess(**options: Any) -> None:  # fmt: skip
    """Sample, remove users and split, with the options of LEAF's preprocess.sh.

    A stage whose option (-s, -k, -t) is left out is skipped.

    \b
    Examples:
      datagen leaf preprocess leaf_synthetic -s niid --sf 1.0 -k 5 -t sample --tf 0.6
      datagen export leaf_synthetic --view niid_0_keep_5_train_6 --format leaf synthetic
    """
    chain = make_views(options)
    if options["verify"]:
        _verify(chain, options["verify"])


def _verify(chain: Chain, path: Path) -> None:
    selection = Selection(chain.param_set, chain.view or {}, chain.view)
    ours = {line.strip() for line in compute_checksums(selection)}
    theirs = {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line}
    differing = sorted({line.split()[-1] for line in ours ^ theirs})
    if differing:
        raise ChecksumError(f"the files of {path} and of this view differ: {', '.join(differing)}")
    tell(f"the checksums in {path} are those of all {count_of(len(ours), 'file')}", prefix="")
