"""The command `datagen federated demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import count_of, heed_sigterm, json_option, print_json, say, tell
from datagen_federations.cli.training_options import (
    choose_output,
    config_option,
    deadline_option,
    output_option,
    print_round,
    protocol_option,
    rounds_option,
    seed_option,
)

if TYPE_CHECKING:
    from datagen_federations.sessions.preparing import PreparedClients
    from datagen_federations.sessions.records import Records
    from datagen_federations.sessions.running import Outcome
    from datagen_partitions.client_files import ImagePartitionParams

_EXAMPLES = """\b
Examples:
  datagen federated demo
  datagen federated demo 5 --scheme biased --rounds 10 --seed 1
  datagen federated demo 4 --scheme dirichlet --alpha 0.1 --data-file x.npy --label-file y.npy"""

_DATA = ("scheme", "alpha", "source", "data_file", "label_file", "p_valid")


@click.command(epilog=_EXAMPLES)
@click.argument("nb_clients", type=click.IntRange(1), default=3)
@click.option(
    "--scheme",
    default="iid",
    help="The scheme of the division: iid, labels, biased, dirichlet, or any other of"
    " image_partition.",
)
@click.option("--alpha", type=float, help="dirichlet: concentration; small is uneven.")
@click.option("--source", help="The images: fashion_mnist, mnist, …  [default: fashion_mnist]")
@click.option("--data-file", help="A file of yours instead of images: .npy, .csv, .svmlight.")
@click.option(
    "--label-file", help="Labels of the data file: a file, or the name or index of a column."
)
@click.option(
    "--p-valid", type=float, help="The share of each client's data for validation.  [default: 0.2]"
)
@config_option
@rounds_option
@seed_option
@protocol_option
@deadline_option
@output_option("The folder of results.")
@json_option
def demo(*, nb_clients: int, output: Path | None, as_json: bool, **options: Any) -> None:
    """Run a whole federation on this machine: data, certificates, a server, NB_CLIENTS clients.

    Server and clients are processes that talk over TLS, on a free port of the loopback interface.
    The folder of results gets rounds.csv, clients.csv, learning_curve.png, the weights after the
    last round as server/model.pth, the clients' data, and all logs.
    """
    from datagen_federations.roles.declearn_import import require_declearn
    from datagen_partitions.client_files import ImagePartitionParams  # help must not pay for numpy

    require_declearn(options["protocol"])
    given = {name: options[name] for name in _DATA if options[name] is not None}
    params = ImagePartitionParams.bind({"clients": nb_clients, **given}, "image_partition")
    folder = choose_output(output)
    outcome, clients = _run(folder, params, options)
    _write(folder, outcome, clients, as_json=as_json)


def _run(
    folder: Path, params: ImagePartitionParams, options: dict[str, Any]
) -> tuple[Outcome, PreparedClients]:
    from datagen_federations.roles.arrays import count_classes
    from datagen_federations.sessions.plans import make_plan
    from datagen_federations.sessions.preparing import prepare_clients
    from datagen_federations.sessions.processes import check_plan
    from datagen_federations.sessions.running import Federation, run_federation
    from datagen_partitions.client_files import load_rows

    changes = {"rounds": options["rounds"]}
    rows = load_rows(params)
    classes = count_classes(rows.labels)
    plan = make_plan(options["config"], shape=rows.x.shape[1:], classes=classes, changes=changes)
    check_plan(plan)  # before any work
    clients = prepare_clients(folder / "data", params, options["seed"])
    sizes = ", ".join(str(size) for size in clients.counts.sum(axis=1))
    tell(f"{count_of(len(clients.names), 'client')} with {sizes} samples to train on", prefix="")
    federation = Federation(
        data_folder=clients.folder,
        names=clients.names,
        plan=plan,
        folder=folder,
        seed=options["seed"],
        deadline=options["deadline"],
        protocol=options["protocol"],
    )
    with heed_sigterm():
        return run_federation(federation, _hear), clients


def _hear(event: dict[str, Any]) -> None:
    if event["event"] == "listening":
        tell(f"server at {event['uri']}", prefix="")
    elif event["event"] == "round":
        print_round(event)


def _write(folder: Path, outcome: Outcome, clients: PreparedClients, *, as_json: bool) -> None:
    from datagen_federations.sessions.records import draw_curve, make_records, write_tables

    of_clients, of_rounds = make_records(outcome, clients)
    write_tables(folder, of_clients, of_rounds, clients.names)
    draw_curve(folder / "learning_curve.png", of_clients, of_rounds, clients.names)
    if as_json:
        answer = {"folder": str(folder), "seconds": outcome.seconds, "rounds": outcome.rounds}
        print_json(answer)
        return
    for line in _tabulate(of_clients, of_rounds, clients.names):
        say(line)
    say(f"{folder}: rounds.csv, clients.csv, learning_curve.png, server/model.pth")


def _tabulate(of_clients: Records, of_rounds: Records, names: tuple[str, ...]) -> list[str]:
    """Return a table of accuracies: one line per round, columns for all and for each client."""
    width = max(8, *map(len, names))
    heads = "".join(f"  {name:>{width}}" for name in ("all", *names))
    lines = [f"round  seconds{heads}"]
    for row in of_rounds:
        own = of_clients[of_clients["round"] == row["round"]]["accuracy"]
        cells = "".join(f"  {value:>{width}.4f}" for value in (row["global_accuracy"], *own))
        lines.append(f"{row['round']:>5}  {row['seconds']:>7.2f}{cells}")
    return lines
