"""The rounds of a simulated federated run."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import suppress
from functools import cache

import numpy as np
import torch

from datagen_federated.data import Data
from datagen_federated.models.architecture import WeightSpec, draw_weights
from datagen_federated.models.networks import Network
from datagen_federated.models.params import TrainingParams
from datagen_federated.simulation.aggregation import Server
from datagen_federated.simulation.evaluation import Evaluator
from datagen_federated.simulation.inputs import Indices
from datagen_federated.simulation.participation import REASONS, draw_participation
from datagen_federated.simulation.recording import Recorder
from datagen_federated.simulation.training import Streams, Trainer
from datagen_images import use_threads

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h: M_TRIM_…, M_MMAP_…

_warm: set[object] = set()
"""The kinds of training for which torch has prepared itself in this process."""


class Federation:
    """A server and its clients.

    Parameters
    ----------
    data, params, specs
        The data, the parameters of training, and the weights of the model.
    shares
        The places of each client's samples in `data.x`.
    validation
        The places of the validation part.
    rng
        The source of all randomness.
    """

    def __init__(
        self,
        data: Data,
        shares: Sequence[Indices],
        validation: Indices,
        params: TrainingParams,
        specs: tuple[WeightSpec, ...],
        rng: np.random.Generator,
    ) -> None:
        self._data, self._shares, self._params, self._specs = data, shares, params, specs
        self._choosing, beginning, dropping, shuffling = rng.spawn(4)
        generator = torch.Generator().manual_seed(int(dropping.integers(2**63)))
        self._streams = [Streams(stream, generator) for stream in shuffling.spawn(len(shares))]
        network = Network(params, specs)
        self._trainer = Trainer(network, params, data)
        self._evaluator = Evaluator(network, params, data, validation)
        self._server = Server(draw_weights(specs, beginning), params)

    def run(self, recorder: Recorder) -> None:
        """Simulate all rounds."""
        _keep_freed_memory()
        # Nearly infinite weights are expected: those of a client that has diverged.
        with use_threads(self._params.threads), np.errstate(over="ignore", invalid="ignore"):
            self._warm_up()
            for number in range(self._params.rounds):
                self._run_round(number, recorder)

    def _warm_up(self) -> None:
        """Let torch prepare itself for every size of minibatch, once per process, on other streams.

        Otherwise the times of the first clients would include it: torch compiles for each size.
        """
        params, begin = self._params, torch.zeros_like(self._trainer.weights)
        for size in _step_sizes(self._shares, params.batch_size):
            kind = (self._specs, self._data.x.shape[1:], size, params.optimizer, params.precision)
            if kind not in _warm:
                streams = Streams(np.random.default_rng(0), torch.Generator())
                self._trainer.fit(begin, np.arange(size), streams, epochs=1)
                _warm.add(kind)

    def _run_round(self, number: int, recorder: Recorder) -> None:
        sizes = np.array([len(share) for share in self._shares])
        reasons = draw_participation(sizes, self._params, self._choosing)
        self._server.begin_round()
        for client in np.flatnonzero(reasons == REASONS[""]):
            if not self._train(number, int(client), recorder):
                reasons[client] = REASONS["diverged"]
        self._server.finish_round()
        recorder.record_participation(number, reasons)
        weights = torch.from_numpy(self._server.weights)
        test, validation = self._evaluator.test(weights), self._evaluator.validate(weights)
        recorder.record_round(number, self._server.weights, test, validation)

    def _train(self, number: int, client: int, recorder: Recorder) -> bool:
        """Let a client train; return whether the server can use its weights."""
        begin = self._server.weights
        fit = self._trainer.fit(
            torch.from_numpy(begin),
            self._shares[client],
            self._streams[client],
            self._params.epochs_per_round,
        )
        recorder.record_fit(number, client, fit)
        weights = self._trainer.weights.numpy()
        if not np.isfinite(weights).all():
            return False
        scores = self._evaluator.test(self._trainer.weights)
        recorder.record_model(number, client, (begin, weights), scores)
        self._server.receive(weights, len(self._shares[client]))
        return True


def _step_sizes(shares: Sequence[Indices], batch_size: int) -> set[int]:
    """Return the sizes of steps of training: whole batches, and their remainders."""
    sizes = [len(share) for share in shares]
    return {part for n in sizes for part in (min(n, batch_size), n % batch_size)} - {0}


@cache
def _keep_freed_memory() -> None:
    """Let the C library keep the memory of one minibatch for the next one.

    Otherwise it may return megabytes to the system in every step, which clears each page before it
    hands it out again: that can take a third of the time of training.
    """
    with suppress(AttributeError, OSError):  # not glibc
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, 2**25)
        library.mallopt(_TRIM_THRESHOLD, 2**29)
