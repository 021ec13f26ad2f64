"""Stages as the commands take them: options, the views they make, and what is printed of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from datagen_core.commands import (
    cache_option,
    count_of,
    json_option,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
)
from datagen_leaf.errors import PreprocessingError
from datagen_leaf.preprocessing.stages import Chain, Recipe, removal, sampling, splitting

Options = Callable[[Any], Any]


def _together(*options: Options) -> Options:
    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


set_options = _together(
    click.argument("name"),
    set_option(),
    click.option("--view", help="Start from this view.  [default: all samples]"),
    cache_option,
    json_option,
)
kind_option = click.option("-s", "kind", type=click.Choice(["iid", "niid"]), help="How to sample.")
sample_options = _together(
    click.option("--iu", type=float, metavar="F",
                 help="With -s iid: new users, as a fraction of the users.  [default: 0.01]"),
    click.option("--sf", type=float, metavar="F", help="Fraction of samples.  [default: 0.1]"),
    click.option("--smplseed", type=int, help="Seed of sampling.  [default: random]"),
)  # fmt: skip
least_option = click.option("-k", "least", type=click.IntRange(0), metavar="N",
                            help="Remove users with fewer samples.")  # fmt: skip
by_option = click.option("-t", "by", type=click.Choice(["user", "sample"]), help="What to divide.")
split_options = _together(
    click.option("--tf", type=float, metavar="F", help="Fraction for training.  [default: 0.9]"),
    click.option("--spltseed", type=int, help="Seed of the split.  [default: random]"),
)


def make_views(options: Mapping[str, Any]) -> Chain:
    """Carry out the stages that a command's options mean, print their views, and return them.

    Raises
    ------
    PreprocessingError
        When no stage is asked for, an option is out of range or belongs to another stage, or a
        stage would leave nothing.
    """
    stages = _read_stages(options)
    chain = Chain(select_set(options["name"], options["selector"]), options["view"])
    if not options["view"]:
        say_excluded(chain.samples)
    described = [_make_view(chain, stage, as_json=options["as_json"]) for stage in stages]
    if options["as_json"]:
        print_json(described)
    return chain


def _read_stages(options: Mapping[str, Any]) -> list[Recipe]:
    """Return the stages in LEAF's order.

    Seeds of stages that are not asked for are ignored: LEAF's commands always give both seeds.
    """
    kind, least, by, sf, iu, tf = map(options.get, ("kind", "least", "by", "sf", "iu", "tf"))
    _refuse({"--sf": sf, "--iu": iu}, "-s", missing=not kind)
    _refuse({"--tf": tf}, "-t", missing=not by)
    stages = []
    if kind:
        stages.append(sampling(kind, 0.1 if sf is None else sf, iu, options["smplseed"]))
    if least is not None:
        stages.append(removal(least))
    if by:
        stages.append(splitting(by, 0.9 if tf is None else tf, options["spltseed"]))
    if not stages:
        raise PreprocessingError("nothing to do: choose a stage with -s, -k or -t")
    return stages


def _refuse(options: Mapping[str, Any], stage: str, *, missing: bool) -> None:
    for option, value in options.items():
        if missing and value is not None:
            raise PreprocessingError(f"{option} does nothing without {stage}")


def _make_view(chain: Chain, stage: Recipe, *, as_json: bool) -> dict[str, Any]:
    view = chain.apply(stage)
    parts = {part: _count(view[part]) for part in view}
    if not as_json:
        counts = [
            f"{'' if part == 'data' else f'{part} '}{count_of(n['users'], 'user')}, "
            f"{count_of(n['samples'], 'sample')}"
            for part, n in parts.items()
        ]
        say(f"{view.full_name}: {'; '.join(counts)}{_notes(chain, stage, parts)}")
    return {"view": view.full_name, **view.recipe, "parts": parts, "dropped": chain.dropped}


def _count(part: Any) -> dict[str, int]:
    sizes = part.lengths()
    return {"users": len(sizes), "samples": int(sizes.sum()), "empty": int((sizes == 0).sum())}


def _notes(chain: Chain, stage: Recipe, parts: Mapping[str, Mapping[str, int]]) -> str:
    empty = sum(part["empty"] for part in parts.values())
    dropped = f"; {count_of(chain.dropped, 'user')} with fewer than two samples dropped"
    seed = f" (seed {stage['seed']})" if "seed" in stage else ""
    without = f"; {count_of(empty, 'empty user')}" if empty else ""
    return f"{dropped * bool(chain.dropped)}{without}{seed}"
