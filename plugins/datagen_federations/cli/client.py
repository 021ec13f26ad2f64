"""The command `datagen federated client`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import count_of, json_option, print_json, say, tell
from datagen_federations.cli.training_options import (
    LOG,
    choose_output,
    deadline_option,
    log_named_in_errors,
    output_option,
    protocol_option,
    seed_option,
)

if TYPE_CHECKING:
    from datagen_federations.roles.requests import Event

_EXAMPLES = """\b
Examples:
  datagen federated client client_0 data/mnist_iid
  datagen federated client client_1 data/mnist_iid --ca-cert ca-cert.pem \\
      --serv-uri wss://fl.example.org:8765"""


@click.command(epilog=_EXAMPLES)
@click.argument("name")
@click.argument("data_folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--ca-cert",
    type=click.Path(path_type=Path),
    default="certificates/ca-cert.pem",
    help="The certificate of the server's authority, PEM.",
)
@protocol_option
@click.option(
    "--serv-uri",
    default="wss://localhost:8765",
    metavar="URI",
    help="The address of the server.",
)
@seed_option
@click.option(
    "--patience",
    type=click.FloatRange(0),
    default=60.0,
    metavar="SECONDS",
    help="How long to wait for the server.",
)
@deadline_option
@output_option("The folder of results; those of this client are in a folder of its name.")
@click.option("--verbose/--quiet", default=True, help="Report progress on standard error.")
@json_option
def client(
    *, name: str, data_folder: Path, output: Path | None, verbose: bool, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Take part in a federated run as the client NAME, with the data in DATA_FOLDER/NAME.

    The data have the form of `datagen export image_partition --format declearn`. They stay on this
    machine; the server gets updates of the model, and metrics. Only models of layers of torch.nn
    are accepted from the server: others could run any code here.
    """
    from datagen_federations.roles.declearn_import import require_declearn, set_up_process
    from datagen_federations.roles.ports import split_uri
    from datagen_federations.roles.requests import ClientRequest, check_client_name
    from datagen_federations.sessions.certificate_checks import check_ca
    from datagen_partitions.client_files import read_client  # help must not pay for NumPy

    require_declearn(options["protocol"])
    check_client_name(name)
    split_uri(options["serv_uri"])
    check_ca(options["ca_cert"])
    read_client(data_folder / name)
    folder = choose_output(output, name)
    folder.mkdir(parents=True, exist_ok=True)
    set_up_process(folder / LOG)
    from datagen_federations.roles.joining import join  # after the set-up

    request = ClientRequest(
        name=name,
        data_folder=str(data_folder),
        uri=options["serv_uri"],
        ca_cert=str(options["ca_cert"]),
        protocol=options["protocol"],
        folder=str(folder),
        patience=min(options["patience"], options["deadline"]),
        deadline=options["deadline"],
        seed=options["seed"],
    )
    with log_named_in_errors(request, folder):
        join(request, lambda event: _report(event, verbose=verbose))
    if as_json:
        print_json({"folder": str(folder)})
    else:
        say(f"{folder}")


def _report(event: Event, *, verbose: bool) -> None:
    if verbose and event["event"] == "client":
        sizes = f"{count_of(event['train'], 'sample')} to train on, {event['valid']} to validate"
        tell(f"{event['name']}: {sizes}", prefix="")
