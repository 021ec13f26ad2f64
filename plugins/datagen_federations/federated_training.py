"""The generator `federated_training`: federated runs with a real server and real clients."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pydantic
from pydantic import PositiveFloat, PositiveInt

from datagen_core import (
    DatasetGenerator,
    Field,
    InputFile,
    RefusedSampleError,
    Schema,
    generator,
    hookimpl,
    input_path,
)
from datagen_federations.errors import RunError
from datagen_federations.roles.arrays import count_classes
from datagen_federations.roles.declearn_import import require_declearn
from datagen_federations.sessions.plans import CHANGES, Plan, make_plan
from datagen_federations.sessions.preparing import PreparedClients, prepare_clients
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
    ImagePartitionParams,
    divide_rows,
    load_rows,
)
from datagen_partitions.schemes import PartitionError

_DEADLINE = 24 * 3600.0
"""Seconds, for runs that hang outside jobs; a job's own limit is usually shorter."""

_ATTEMPTS = 100
_LINES = 30  # of each log, after an error
_FEW, _MEMORY = 8, 0.4  # clients for which the default memory suffices; GB per process


class FederatedTrainingParams(ImagePartitionParams, use_attribute_docstrings=True):
    """The clients' data, with the parameters of `image_partition`, and the training."""

    clients: PositiveInt = 3
    """Number of clients; sizes and natural ids give it themselves."""

    rounds: Annotated[int | None, pydantic.Field(ge=1, le=1_000_000)] = None
    """Rounds of training; by default those of config, else 5."""

    batch_size: PositiveInt | None = None
    """Samples per batch of training; by default that of config, else 32."""

    epochs: PositiveInt | None = None
    """Passes of a client through its data per round; by default those of config, else 1."""

    lrate: PositiveFloat | None = None
    """The clients' learning rate; by default that of config, else 0.001."""

    modules: tuple[str, ...] | None = None
    """Modules of the clients' optimizer, by declearn's names; by default those of config, else
    adam."""

    server_lrate: PositiveFloat | None = None
    """The server's learning rate for the mean of updates; by default that of config, else 1."""

    aggregator: str | None = None
    """The combination of updates, by declearn's name; by default that of config, else averaging."""

    config: InputFile | None = None
    """A TOML file with the model, the optimizers and the rounds: [model], [optim], [run]. Its
    content counts, not its path; the cache keeps a copy."""


def plan_of(params: FederatedTrainingParams) -> Plan:
    """Return the plan of a parameter set's runs; its data are loaded."""
    rows = load_rows(params)
    config = None if params.config is None else input_path(params.config)
    changes = {name: getattr(params, name) for name in CHANGES}
    classes = count_classes(rows.labels)
    return make_plan(config, shape=rows.x.shape[1:], classes=classes, changes=changes)


def inspect_params(params: FederatedTrainingParams, seed: int) -> tuple[str, ...]:
    """Refuse parameters that cannot run, before any job; return notes for the user."""
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
        When none of a hundred does, or the data set cannot be found or read.
    """
    for _ in range(_ATTEMPTS):
        seed = int(rng.integers(2**31))
        try:
            divide_rows(params, seed)
        except PartitionError as error:
            refused = error
        else:
            return seed
    raise refused


def schema_of(params: FederatedTrainingParams) -> Schema:
    """Return the fields of a run; the number of classes decides."""
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
    """Train a model in a real federation; one sample is one run.

    A server and its clients are processes inside the job and talk over TLS, on a free port of the
    loopback interface. The extra `declearn` is needed.

    Yields
    ------
    sample
        `clients`: records, one row per round and client, rounds outermost; `rounds`: records, one
        row per round (`datagen_federations.sessions.records.make_records`). `client_names`: text,
        by `client_id - 1`. `seed`: the run's own, drawn from its stream; `datagen federated demo`
        makes the same run with it.

    Raises
    ------
    RefusedSampleError
        When none of the run's draws divides the data set so that every client has rows.
    """
    try:
        seed = draw_seed(params, rng)
    except PartitionError as error:  # this run's draws; those that were looked at before were fine
        raise RefusedSampleError(str(error)) from error
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
        for log in sorted(folder.glob("*/logs.txt")):  # the folder will be removed
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]
            sys.stderr.write("\n".join([f"== {log.parent.name}", *lines, ""]))
        raise RunError(error.reason, "the job's log has the end of all logs") from error


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `federated_training`."""
    return federated_training
