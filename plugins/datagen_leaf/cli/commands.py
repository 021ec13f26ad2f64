"""The commands `datagen leaf …`: LEAF's preprocessing as views, and its statistics."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click

from datagen_core.commands import cache_option, json_option, select_set, set_option
from datagen_leaf.compat.export import compute_checksums
from datagen_leaf.errors import ChecksumError, PreprocessingError
from datagen_leaf.preprocessing.histogram import draw_histogram
from datagen_leaf.preprocessing.stages import Chain, Recipe, removal, sampling, splitting
from datagen_leaf.preprocessing.statistics import describe_sizes, format_as_leaf, format_statistics

Options = Callable[[Any], Any]


def _options(*options: Options) -> Options:
    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


_of_set = _options(
    click.argument("name"),
    set_option(),
    click.option("--view", help="Go on from this view.  [default: all samples]"),
    cache_option,
)
_kind = click.option("-s", "kind", type=click.Choice(["iid", "niid"]), help="How to sample.")
_fractions = _options(
    click.option("--iu", type=float, metavar="F",
                 help="With iid: new users, as a fraction of the users.  [default: 0.01]"),
    click.option("--sf", type=float, metavar="F", help="Fraction of samples.  [default: 0.1]"),
)  # fmt: skip
_smplseed = click.option("--smplseed", type=int, help="Seed of sampling.  [default: drawn]")
_least = click.option("-k", "least", type=click.IntRange(0), metavar="N",
                      help="Remove users with fewer samples.")  # fmt: skip
_by = click.option("-t", "by", type=click.Choice(["user", "sample"]), help="What to divide.")
_tf = click.option("--tf", type=float, metavar="F", help="Fraction for training.  [default: 0.9]")
_spltseed = click.option("--spltseed", type=int, help="Seed of the split.  [default: drawn]")


@click.group()
def leaf() -> None:
    """Preprocess tasks as LEAF does, without copies, and sum up their sizes.

    Each stage makes a view, which is kept beside the samples under a readable name and a digest of
    its recipe. Nothing is overwritten: stages with other options make other views. They look at all
    samples that there are, in whatever split, and change no split.
    """


@leaf.command()
@_of_set
@_kind
@_fractions
@_smplseed
@json_option
def sample(**options: Any) -> None:
    """Take a fraction of the samples of NAME: whole users, or all mixed and dealt out anew (iid).

    \b
    Examples:
      datagen leaf sample leaf_synthetic -s niid --sf 0.1 --smplseed 1
      datagen leaf sample leaf_synthetic -s iid --sf 1.0 --iu 0.1
    """
    _carry_out({**options, "kind": options["kind"] or "niid"})


@leaf.command("remove-users")
@_of_set
@_least
@json_option
def remove_users(**options: Any) -> None:
    """Keep the users of NAME that have at least -k samples (default 10).

    \b
    Examples:
      datagen leaf remove-users leaf_synthetic --view niid_1 -k 5
    """
    _carry_out({**options, "least": 10 if options["least"] is None else options["least"]})


@leaf.command()
@_of_set
@_by
@_tf
@_spltseed
@json_option
def split(**options: Any) -> None:
    """Divide NAME into the parts train and test, by user or within each user.

    \b
    Examples:
      datagen leaf split leaf_synthetic --view niid_1_keep_5 -t sample --tf 0.6 --spltseed 2
    """
    _carry_out({**options, "by": options["by"] or "sample"})


@leaf.command()
@_of_set
@_kind
@_fractions
@_least
@_by
@_tf
@_smplseed
@_spltseed
@click.option(
    "--nochecksum",
    is_flag=True,
    help="As if not given: `datagen export` writes the JSON files and their checksums.",
)
@click.option(
    "--verify",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare LEAF's JSON files with this list of MD5 sums; no file is written.",
)
@json_option
def preprocess(**options: Any) -> None:  # fmt: skip
    """Sample, remove users and split, with the options of LEAF's preprocess.sh.

    A stage whose option (-s, -k, -t) is left out is skipped.

    \b
    Examples:
      datagen leaf preprocess leaf_synthetic -s niid --sf 1.0 -k 5 -t sample --tf 0.6
      datagen export leaf_synthetic --view niid_0_keep_5_train_6 --format leaf synthetic
    """
    chain = _carry_out(options)
    if options["verify"]:
        _verify(chain, options["verify"])


@leaf.command()
@_of_set
@click.option("--part", default="data", show_default=True, help="The part of the view.")
@click.option(
    "-o",
    "--output",
    metavar="PNG",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the histogram too; replaced if it exists.",
)
@click.option("--as-leaf", is_flag=True, help="Print what LEAF's stats.sh prints.")
@json_option
def stats(**options: Any) -> None:  # fmt: skip
    """Sum up how many samples the users of NAME have: figures and a histogram.

    \b
    Examples:
      datagen leaf stats leaf_synthetic -o sizes.png
      datagen leaf stats leaf_synthetic --view niid_0_keep_5_train_6 --part test
    """
    param_set = select_set(options["name"], options["selector"])
    view = options["view"] and param_set.view(options["view"])
    samples = view[options["part"]] if view else param_set.samples
    title = f"{param_set} {view.full_name} {options['part']}" if view else str(param_set)
    if not len(samples):
        message = f"{title} has no users; there is nothing to sum up"
        raise PreprocessingError(message)
    found = describe_sizes(samples.lengths())
    if options["output"]:
        draw_histogram(found, options["output"], title)
    if options["as_json"]:
        click.echo(json.dumps(found.to_json()))
    elif options["as_leaf"]:
        click.echo(format_as_leaf(found), nl=False)
    else:
        click.echo(format_statistics(found, title))


def _carry_out(options: dict[str, Any]) -> Chain:
    """Carry out the stages that options mean, and tell of each."""
    stages = _stages(SimpleNamespace(**{**_NONE, **options}))
    chain = Chain(select_set(options["name"], options["selector"]), options["view"])
    told = [_tell(chain, stage, as_json=options["as_json"]) for stage in stages]
    if options["as_json"]:
        click.echo(json.dumps(told))
    return chain


_NONE = dict.fromkeys(("kind", "iu", "sf", "least", "by", "tf", "smplseed", "spltseed"))


def _stages(given: Any) -> list[Recipe]:
    """Return the stages in LEAF's order.

    Raises
    ------
    PreprocessingError
        When there is none, or an option belongs to a stage that is not asked for. Seeds may: LEAF's
        commands give both seeds always.
    """
    stages = []
    if given.kind:
        sf = 0.1 if given.sf is None else given.sf
        stages.append(sampling(given.kind, sf, given.iu, given.smplseed))
    if given.least is not None:
        stages.append(removal(given.least))
    if given.by:
        stages.append(splitting(given.by, 0.9 if given.tf is None else given.tf, given.spltseed))
    _refuse({"--sf": given.sf, "--iu": given.iu}, "-s", missing=not given.kind)
    _refuse({"--tf": given.tf}, "-t", missing=not given.by)
    if not stages:
        message = "nothing to do: choose a stage with -s, -k or -t"
        raise PreprocessingError(message)
    return stages


def _refuse(options: Mapping[str, Any], stage: str, *, missing: bool) -> None:
    for option, value in options.items():
        if missing and value is not None:
            message = f"{option} does nothing without {stage}"
            raise PreprocessingError(message)


def _tell(chain: Chain, stage: Recipe, *, as_json: bool) -> dict[str, Any]:
    """Carry out one stage and say what it made."""
    view = chain.apply(stage)
    parts = {part: _count(view[part]) for part in view}
    if not as_json:
        click.echo(f"{view.full_name}: {'; '.join(_sides(parts))}{_notes(chain, stage, parts)}")
    return {"view": view.full_name, **view.recipe, "parts": parts, "dropped": chain.dropped}


def _count(part: Any) -> dict[str, int]:
    sizes = part.lengths()
    return {"users": len(sizes), "samples": int(sizes.sum()), "empty": int((sizes == 0).sum())}


def _sides(parts: Mapping[str, Mapping[str, int]]) -> Sequence[str]:
    texts = {part: f"{n['users']} users, {n['samples']} samples" for part, n in parts.items()}
    return [text if part == "data" else f"{part} {text}" for part, text in texts.items()]


def _notes(chain: Chain, stage: Recipe, parts: Mapping[str, Mapping[str, int]]) -> str:
    empty = sum(part["empty"] for part in parts.values())
    dropped = f"; {chain.dropped} users with one sample or none dropped" if chain.dropped else ""
    seed = f" (seed {stage['seed']})" if "seed" in stage else ""
    return dropped + (f"; {empty} users are empty" if empty else "") + seed


def _verify(chain: Chain, path: Path) -> None:
    """Compare the checksums of the JSON files with those of a list.

    Raises
    ------
    ChecksumError
        When they differ.
    """
    selection = SimpleNamespace(param_set=chain.param_set, view=chain.view, parts=chain.view)
    ours = {line.strip() for line in compute_checksums(selection)}
    theirs = {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line}
    differing = sorted({line.split()[-1] for line in ours ^ theirs})
    if differing:
        message = f"{path} differs from what there is in {', '.join(differing)}"
        raise ChecksumError(message)
    click.echo(f"all {len(ours)} files are those of {path}", err=True)
