"""The client of a federated run: declearn's, with a deadline and reasons for failures."""

from __future__ import annotations

import asyncio
import pickle
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from declearn.communication import build_client
from declearn.communication.api import NetworkClient
from declearn.dataset import InMemoryDataset
from declearn.main import FederatedClient
from declearn.utils import set_device_policy
from numpy.typing import NDArray

from datagen_federations.errors import BlamingError, TrainingError
from datagen_federations.roles.arrays import as_classes, as_inputs
from datagen_federations.roles.layers import explain_refusal
from datagen_federations.roles.ports import make_uri, split_uri
from datagen_federations.roles.requests import SERVER, ClientRequest, Report, check_client_name
from datagen_federations.roles.trust import trust_torch_alone
from datagen_partitions.client_files import ClientData, read_client

_ATTEMPTS = 20
_PAUSE = 0.25  # seconds


def join(request: ClientRequest, report: Report) -> None:
    """Take part in a run, to its end.

    Only models of layers of torch.nn are accepted from the server: others could run any code here.

    Raises
    ------
    ClientFilesError
        When the client has no data.
    TrainingError
        When the server cannot be reached or trusted, refuses this client or ends the run early, or
        the deadline passes.
    """
    if request.uri is None:
        raise TrainingError("name the server's address")
    check_client_name(request.name)
    data = read_client(Path(request.data_folder) / request.name)
    sizes = {"train": len(data.train[1]), "valid": 0 if data.valid is None else len(data.valid[1])}
    report({"event": "client", "name": request.name, **sizes})
    reach_server(request.uri, request.ca_cert, request.patience)
    trust_torch_alone()
    set_device_policy(gpu=False)  # all would share one GPU, and sums would have another order
    seeds = np.random.SeedSequence([request.seed, *request.name.encode()]).generate_state(2)
    torch.manual_seed(int(seeds[0]))
    client = _make_client(request, data, int(seeds[1]))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_finish(client, request))
    loop.close()
    report({"event": "done"})


def reach_server(uri: str, ca_cert: str, patience: float) -> None:
    """Wait until the server answers, and check its certificate.

    Parameters
    ----------
    uri
        The server's address, such as `wss://localhost:8765`.
    ca_cert
        The authority's certificate, PEM.
    patience
        Seconds to wait for the server.

    Raises
    ------
    TrainingError
        When no server answers, or its certificate is not valid.
    """
    host, port = split_uri(uri)
    context = ssl.create_default_context(cafile=ca_cert)
    until = time.monotonic() + patience
    while True:
        try:
            with socket.create_connection((host, port), timeout=5) as plain:
                context.wrap_socket(plain, server_hostname=host).close()
        except ssl.SSLCertVerificationError as error:
            message = f"{uri} is not to be trusted: {error.verify_message} (checked with {ca_cert})"
            raise TrainingError(message) from None
        except OSError as error:
            if time.monotonic() > until:
                message = f"no server answers at {uri} within {patience:g} s: {error}"
                raise TrainingError(message) from None
            time.sleep(_PAUSE)
        else:
            return


def _make_client(request: ClientRequest, data: ClientData, seed: int) -> Client:
    train = _as_dataset(data.train, seed)
    valid = None if data.valid is None else _as_dataset(data.valid, seed)
    host, port = split_uri(str(request.uri))
    uri = make_uri(host, port) if request.protocol == "websockets" else f"{host}:{port}"
    network = build_client(request.protocol, uri, request.name, request.ca_cert)
    return Client(network, train, valid, checkpoint=request.folder, verbose=False)


def _as_dataset(pair: tuple[NDArray[Any], NDArray[Any]], seed: int) -> InMemoryDataset:
    return InMemoryDataset(as_inputs(pair[0]), as_classes(pair[1]), seed=seed)


async def _finish(client: Client, request: ClientRequest) -> None:
    task = asyncio.ensure_future(client.async_run())
    await asyncio.wait({task}, timeout=request.seconds_left())
    if not task.done():
        message = f"not over after {request.deadline:g} s: the server does not answer"
        raise BlamingError(message, SERVER)
    try:
        task.result()
    except TrainingError:
        raise
    except Exception as error:  # of declearn, of websockets, of the server's messages
        raise _explain(error, request) from error


def _explain(error: Exception, request: ClientRequest) -> TrainingError:
    reason = " ".join(str(error).split())
    is_closed = type(error).__name__.startswith("ConnectionClosed")
    if is_closed or isinstance(error, ConnectionError):
        message = f"the server at {request.uri} ended the run early; its own log says why"
        return BlamingError(message, SERVER)
    if isinstance(error, pickle.UnpicklingError):
        found = explain_refusal(error)
        return TrainingError(f"the server's model has more than layers of torch.nn: {found}")
    if reason.startswith("Training was cancelled by the server"):
        return BlamingError(reason, SERVER)
    return TrainingError(f"{type(error).__name__}: {reason}")


class Client(FederatedClient):
    """declearn's client, which soon gives up where it is refused."""

    async def register(self) -> None:
        """Ask the server to take part.

        Raises
        ------
        TrainingError
            When the server refuses.
        """
        network: NetworkClient = self.netwk
        for _ in range(_ATTEMPTS):
            if await network.register():
                return
            await asyncio.sleep(_PAUSE)
        raise TrainingError(
            f"the server at {network.server_uri} does not take {network.name}: it has all its "
            "clients, or another version of declearn"
        )
