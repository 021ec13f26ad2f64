"""The generator `federated_training`: federated runs with a real server and real clients."""

from __future__ import annotations

import math
import sys
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
from datagen_federations.errors import RunError
from datagen_federations.roles.declearn_import import require_declearn
from datagen_federations.sessions.plans import CHANGES, Plan, make_plan
from datagen_federations.sessions.preparing import PreparedClients, count_classes, prepare_clients
from datagen_federations.sessions.processes import check_plan
from datagen_federations.sessions.records import (
    MEASURED,
    MEASURED_ROUND,
    client_dtype,
    global_dtype,
    make_records,
)
from datagen_federations.sessions.running import Federation, Outcome, run_federation
from datagen_partitions.client_files import (
    ClientFilesError,
    ImagePartitionParams,
    divide_rows,
    load_rows,
)
from datagen_partitions.schemes import PartitionError

_DEADLINE = 24 * 3600.0
"""Seconds; a job's own limit is usually shorter. It is there for what hangs outside of any."""

_ATTEMPTS = 100
_LINES = 30  # of each log, after an error
_FEW, _MEMORY = 8, 0.4  # clients that the memory is enough for; GB of a process


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
                raise ValueError(f"{name} is at least 1, not {value}")
        for name in ("lrate", "server_lrate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is above 0, not {value:g}")


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
    drawn = draw_seed(params, np.random.default_rng(seed))
    check_plan(plan_of(params))
    notes = divide_rows(params, drawn).notes
    if params.clients > _FEW:
        gigabytes = math.ceil(_MEMORY * (params.clients + 2))
        note = f"{params.clients} clients in one job need about {gigabytes} GB: --mem {gigabytes}GB"
        return (*notes, note)
    return notes


def draw_seed(params: FederatedTrainingParams, rng: np.random.Generator) -> int:
    """Return the first seed of a stream with which every client gets rows to train on.

    Raises
    ------
    DatagenError
        When none of a hundred does, or the data set cannot be had.
    """
    for _ in range(_ATTEMPTS):
        seed = int(rng.integers(2**31))
        try:
            divide_rows(params, seed)
        except (ClientFilesError, PartitionError) as error:
            refused = error
        else:
            return seed
    raise refused


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
        row a round (`datagen_federations.sessions.records.make_records`). `client_names`: text, by
        `client_id - 1`. `seed`: the run's own, drawn from its stream; `datagen federated demo`
        makes the same run with it.
    """
    seed = draw_seed(params, rng)
    with tempfile.TemporaryDirectory(prefix="datagen-federation-") as folder:
        clients = prepare_clients(Path(folder) / "data", params, seed)
        outcome = _run(Path(folder), clients, plan_of(params), seed)
    of_clients, of_rounds = make_records(outcome, clients)
    yield {
        "clients": of_clients,
        "rounds": of_rounds,
        "client_names": list(clients.names),
        "seed": seed,
    }


def _run(folder: Path, clients: PreparedClients, plan: Plan, seed: int) -> Outcome:
    federation = Federation(
        data_folder=clients.folder,
        names=clients.names,
        plan=plan,
        folder=folder,
        seed=seed,
        deadline=_DEADLINE,
        checkpoints=False,
    )
    try:
        return run_federation(federation)
    except RunError as error:
        for log in sorted(folder.glob("*/logs.txt")):  # they go with the folder
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]
            sys.stderr.write("\n".join([f"== {log.parent.name}", *lines, ""]))
        raise RunError(error.reason, "the job's log has the end of all logs") from error


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `federated_training`."""
    return federated_training
