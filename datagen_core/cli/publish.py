"""The command `datagen publish`."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from datagen_core.commands import (
    cache_option,
    json_option,
    print_json,
    say,
    select_set,
    set_option,
    tell,
)
from datagen_core.errors import count_of


@click.command("publish")
@click.argument("name")
@click.argument("destination", metavar="DIR", type=click.Path(path_type=Path))
@set_option()
@cache_option
@json_option
def publish_command(
    name: str, destination: Path, selector: tuple[str, ...], *, as_json: bool
) -> None:
    """Publish a parameter set of NAME in the new folder DIR, for all to read.

    DIR is a cache with this set alone, which nobody may write: its samples, splits, exclusions,
    frozen digests, results of preprocessors and views, with README.md, which says what it is, and
    SHA256SUMS. Who made it, where, from which folder and by which command is left out, and so are
    logs, options of jobs, input files and the key of a private set. What parameters and your notes
    say stays, and texts in them that may name somebody are reported; samples that were excluded
    are still in their files.

    Your own files are linked where nobody else may change them, and copied otherwise. All are
    verified first. What was published is not changed later: where the set has grown, name another
    folder. To remove it: chmod -R u+w DIR, then rm -r DIR.

    \b
    Examples:
      datagen publish noisy_sine -p 0 /project/public/noisy_sine
      datagen publish noisy_sine -p left=0 release-1 --json
    """
    from datagen_core.cli.progress import counting  # slow; not for --help
    from datagen_core.errors import human_bytes
    from datagen_core.upkeep.group_cache import find_barrier
    from datagen_core.upkeep.publication import publish

    with counting("publishing files") as report:
        done = publish(select_set(name, selector), destination, report)
    for each in done.personal:
        tell(f"warning: published as part of the set: {each}")
    if barrier := find_barrier(done.path):
        tell(f"warning: not all can read it: {barrier} is closed to others")
    if as_json:
        print_json({**asdict(done), "path": str(done.path)})
        return
    what = f"{count_of(done.files, 'file')}, {human_bytes(done.bytes)}"
    if done.again:
        say(f"{done.path} is published already: {what}")
        return
    say(f"{done.path}: {what}{f', {done.linked} linked' if done.linked else ''}")
    say(f"read it: {shlex.join(['datagen', 'list', '--cache', str(done.path)])}")
