"""The command `datagen freeze`."""

from __future__ import annotations

import click

from datagen_core.cli.summaries import describe_frozen
from datagen_core.commands import (
    cache_option,
    json_option,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
    tell,
)
from datagen_core.errors import count_of


@click.command("freeze")
@click.argument("name")
@click.argument("split")
@set_option()
@click.option("--note", default="", metavar="TEXT", help="What it is frozen for.")
@cache_option
@json_option
def freeze_command(
    name: str, split: str, selector: tuple[str, ...], note: str, *, as_json: bool
) -> None:
    """Print and keep the digest of SPLIT of NAME as it is now, to be named in a paper.

    The digest is the SHA-256 of the samples' values, order and schema, the same however and
    wherever they are stored. `datagen verify --against DIGEST` compares with it, also when the
    split has grown since; `datagen show NAME -p SET` lists what was frozen. A split that was
    frozen as it is now keeps its record.

    \b
    Examples:
      datagen freeze noisy_sine train
      datagen freeze noisy_sine test -p left=0 --note "table 2 of the paper"
    """
    param_set = select_set(name, selector)
    samples = param_set[split]
    say_excluded(samples)
    before = param_set.frozen
    frozen = samples.freeze(note)
    is_new = frozen not in before
    if not is_new and note not in {"", frozen.note}:
        tell(f"it was frozen before: its note stays {frozen.note!r}", prefix="")
    if as_json:
        print_json({"set": param_set.number, **describe_frozen(param_set, frozen)})
    else:
        how = "froze" if is_new else f"frozen since {frozen.created} by {frozen.by}:"
        say(f"{how} {samples.title}, {count_of(frozen.size, 'sample')}")
        say(frozen.digest)
