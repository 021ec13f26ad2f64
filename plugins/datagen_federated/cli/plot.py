"""The command `datagen federated plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core import DatagenError
from datagen_core.commands import (
    cache_option,
    count_of,
    json_option,
    open_cache,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
    tell,
)
from datagen_core.files import require
from datagen_federated.plotting import (
    METRICS,
    ComparedSet,
    FederatedRun,
    choose_metric,
    describe_differences,
    draw_against,
    draw_comparison,
    find_metrics,
    make_curves,
    read_rounds,
    read_runs,
)
from datagen_pictures import (
    PictureError,
    check_picture_path,
    draw_count_bars,
    draw_count_map,
    draw_curves,
    draw_overview,
    save_figure,
)

if TYPE_CHECKING:
    from datagen_core import ParamSet
    from datagen_federated.plotting.runs import Table
    from datagen_pictures import Figure

Answer = dict[str, Any]

_KINDS = ("curves", "bars", "heatmap", "all")

_EXAMPLES = """\b
Examples:
  datagen federated plot -o run.png
  datagen federated plot -p 1 --sample 0-9 --kind curves --metric loss -o loss.svg
  datagen federated plot --compare -o strategies.pdf
  datagen federated plot --compare -p strategy=iid -p strategy=shard -o two.png
  datagen federated plot --against learning_rate --metric loss -o rates.png"""


@click.command(epilog=_EXAMPLES)
@click.argument("name", default="federated_metrics")
@set_option(
    "Parameter set: number, key=value,… or digest; with --compare one for each -p."
    "  [default: the only one; with --compare all]"
)
@click.option("--split", default="raw", help="Which samples.")
@click.option(
    "--sample",
    "samples",
    metavar="INDEX",
    multiple=True,
    help="Runs by index, several by 0-9 or all; repeatable."
    "  [default: the first; with --compare all]",
)
@click.option(
    "--metric",
    type=click.Choice(METRICS),
    help="The score of learning curves.  [default: accuracy, or rmse for regression]",
)
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    help="Learning curves, clients as bars of classes, a heat map of their counts, or"
    " all three.  [default: all]",
)
@click.option("--compare", is_flag=True, help="Draw the mean learning curve of each set instead.")
@click.option(
    "--against",
    metavar="PARAMETER",
    help="Draw the score in the last round of each set against this parameter instead.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A PNG, SVG or PDF file, by its name; replaced if it exists.",
)
@cache_option
@json_option
def plot(**options: Any) -> None:  # fmt: skip
    """Draw federated runs of NAME: learning curves, and the samples of clients by class.

    One run: curves of every client, with gaps where it took no part, and of the global model on the
    test set and on the validation part. Several runs: mean and range of the global model, and bars
    and heat map of the first run.

    --compare and --against draw several parameter sets: curves or points are means of the runs of a
    set, with a range from the least to the greatest. Sets are called by what they differ in, and
    those of different data sets are in axes of their own.
    """
    if options["compare"] and options["against"] is not None:
        raise click.UsageError(
            "--compare draws curves, and --against points; leave one of them out"
        )
    check_picture_path(options["output"])
    require("matplotlib", "plots")  # before anything is read
    draws_several = options["compare"] or options["against"] is not None
    answer = _draw_comparison(options) if draws_several else _draw_set(options)
    for left_out in answer.get("left_out", ()):
        tell(left_out["why"], prefix="left out: ")
    if options["as_json"]:
        print_json(answer)
    else:
        say(options["output"])


def _draw_set(options: Mapping[str, Any]) -> Answer:
    """Draw runs of one parameter set, and return the answer for scripts."""
    param_set = select_set(options["name"], options["selector"])
    split = param_set[options["split"]]
    runs = read_runs(split, options["samples"], param_set.params)
    say_excluded(split)
    kind = options["kind"] or "all"
    metric = _choose_metric(options, kind, [run.rounds for run in runs], str(param_set))
    title = f"{param_set}: {param_set.describe()}; {_name_samples(runs)}"
    save_figure(_make_figure(kind, runs, metric, title), options["output"])
    return {
        "output": str(options["output"]),
        "set": param_set.number,
        "samples": [run.index for run in runs],
        "kind": kind,
        "metric": metric,
        "clients": len(runs[0].sizes),
        "rounds": len(runs[0].rounds),
    }


def _make_figure(kind: str, runs: Sequence[FederatedRun], metric: Any, title: str) -> Figure:
    if kind in {"bars", "heatmap"}:
        if len(runs) > 1:
            raise PictureError(
                f"--kind {kind} draws one run, not {len(runs)}; name one with --sample"
            )
        draw = draw_count_bars if kind == "bars" else draw_count_map
        return draw(runs[0].label_counts, title)
    curves = make_curves(runs, metric)
    if kind == "curves":
        return draw_curves(curves, title)
    which = f", sample {runs[0].index}" if len(runs) > 1 else ""
    return draw_overview(curves, runs[0].label_counts, title, which)


def _choose_metric(
    options: Mapping[str, Any], kind: str, rounds: Sequence[Any], title: str
) -> str | None:
    if kind not in {"bars", "heatmap"}:
        return choose_metric(options["metric"], rounds, title)
    if options["metric"]:
        raise PictureError(f"--metric does nothing with --kind {kind}; leave one of them out")
    return None


def _name_samples(runs: Sequence[FederatedRun]) -> str:
    return f"sample {runs[0].index}" if len(runs) == 1 else f"{len(runs)} samples"


def _draw_comparison(options: Mapping[str, Any]) -> Answer:
    """Draw the mean curves of parameter sets, and return the answer for scripts."""
    against = options["against"]
    if options["kind"] not in {None, "curves"} or (options["kind"] and against is not None):
        what = "--compare draws learning curves" if against is None else "--against draws points"
        raise PictureError(f"{what}; leave --kind {options['kind']} out")
    read, left_out = _read_sets(options)
    rounds = [table for _, tables in read for table in tables]
    metric = choose_metric(options["metric"], rounds, options["name"])
    having = [(one, tables) for one, tables in read if metric in find_metrics(tables)]
    left_out += [
        {"set": one.number, "why": f"{one} has no {metric}"}
        for one, tables in read
        if metric not in find_metrics(tables)
    ]
    labels = describe_differences([_parameters(one) for one, _ in having])
    sets = [ComparedSet(_parameters(one), tables) for one, tables in having]
    title = f"{options['name']}: the global model in {count_of(len(sets), 'parameter set')}"
    if against is None:
        figure = draw_comparison(sets, metric, title)
    else:
        figure = draw_against(sets, metric, against, title)
    save_figure(figure, options["output"])
    drawn = [
        {"set": one.number, "label": label, "runs": len(tables)}
        for label, (one, tables) in zip(labels, having, strict=True)
    ]
    named = {"output": str(options["output"]), "metric": metric, "against": against}
    return {**named, "sets": drawn, "left_out": left_out}


def _read_sets(
    options: Mapping[str, Any],
) -> tuple[list[tuple[ParamSet, tuple[Table, ...]]], list[Answer]]:
    """Return sets with the rounds of their runs, and the reasons why others are left out.

    Raises
    ------
    PictureError
        When all sets are left out.
    """
    read: list[tuple[ParamSet, tuple[Table, ...]]] = []
    left_out: list[Answer] = []
    for one in _select_sets(options):
        try:
            split = one[options["split"]]
            read.append((one, read_rounds(split, options["samples"])))
            say_excluded(split)
        except DatagenError as error:
            left_out.append({"set": one.number, "why": str(error)})
    if not read:
        why = left_out[0]["why"] if left_out else f"{options['name']} has no parameter sets"
        raise PictureError(f"there is nothing to compare: {why}")
    return read, left_out


def _parameters(param_set: ParamSet) -> dict[str, Any]:
    return {**param_set.params, "seed": param_set.seed}


def _select_sets(options: Mapping[str, Any]) -> list[ParamSet]:
    """Return the sets to compare: one per -p, without repetitions; all without -p."""
    dataset = open_cache()[options["name"]]
    if not options["selector"]:
        return list(dataset.values())
    chosen = {one.number: one for one in (dataset[word] for word in options["selector"])}
    return list(chosen.values())
