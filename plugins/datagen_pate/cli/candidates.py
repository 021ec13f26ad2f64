"""The command `datagen pate candidates`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from datagen_core.commands import count_of, human_bytes, json_option, print_json, say, tell
from datagen_pate.cli import device_option

_EXAMPLES = """\b
Examples:
  datagen pate candidates --decoder-path pretrained_decoder/decoder.pth --out pool.npz --save-grid
  datagen pate candidates --decoder-path decoder.pth --prior none --out candidates/run1.pt
  datagen pate candidates --decoder-path decoder.pth --config synthetic_generation.json \\
      --pool-size 50000 --out pool.npz --json"""

_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command(epilog=_EXAMPLES)
@click.option("--decoder-path", type=click.Path(exists=True, path_type=Path), required=True,
              help="decoder.pth, or its folder.")  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The pool: .npz, or .pt as the original's.")  # fmt: skip
@click.option("--pool-size", type=int, help="How many candidates.  [default: 20000]")
@click.option("--latent-dim", type=int, help="Must be the decoder's, which is the default.")
@click.option("--latent-mixing", type=float, help="Share of mixed latents.  [default: 0.3]")
@click.option("--latent-noise", type=float, help="Noise on latents.  [default: 0.1]")
@click.option("--prior", default="auto", show_default=True, metavar="FILE|auto|none",
              help="Distribution of latents: FILE, latent_prior.npz of public digits by class; "
              "auto: that beside the decoder, if it exists; none: standard normal.")  # fmt: skip
@click.option("--config", type=_FILE, help="The original's JSON; options go before its values.")
@click.option(
    "--run-id", default="run1", show_default=True, help="Name of the run, kept in the recipe."
)
@click.option("--seed", type=click.IntRange(0), default=123, show_default=True)
@click.option("--save-grid", is_flag=True, help="Also draw the first 64 as .png beside the pool.")
@click.option("--format", "form", type=click.Choice(["npz", "original"]),
              help="[default: by the name of --out]")  # fmt: skip
@click.option("--compat", type=click.Choice(["original"]),
              help="Mix latents and keep floats as the original; without a prior.")  # fmt: skip
@device_option
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32",
              show_default=True)  # fmt: skip
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of torch.")
@json_option
def candidates(*, as_json: bool, **options: Any) -> None:
    """Draw a pool of candidate images from the decoder.

    The generators draw candidates themselves; a pool in a file is for viewing, for other programs,
    and for the original's scripts. An existing pool of the same decoder, options and seed is kept.
    """
    from datagen_pate.pools.making import PoolRequest, make_pool  # it imports numpy

    report = make_pool(PoolRequest(**options), lambda text: tell(text, prefix=""))
    if as_json:
        print_json(report)
    else:
        size = count_of(report["pool_size"], "candidate")
        say(f"{report['path']}: {size}, {human_bytes(report['bytes'])}")
