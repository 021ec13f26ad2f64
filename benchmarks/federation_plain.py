"""A federation as declearn's example runs it, with declearn's own settings: the peer."""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from declearn.communication import build_client, build_server
from declearn.dataset import InMemoryDataset
from declearn.main import FederatedClient, FederatedServer
from declearn.metrics import MulticlassAccuracyPrecisionRecall
from declearn.model.torch import TorchModel
from declearn.utils import run_as_processes
from declearn.utils.examples import generate_ssl_certificates

from datagen_federations.roles.layers import build_module

PORT = 18765


class _RoundTimes(logging.Handler):
    """Notes when rounds begin, and when training is over."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith("Initiating training round") or text == "Stopping training.":
            self.times.append(time.perf_counter())


def serve(folder: str, clients: int, plan: dict[str, Any], results: str) -> list[float]:
    """Serve a run, and return how long its rounds took."""
    times = _RoundTimes()
    logger = logging.getLogger("declearn.server")
    logger.setLevel(logging.INFO)
    logger.addHandler(times)
    model = plan["model"]
    module = build_module(model["layers"], model["shape"], model["classes"])
    network = build_server(
        "websockets", "localhost", PORT, f"{folder}/server-cert.pem", f"{folder}/server-pkey.pem"
    )
    server = FederatedServer(
        TorchModel(module, torch.nn.CrossEntropyLoss()),
        network,
        plan["optim"],
        metrics=[MulticlassAccuracyPrecisionRecall(range(model["classes"]))],
        checkpoint=f"{results}/server",
    )
    server.run({**plan["run"], "register": {"min_clients": clients, "timeout": 300}})
    return [after - before for before, after in zip(times.times, times.times[1:], strict=False)]


def take_part(folder: str, name: str, data: str, results: str) -> None:
    """Run one client."""
    pairs = [
        [np.load(Path(data) / name / f"{part}_{kind}.npy") for kind in ("data", "target")]
        for part in ("train", "valid")
    ]
    train, valid = (InMemoryDataset(x, y.astype(np.int64)) for x, y in pairs)
    network = build_client("websockets", f"wss://localhost:{PORT}", name, f"{folder}/ca-cert.pem")
    FederatedClient(network, train, valid, checkpoint=f"{results}/{name}", verbose=False).run()


def main() -> None:
    """Run the server and its clients, and print the seconds of each round as JSON."""
    data, names, plan, results = json.loads(sys.argv[1])
    folder = str(Path(results).parent / f"{Path(results).name}-tls")
    Path(folder).mkdir()
    generate_ssl_certificates(folder)
    routines: list[Any] = [(serve, (folder, len(names), plan, results))]
    routines += [(take_part, (folder, name, data, results)) for name in names]
    success, outputs = run_as_processes(*routines)
    if not success:
        sys.exit(str(outputs))
    print(json.dumps(outputs[0]))


if __name__ == "__main__":
    main()
