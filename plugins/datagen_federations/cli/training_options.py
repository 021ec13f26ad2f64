"""Options and reports that the commands of federated training share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import tell

if TYPE_CHECKING:
    from datagen_federations.roles.requests import ClientRequest, ServerRequest

protocol_option = click.option(
    "--protocol",
    type=click.Choice(["websockets", "grpc"]),
    default="websockets",
    help="The protocol of messages, always over TLS. With grpc, which needs a package of its own, a"
    " client that died is noticed at the deadline only.",
)
config_option = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with the model, the optimizers and the rounds: [model], [optim], [run].",
)
rounds_option = click.option(
    "--rounds",
    type=click.IntRange(1),
    help="Rounds of training.  [default: those of --config, else 5]",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    help="Seed of all random numbers; the same seed gives the same weights.",
)
deadline_option = click.option(
    "--deadline",
    type=click.FloatRange(0, min_open=True),
    default=3600.0,
    metavar="SECONDS",
    help="Time for the whole run, which then ends with an error.",
)


LOG = "logs.txt"
"""The log of a server or a client, in its folder; a further try adds to it."""


def output_option(text: str) -> Callable[[Any], Any]:
    """Add the option for the folder of results; by default it has the time in its name."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        help=f"{text}  [default: result_<time>]",
    )


def choose_output(given: Path | None, inner: str = "") -> Path:
    """Return the folder of results, or the folder `inner` in it; it is empty but for a log.

    Raises
    ------
    click.UsageError
        When it holds anything else: results of two runs must not mix.
    """
    folder = (given or Path(time.strftime("result_%Y-%m-%d_%H-%M-%S"))) / inner
    there = [path.name for path in folder.iterdir()] if folder.is_dir() else [folder.name]
    if folder.exists() and set(there) - {LOG}:
        raise click.UsageError(f"{folder} is not empty; name another folder with --output")
    return folder


@contextmanager
def log_named_in_errors(request: ServerRequest | ClientRequest, folder: Path) -> Iterator[None]:
    """Enforce the deadline of a request, and name the log in its errors.

    Raises
    ------
    TrainingError
        The error of the block, with the place of the log.
    """
    from datagen_federations.errors import TrainingError
    from datagen_federations.roles.deadlines import end_in_time

    def report(message: str) -> None:
        tell(f"error: {message}; the log: {folder / LOG}")

    try:
        with end_in_time(request, report):
            yield
    except TrainingError as error:
        raise TrainingError(f"{error}; the log: {folder / LOG}") from error


def print_round(event: dict[str, Any]) -> None:
    """Print the scores and the time of a round on standard error."""
    parts = [f"round {event['round']}:"]
    if "accuracy" in event:
        parts.append(f"accuracy {event['accuracy']:.4f}, loss {event['loss']:.4f},")
    tell(" ".join([*parts, f"{event['seconds']:.2f} s"]), prefix="")
