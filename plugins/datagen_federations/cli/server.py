"""The command `datagen federated server`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import json_option, print_json, say, tell
from datagen_federations.cli.training_options import (
    LOG,
    choose_output,
    config_option,
    deadline_option,
    log_named_in_errors,
    output_option,
    print_round,
    protocol_option,
    rounds_option,
    seed_option,
)

if TYPE_CHECKING:
    from datagen_federations.roles.requests import Event, ServerRequest

_EXAMPLES = """\b
Examples:
  datagen federated server 2
  datagen federated server 2 --rounds 10 --config model.toml
  datagen federated server 3 --host fl.example.org --port 8765 \\
      --certificate tls/server-cert.pem --private-key tls/server-pkey.pem"""

_ALL = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)


@click.command(epilog=_EXAMPLES)
@click.argument("nb_clients", type=click.IntRange(1))
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    default="certificates/server-cert.pem",
    help="The server's certificate, PEM.",
)
@click.option(
    "--private-key",
    type=click.Path(path_type=Path),
    default="certificates/server-pkey.pem",
    help="Its key, PEM.",
)
@protocol_option
@click.option(
    "--host",
    default="localhost",
    help="The address to listen on: localhost for this machine only, 0.0.0.0 for all interfaces.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port; 0 is a free one.  [default: 8765, or a free one if that is taken]",
)
@config_option
@rounds_option
@seed_option
@click.option(
    "--registration",
    type=click.FloatRange(0, min_open=True),
    default=300.0,
    metavar="SECONDS",
    help="How long to wait for the clients.",
)
@deadline_option
@output_option("The folder of results; those of the server are in server/.")
@json_option
def server(*, nb_clients: int, output: Path | None, as_json: bool, **options: Any) -> None:
    """Serve a federated run to NB_CLIENTS clients, and end with it.

    Certificates come from `datagen federated certificates`. Clients get the address of the server
    by --serv-uri. Results are the weights after the last round, model.pth, and declearn's own
    records of every round.
    """
    from datagen_federations.roles.declearn_import import require_declearn, set_up_process
    from datagen_federations.sessions.certificate_checks import (
        check_server_files,  # help must not pay
    )

    require_declearn(options["protocol"])
    files = (options["certificate"], options["private_key"])
    for note in check_server_files(*files, options["host"]):
        tell(note, prefix="")
    request = _request(nb_clients, choose_output(output, "server"), options)
    folder = Path(request.folder)
    folder.mkdir(parents=True, exist_ok=True)
    set_up_process(folder / LOG)
    from datagen_federations.roles.serving import serve  # after the set-up

    rounds: list[Event] = []
    with log_named_in_errors(request, folder):
        serve(request, lambda event: _report(event, rounds, options["host"]))
    if as_json:
        print_json({"folder": str(folder), "rounds": rounds})
    else:
        say(f"{folder}")


def _request(nb_clients: int, output: Path, options: dict[str, Any]) -> ServerRequest:
    from datagen_federations.roles.ports import choose_port
    from datagen_federations.roles.requests import ServerRequest
    from datagen_federations.sessions.plans import make_plan

    return ServerRequest(
        clients=nb_clients,
        plan=make_plan(options["config"], changes={"rounds": options["rounds"]}),
        folder=str(output),
        certificate=str(options["certificate"]),
        private_key=str(options["private_key"]),
        host=options["host"],
        port=choose_port(options["host"], options["port"]),
        protocol=options["protocol"],
        registration=min(options["registration"], options["deadline"]),
        deadline=options["deadline"],
        seed=options["seed"],
    )


def _report(event: Event, rounds: list[Event], host: str) -> None:
    if event["event"] == "listening":
        uri = event["uri"]
        shown = f"wss://HOST:{uri.rpartition(':')[2]}" if host in _ALL else uri
        tell(f"listening at {uri}; clients: --serv-uri {shown}", prefix="")
    elif event["event"] == "round":
        rounds.append(event)
        print_round(event)
