"""Scores of a model on labelled samples."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from datagen_federated.data import Data
from datagen_federated.models.networks import Network, to_tensor
from datagen_federated.models.params import TrainingParams
from datagen_federated.simulation.inputs import target_scale
from datagen_federated.simulation.metrics import Scores, score_classes, score_targets

_BATCH = {"CNN": 64, "ResNet": 64, "MLP": 1024, "LogReg": 1024}
"""Samples at a time: for convolutions, as many as fit the processor's cache."""


class Evaluator:
    """Measures models on the test set and on the validation part."""

    def __init__(
        self,
        network: Network,
        params: TrainingParams,
        data: Data,
        validation: NDArray[np.int64],
    ) -> None:
        self._network, self._batch = network, _BATCH[params.model_type]
        self._scale = target_scale(data) if data.task == "regression" else None
        self._test = data.x_test, data.y_test
        self._validation = data.x[validation], data.y[validation]

    def test(self, weights: torch.Tensor) -> Scores:
        """Return the scores of weights `(P,)` on the whole test set."""
        return self._score(weights, *self._test)

    def validate(self, weights: torch.Tensor) -> Scores:
        """Return the scores of weights `(P,)` on the validation part; NaN if it is empty."""
        return self._score(weights, *self._validation)

    def _score(
        self, weights: torch.Tensor, x: NDArray[np.generic], y: NDArray[np.generic]
    ) -> Scores:
        if not len(y):
            return Scores()
        outputs = self.predict(weights, x).astype(np.float64)
        if self._scale is None:
            return score_classes(outputs, y.astype(np.int64))
        mean, deviation = self._scale
        return score_targets(mean + deviation * outputs[:, 0], y.astype(np.float64))

    def predict(self, weights: torch.Tensor, x: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return outputs `(n, outputs)`, float32."""
        views = self._network.view(weights)
        outputs = np.empty((len(x), self._network.specs[-1].size), np.float32)
        with torch.inference_mode():
            for start in range(0, len(x), self._batch):
                part = slice(start, start + self._batch)
                # A copy, so that no small array stays between the large ones of minibatches.
                outputs[part] = self._network.run(views, to_tensor(x[part])).numpy()
        return outputs
