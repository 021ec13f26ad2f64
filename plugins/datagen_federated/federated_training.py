"""The generator `federated_training`: federated runs with a real server and real clients."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from datagen_core import (
    DatasetGenerator,
    Field,
    InputFile,
    Schema,
    generator,
    hookimpl,
    input_path,
)
from datagen_federated.client_files import ImagePartitionParams, divide_rows, load_rows
from datagen_federated.training.declearn_import import require_declearn
from datagen_federated.training.plans import CHANGES, Plan, make_plan
from datagen_federated.training.preparing import count_classes, prepare_clients
from datagen_federated.training.records import (
    MEASURED,
    MEASURED_ROUND,
    client_dtype,
    global_dtype,
    make_records,
)
from datagen_federated.training.running import Federation, run_federation

_DEADLINE = 24 * 3600.0
"""Seconds; a job's own limit is usually shorter. It is there for what hangs outside of any."""


class FederatedTrainingParams(ImagePartitionParams, use_attribute_docstrings=True):
    """The clients' data, as of `image_partition`, and what is trained on them."""

    clients: int = 3
    """How many clients there are; sizes and natural ids say it themselves."""

    rounds: int | None = None
    """Rounds of training: 5, unless config says it. The same holds for all that follows."""

    batch_size: int | None = None
    """Samples in a batch of training (32)."""

    epochs: int | None = None
    """How often a client goes through its data in a round (1)."""

    lrate: float | None = None
    """The clients' learning rate (0.001)."""

    modules: tuple[str, ...] | None = None
    """What else the clients' optimizer does, by declearn's names (adam)."""

    server_lrate: float | None = None
    """The learning rate that the server applies to the mean of the updates (1)."""

    aggregator: str | None = None
    """How updates are put together, by declearn's name (averaging)."""

    config: InputFile | None = None
    """A TOML file with the model, the optimizers and the rounds: [model], [optim], [run]. Its
    content counts, not its place; the cache keeps a copy."""

    def check(self) -> None:
        """Refuse numbers that count or measure nothing."""
        super().check()
        for name in ("rounds", "batch_size", "epochs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                message = f"{name} is at least 1, not {value}"
                raise ValueError(message)
        for name in ("lrate", "server_lrate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                message = f"{name} is above 0, not {value:g}"
                raise ValueError(message)


def plan_of(params: FederatedTrainingParams) -> Plan:
    """Return what a parameter set's runs train, and how; loads its data."""
    rows = load_rows(params)
    config = None if params.config is None else input_path(params.config)
    changes = {name: getattr(params, name) for name in CHANGES}
    classes = count_classes(rows.labels)
    return make_plan(config, shape=rows.x.shape[1:], classes=classes, changes=changes)


def inspect_params(params: FederatedTrainingParams, seed: int) -> tuple[str, ...]:
    """Refuse what cannot run, before any job; return what the user should know."""
    require_declearn()
    plan_of(params)
    return divide_rows(params, seed).notes


def schema_of(params: FederatedTrainingParams) -> Schema:
    """Return the fields of a run; how many classes there are decides."""
    classes = count_classes(load_rows(params).labels)
    return Schema(
        {
            "clients": Field(client_dtype(classes), ragged=True, measured=MEASURED),
            "rounds": Field(global_dtype(), ragged=True, measured=MEASURED_ROUND),
            "client_names": Field(str, ragged=True),
            "seed": Field("int64"),
        }
    )


@generator(params=FederatedTrainingParams, memory="4GB", schema=schema_of, preflight=inspect_params)
def federated_training(
    params: FederatedTrainingParams, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Train a model in a federation, for real; one sample is one run.

    A server and its clients are processes inside the job. They talk over TLS, on a free port of
    the loopback interface. It needs the extra `declearn`.

    Yields
    ------
    sample
        `clients`: records, one row a round and client, rounds outermost; `rounds`: records, one
        row a round (`datagen_federated.training.records.make_records`). `client_names`: text, by
        `client_id - 1`. `seed`: the run's own, drawn from its stream; `datagen federated demo`
        makes the same run with it.
    """
    seed = int(rng.integers(2**31))
    folder = Path(tempfile.mkdtemp(prefix="datagen-federation-"))
    clients = prepare_clients(folder / "data", params, seed)
    federation = Federation(
        data_folder=clients.folder,
        names=clients.names,
        plan=plan_of(params),
        folder=folder,
        seed=seed,
        deadline=_DEADLINE,
        checkpoints=False,
    )
    outcome = run_federation(federation)
    shutil.rmtree(folder)  # after an error it stays: the logs are in it
    of_clients, of_rounds = make_records(outcome, clients)
    yield {
        "clients": of_clients,
        "rounds": of_rounds,
        "client_names": list(clients.names),
        "seed": seed,
    }


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `federated_training`."""
    return federated_training
