"""The server of a federated run: declearn's, watched, with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from declearn.main import FederatedServer
from declearn.main.config import (
    EvaluateConfig,
    FLOptimConfig,
    FLRunConfig,
    RegisterConfig,
    TrainingConfig,
)
from declearn.messaging import EvaluationReply, Message, TrainReply
from declearn.metrics import MulticlassAccuracyPrecisionRecall
from declearn.model.torch import TorchModel
from declearn.utils import set_device_policy

from datagen_federations.errors import BlamingError, TrainingError
from datagen_federations.roles.layers import build_module
from datagen_federations.roles.requests import Event, Report, ServerRequest
from datagen_federations.roles.trust import trust_torch_alone
from datagen_federations.roles.watching import make_network

MODEL = "model.pth"
"""The file of the weights after the last round: a state_dict of torch."""


def check_plan(request: ServerRequest) -> None:
    """Refuse a plan that cannot be followed, before a server listens.

    Raises
    ------
    TrainingError
        When declearn does not accept it, or the model cannot be built.
    """
    _parse(request)
    _build(request)


def serve(request: ServerRequest, report: Report) -> None:
    """Serve one federated run, to its end.

    Raises
    ------
    TrainingError
        When the plan cannot be followed, or clients do not come, fail, hang or get lost; the
        message names them.
    """
    optim, run = _parse(request)
    trust_torch_alone()
    set_device_policy(gpu=False)  # all would share one GPU, and sums would have another order
    torch.manual_seed(request.seed)
    network = make_network(request)
    folder = Path(request.folder)
    folder.mkdir(parents=True, exist_ok=True)
    module = _build(request)
    server = ReportingServer(
        TorchModel(module, torch.nn.CrossEntropyLoss()),
        network,
        optim,
        metrics=[MulticlassAccuracyPrecisionRecall(range(request.plan["model"]["classes"]))],
        checkpoint=str(folder) if request.checkpoints else None,
    )
    server.begin(request, report)
    # asyncio.run would wait for connections to clients that hang.
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_finish(server, run, request))
    loop.close()
    report({"event": "done", "model": str(folder / MODEL)})


def _build(request: ServerRequest) -> torch.nn.Sequential:
    model = request.plan["model"]
    return build_module(model["layers"], model["shape"], model["classes"])


def _parse(request: ServerRequest) -> tuple[FLOptimConfig, FLRunConfig]:
    """Return declearn's configurations for the plan."""
    register = RegisterConfig(request.clients, request.clients)
    try:
        optim = FLOptimConfig.from_params(**request.plan["optim"])
        run = FLRunConfig.from_params(register=register, **request.plan["run"])
    except (RuntimeError, TypeError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise TrainingError(f"declearn does not take this plan: {reason}") from None
    return optim, run


async def _finish(server: ReportingServer, run: FLRunConfig, request: ServerRequest) -> None:
    """Run the server until it is done, or abandon it at the deadline."""
    task = asyncio.ensure_future(server.async_run(run))
    await asyncio.wait({task}, timeout=request.seconds_left())
    if not task.done():
        raise server.blame(f"not over after {request.deadline:g} s")
    try:
        task.result()
    except TrainingError:
        raise
    except Exception as error:  # of declearn, of torch, of the system
        reason = " ".join(str(error).split())
        if isinstance(error, OSError) and not server.is_listening:
            reason = f"cannot listen on {request.host}:{request.port}: {error.strerror or error}"
        raise TrainingError(reason or type(error).__name__) from error


class ReportingServer(FederatedServer):
    """declearn's server, with reports of rounds and sums in a fixed order."""

    def begin(self, request: ServerRequest, report: Report) -> None:
        """Set the request, and the receiver of reports."""
        self._request = request
        self._report = report
        self._round: Event | None = None
        self._began = 0.0
        self.is_listening = False

    def blame(self, message: str) -> TrainingError:
        """Return the error of an unfinished run, which names awaited clients and messages."""
        network: Any = self.netwk
        if network.is_registering:
            error: TrainingError = network.blame_missing(message)
            return error
        awaited: dict[str, str] = dict(sorted(network.awaited.items()))
        if not awaited:
            return TrainingError(message)
        missing = ", ".join(f"{name} {what}" for name, what in awaited.items())
        return BlamingError(f"{message}: {missing}", next(iter(awaited)))

    async def initialization(self, config: FLRunConfig) -> None:
        """Report the address, wait for all clients, and send them the model."""
        self.is_listening = True
        self._report({"event": "listening", "uri": self.netwk.uri})
        await super().initialization(config)

    async def training_round(
        self, round_i: int, train_cfg: TrainingConfig, clients: set[str]
    ) -> None:
        """Train for one round, and report the previous one."""
        self._flush()
        self._began = time.perf_counter()
        self._round = {"event": "round", "round": round_i, "clients": {}}
        await super().training_round(round_i, train_cfg, clients)
        self._round["seconds"] = time.perf_counter() - self._began

    async def evaluation_round(
        self,
        round_i: int,
        valid_cfg: EvaluateConfig,
        clients: set[str],
        force_run: bool = False,  # noqa: FBT001, FBT002 (declearn's)
    ) -> None:
        """Evaluate the model of this round."""
        await super().evaluation_round(round_i, valid_cfg, clients, force_run)
        if self._round is not None:
            self._round["seconds"] = time.perf_counter() - self._began

    async def stop_training(self, rounds: int) -> None:
        """Report the last round, save the weights, and end the run for all clients."""
        self._flush()
        weights = self.model.get_weights().coefs.items()
        # declearn wraps the model in a module of its own, whose name is not the user's.
        own = {name.removeprefix("module."): tensor for name, tensor in weights}
        torch.save(own, Path(self._request.folder) / MODEL)
        await super().stop_training(rounds)

    async def _collect_results(
        self, clients: set[str], msgtype: type[Message], context: str
    ) -> dict[str, Any]:
        try:
            results = await super()._collect_results(clients, msgtype, context)
        except RuntimeError as error:  # of failed clients
            raise _blame_failed(error, clients) from error
        for client, reply in results.items():
            if isinstance(reply, TrainReply):
                self._note(client, train_seconds=reply.t_spent, train_steps=reply.n_steps)
            elif isinstance(reply, EvaluationReply):
                self._note(client, valid_seconds=reply.t_spent, **self._measure(reply))
        return results

    def _measure(self, reply: EvaluationReply) -> dict[str, float]:
        """Return a client's own metrics; the server's metrics are combined anew afterwards."""
        if not reply.metrics:  # it shares its loss only
            return {"loss": reply.loss}
        self.metrics.set_states(reply.metrics)
        return {"loss": reply.loss, **_scalars(self.metrics.get_result())}

    def _aggregate_evaluation_results(
        self, results: dict[str, EvaluationReply]
    ) -> tuple[float, dict[str, Any]]:
        loss, metrics = super()._aggregate_evaluation_results(results)
        if self._round is not None:
            self._round |= {**_scalars(metrics), "loss": loss}
        return loss, metrics

    def _note(self, client: str, **values: float) -> None:
        if self._round is not None:
            self._round["clients"].setdefault(client, {}).update(values)

    def _flush(self) -> None:
        if self._round is not None:
            self._report(self._round)
        self._round = None


def _blame_failed(error: RuntimeError, clients: set[str]) -> TrainingError:
    """Return declearn's error for failed clients; it blames the first of them."""
    lines = [line.strip() for line in str(error).splitlines()]
    failed = sorted(clients & {line.partition(": ")[0] for line in lines})
    message = " ".join(lines)
    return BlamingError(message, failed[0]) if failed else TrainingError(message)


def _scalars(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if isinstance(value, float)}
