"""The run of `federated_plain` in Flower's simulation: the same clients, each an actor of one core.

`python -m benchmarks.federated_flower FILE SEED ROUNDS CLIENTS`, by a python that has
flwr[simulation], torch and numpy.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

from benchmarks.federated_plain import Cnn, evaluate, load, make_set, train


def main() -> None:
    """Print what the run took, without imports, as JSON."""
    path, seed, rounds, clients = sys.argv[1], *map(int, sys.argv[2:5])
    torch.manual_seed(seed)
    accuracies: list[float] = []
    server = ServerApp()
    server.main()(_make_server(path, rounds, clients, accuracies))
    client = ClientApp()
    client.train()(_make_client(path, clients))
    begun = time.perf_counter()
    resources = {"client_resources": {"num_cpus": 1, "num_gpus": 0}}
    run_simulation(server, client, num_supernodes=clients, backend_config=resources)
    found = {"wall": time.perf_counter() - begun, "accuracy": accuracies[-1]}
    print(json.dumps(found))


def _make_server(
    path: str, rounds: int, clients: int, accuracies: list[float]
) -> Callable[[Grid, Context], None]:
    def evaluate_global(_: int, arrays: ArrayRecord) -> MetricRecord:
        data, model = load(path), Cnn()
        model.load_state_dict(arrays.to_torch_state_dict())
        accuracies.append(evaluate(model, make_set(data["x_test"], data["y_test"]))[0])
        return MetricRecord({"accuracy": accuracies[-1]})

    def serve(grid: Grid, _: Context) -> None:
        torch.set_num_threads(1)
        strategy = FedAvg(
            fraction_evaluate=0.0, min_train_nodes=clients, min_available_nodes=clients
        )
        arrays = ArrayRecord(Cnn().state_dict())
        strategy.start(
            grid=grid, initial_arrays=arrays, num_rounds=rounds, evaluate_fn=evaluate_global
        )

    return serve


def _make_client(path: str, clients: int) -> Callable[[Message, Context], Message]:
    def fit(message: Message, context: Context) -> Message:
        torch.set_num_threads(1)
        data, model = load(path), Cnn()
        model.load_state_dict(message.content["arrays"].to_torch_state_dict())
        share = np.array_split(np.arange(len(data["y"])), clients)[_partition(context)]
        train(model, make_set(data["x"][share], data["y"][share]))
        evaluate(model, make_set(data["x_test"], data["y_test"]))
        metrics = MetricRecord({"num-examples": len(share)})
        content = RecordDict({"arrays": ArrayRecord(model.state_dict()), "metrics": metrics})
        return Message(content=content, reply_to=message)

    return fit


def _partition(context: Any) -> int:
    return int(context.node_config["partition-id"])


if __name__ == "__main__":
    main()
