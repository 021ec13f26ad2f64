"""Options that the commands of federated training share, and how they tell of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

protocol_option = click.option(
    "--protocol",
    type=click.Choice(["websockets", "grpc"]),
    default="websockets",
    show_default=True,
    help="How messages travel; over TLS in any case.",
)
config_option = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with the model, the optimizers and the rounds: [model], [optim], [run].",
)
rounds_option = click.option(
    "--rounds", type=click.IntRange(1), help="Rounds of training.  [default: the file's, else 5]"
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Of all random numbers; the same seed gives the same weights.",
)
deadline_option = click.option(
    "--deadline",
    type=click.FloatRange(0, min_open=True),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="When it is not over by then, it ends with an error.",
)


def output_option(text: str) -> Callable[[Any], Any]:
    """Add the option for the folder of results; by default it has the time in its name."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        help=f"{text}  [default: result_<time>]",
    )


def choose_output(given: Path | None, inner: str = "") -> Path:
    """Return the folder of results, or the folder `inner` in it, which must be new or empty.

    Raises
    ------
    click.UsageError
        When something is in it: results of two runs must not mix.
    """
    folder = (given or Path(time.strftime("result_%Y-%m-%d_%H-%M-%S"))) / inner
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is not empty; name another folder with --output"
        raise click.UsageError(message)
    return folder


def tell_round(event: dict[str, Any]) -> None:
    """Write what came of a round, on standard error."""
    parts = [f"round {event['round']}:"]
    if "accuracy" in event:
        parts.append(f"accuracy {event['accuracy']:.4f}, loss {event['loss']:.4f},")
    click.echo(" ".join([*parts, f"{event['seconds']:.2f} s"]), err=True)
