"""The command `datagen pack`."""

from __future__ import annotations

from pathlib import Path

import click

from datagen_core.commands import (
    cache_option,
    heed_sigterm,
    json_option,
    print_json,
    say,
    select_set,
    set_option,
    tell,
)
from datagen_core.errors import count_of


@click.command("pack")
@click.argument("name")
@click.argument("file", metavar="FILE.tar", type=click.Path(path_type=Path))
@set_option()
@click.option("--force", is_flag=True, help="Replace an earlier file.")
@cache_option
@json_option
def pack_command(
    name: str, file: Path, selector: tuple[str, ...], *, force: bool, as_json: bool
) -> None:
    """Write a parameter set of NAME into one file, for `datagen unpack` elsewhere.

    The file is a plain tar of a cache with this set alone: samples, splits, runs, results and
    views, with checksums in SHA256SUMS. All files are checked first. The same set gives the same
    bytes. (Packs in a set's folder are something else: `datagen compact` joins shards into them.)

    \b
    Examples:
      datagen pack noisy_sine -p 0 noisy_sine-0.tar
    """
    from datagen_core.upkeep.merging.archives import pack  # slow; not for --help

    param_set = select_set(name, selector)
    with heed_sigterm():
        found = pack(param_set, file, force=force)
    if param_set.seed_is_secret:
        tell(
            f"warning: {file} has the seed of {param_set}, with which noise can be removed; "
            "keep it to yourself, and share an export"
        )
    if as_json:
        print_json({"path": str(file.absolute()), "set": param_set.number, **found})
    else:
        say(f"{file}: {param_set}, {count_of(found['files'], 'file')}")
