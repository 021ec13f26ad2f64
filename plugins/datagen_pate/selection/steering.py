"""Latent steering: optimising latents until a teacher sees a wanted class in what they decode to.

After the original's `latent_steering`: from z ~ N(0, 1), steps of Adam on -log p(class), each
followed by noise and by clamping to [-3, 3]. Here many images are optimised at once, each from the
best of some starts and until its class is sure; gradients of weights are left out, and the latent
that is kept is the one whose probability was measured.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datagen_pate.classifier.devices import lay_out
from datagen_pate.classifier.network import Classifier, normalize
from datagen_pate.decoder.decoding import compute_in
from datagen_pate.decoder.modules import Decoder
from datagen_pate.selection.params import SelectionParams

_BATCH = 80
_BOUND = 3.0


class _Networks(NamedTuple):
    """Copies of both without gradients of weights, laid out for speed; and how they compute."""

    decoder: Decoder
    teacher: Classifier
    precision: str

    @classmethod
    def prepare(cls, decoder: Decoder, teacher: Classifier, precision: str) -> _Networks:
        copies = (copy.deepcopy(decoder), copy.deepcopy(teacher))
        for net in copies:
            lay_out(net.eval().requires_grad_(requires_grad=False))
        return cls(*copies, precision)

    def score(self, z: Tensor, target: Tensor) -> Tensor:
        """Return the log-probability of each target class."""
        with compute_in(self.precision, z.device.type):
            images = self.decoder(z).contiguous(memory_format=torch.channels_last)
            log_probabilities: Tensor = self.teacher(normalize(images))
        return log_probabilities.float().gather(1, target[:, None])[:, 0]


def steer_latents(
    decoder: Decoder,
    teacher: Classifier,
    classes: NDArray[np.int64],
    params: SelectionParams,
    rng: np.random.Generator,
    *,
    precision: str = "float32",
) -> NDArray[np.float32]:
    """Return a latent for each wanted class, float32 `(n, latent_dim)`.

    Each depends on its own draws alone: how many are made at once does not matter, up to rounding.
    It is finished before its last step when the class is sure: its probability is as far above
    confidence_threshold as below 1. More steps would go on to where the decoder draws no digits.

    Parameters
    ----------
    decoder, teacher
        On one device; they stay as they are.
    classes
        The wanted classes, int64 `(n,)`.
    params
        Those of steering; with `compat=original` there is one start, all steps are taken, and the
        latent that is kept is the one after the step and its noise, whose probability is unknown.
    rng
        The source of all randomness.
    precision
        `bfloat16` takes about half the time, where the processor supports it.
    """
    networks = _Networks.prepare(decoder, teacher, precision)
    starts = 1 if params.compat == "original" else params.steering_starts
    device = decoder.fc.weight.device
    found = [np.empty((0, decoder.latent_dim), np.float32)]
    for start in range(0, len(classes), _BATCH):
        wanted = torch.from_numpy(classes[start : start + _BATCH].astype(np.int64))
        shape = (len(wanted), starts + params.steering_steps, decoder.latent_dim)
        draws = torch.from_numpy(rng.standard_normal(shape, np.float32)).to(device)
        target = wanted.to(device)
        z = _choose_starts(networks, target, draws[:, :starts])
        found.append(_steer(networks, target, z, draws[:, starts:], params))
    return np.concatenate(found)


def _choose_starts(networks: _Networks, target: Tensor, latents: Tensor) -> Tensor:
    """Return for each image that one of its latents `(n, starts, d)` that scores best."""
    if latents.shape[1] == 1:
        return latents[:, 0].clone()
    with torch.no_grad():
        scores = [networks.score(each, target) for each in latents.unbind(1)]
    best = torch.stack(scores, 1).argmax(1)
    return latents[torch.arange(len(best), device=best.device), best]


def _steer(
    networks: _Networks, target: Tensor, z: Tensor, noise: Tensor, params: SelectionParams
) -> NDArray[np.float32]:
    adam = torch.optim.Adam([z], lr=params.steering_learning_rate)
    best = _Best(z, _sure_score(params))
    for step in range(params.steering_steps):
        rows = best.unfinished()
        if not len(rows):
            break
        measured = z.clone()
        scores, z.grad = _differentiate(networks, z, target, rows)
        adam.step()
        z.add_(noise[:, step], alpha=params.steering_noise_scale).clamp_(-_BOUND, _BOUND)
        best.offer(rows, scores, z if params.compat == "original" else measured)
    rows = best.unfinished()
    if params.compat != "original" and len(rows):
        with torch.no_grad():
            best.offer(rows, networks.score(z[rows], target[rows]), z)
    return best.latents.cpu().numpy()


def _differentiate(
    networks: _Networks, z: Tensor, target: Tensor, rows: Tensor
) -> tuple[Tensor, Tensor]:
    """Return scores of some rows, and the gradient of the loss, which is 0 for all others."""
    active = z[rows].requires_grad_()
    scores = networks.score(active, target[rows])
    gradient = torch.zeros_like(z)
    gradient[rows] = torch.autograd.grad(-scores.sum(), active)[0]
    return scores.detach(), gradient


def _sure_score(params: SelectionParams) -> float:
    """Return the log-probability from which on a latent is finished."""
    is_original = params.compat == "original"
    return np.inf if is_original else float(np.log((1 + params.confidence_threshold) / 2))


class _Best:
    """The best latent of each image so far; one whose score is `sure` needs no other."""

    def __init__(self, z: Tensor, sure: float) -> None:
        self.latents = z.clone()
        self._scores = torch.full((len(z),), -torch.inf, device=z.device)
        self._sure = sure

    def unfinished(self) -> Tensor:
        """Return the rows to score again."""
        return torch.nonzero(self._scores < self._sure)[:, 0]

    def offer(self, rows: Tensor, scores: Tensor, z: Tensor) -> None:
        """Take the latents of rows whose scores are better than before."""
        better = rows[scores > self._scores[rows]]
        self.latents[better] = z[better]
        self._scores[rows] = torch.maximum(scores, self._scores[rows])
