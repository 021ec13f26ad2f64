"""PATE's selection beside a plain re-enactment of the original's way: one thread, one process.

The original steers one image at a time, with a second pass of the teacher for the probability and
gradients of all weights; and its diversity filter gathers all kept images anew for each candidate.
Both networks are trained for some seconds on scikit-learn's digits, since steering ends when a
class is sure.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.table import Row
from benchmarks.timing import cheapest
from datagen_pate.classifier.network import Classifier, normalize
from datagen_pate.classifier.recipes import Recipe
from datagen_pate.classifier.training import train_classifier
from datagen_pate.decoder.modules import Decoder
from datagen_pate.decoder.params import PretrainParams
from datagen_pate.decoder.training import pretrain
from datagen_pate.public import load_public
from datagen_pate.selection.diversity import DiverseSet
from datagen_pate.selection.params import SelectionParams
from datagen_pate.selection.steering import steer_latents

CANDIDATES, THRESHOLD = 3000, 3.0
STEERED, ALONE = 160, 10
TRAINED = 3000
STEPS, RATE, NOISE, BOUND = 20, 0.05, 0.1, 3.0
DIVERSITY_AIM, STEERING_AIM = 1 / 30, 1 / 5
ROUNDS = 3  # at most: the plain loops take seconds
PLAIN = "plain re-enactment"


def measure(folder: Path, repeat: int) -> Iterator[Row]:  # noqa: ARG001 (writes no file)
    """Yield processor time of the diversity filter, and of steering an image."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            yield _measure_diversity(min(repeat, ROUNDS))
            yield from _measure_steering(min(repeat, ROUNDS))
    finally:
        torch.set_num_threads(threads)


def _measure_diversity(rounds: int) -> Row:
    images = _draw_images(CANDIDATES)
    floats = torch.from_numpy(images).flatten(1).float() / 255
    kept: dict[str, Any] = {}

    def run_ours() -> None:
        kept["ours"] = DiverseSet(THRESHOLD).add(images).tolist()

    def run_plain() -> None:
        kept["plain"] = filter_plainly(floats, THRESHOLD)

    costs = cheapest({"ours": run_ours, "plain": run_plain}, rounds)
    if kept["ours"] != kept["plain"]:
        message = "the diversity filter and the plain loop keep different images"
        raise RuntimeError(message)
    what = f"diversity of {CANDIDATES:,} candidates, {len(kept['ours']):,} kept (CPU)"
    return Row(what, costs["ours"].cpu, PLAIN, costs["plain"].cpu, DIVERSITY_AIM)


def _draw_images(count: int) -> NDArray[np.uint8]:
    """Return strokes as a decoder draws them, blurred and of a few shapes, some of them alike."""
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(10, 12, 2)).cumsum(axis=1)
    shapes = 8 * shapes / np.abs(shapes).max(axis=(1, 2), keepdims=True)
    points = 13.5 + shapes[rng.integers(0, 10, count)] + 2.5 * rng.normal(size=(count, 12, 2))
    axis = np.arange(28)
    ink = np.zeros((count, 28, 28))
    for place in range(12):
        column, row = (np.exp(-((axis - points[:, place, i, None]) ** 2) / 4) for i in range(2))
        ink = np.maximum(ink, row[:, :, None] * column[:, None])
    return np.rint(255 * ink).astype(np.uint8)


def filter_plainly(images: torch.Tensor, threshold: float) -> list[int]:
    """Keep each image whose distance to all kept ones is large enough, one after another."""
    kept = [0]
    for place in range(1, len(images)):
        distances = torch.norm(images[kept] - images[place], dim=1)
        if distances.min() >= threshold:
            kept.append(place)
    return kept


def _measure_steering(rounds: int) -> Iterator[Row]:
    """Yield the time of an image: by default, and with all steps that the original takes."""
    decoder, teacher = _train_networks()
    plain = [copy_plainly(net) for net in (decoder, teacher)]
    classes = np.arange(STEERED) % 10
    names = {None: "steering", "original": "steering, compat=original"}
    actions: dict[str, Any] = {
        name: partial(_steer, decoder, teacher, classes, compat) for compat, name in names.items()
    }
    actions[PLAIN] = lambda: [steer_plainly(*plain, label) for label in range(ALONE)]
    costs = cheapest(actions, rounds)
    for compat, name in names.items():
        what = f"{name}, {STEPS} steps, {STEERED} at once, an image (CPU)"
        aim = None if compat else STEERING_AIM
        yield Row(what, costs[name].cpu / STEERED, PLAIN, costs[PLAIN].cpu / ALONE, aim)


def _train_networks() -> tuple[Decoder, Classifier]:
    public = load_public("digits", TRAINED)
    images, labels = public.images, public.labels
    if labels is None:  # never: for the type checker
        raise AssertionError
    params = PretrainParams(epochs=8, batch_size=32, kl_annealing_epochs=2)
    decoder = pretrain(images, params).model.decoder.eval()
    recipe = Recipe(6, 32, "adam", 2e-3, schedule="cosine")
    return decoder, train_classifier(images, labels, recipe, np.random.SeedSequence(0))


def copy_plainly(net: Any) -> Any:
    """Return a copy in torch's default layout, with gradients of all weights."""
    plain = copy.deepcopy(net).eval().requires_grad_(requires_grad=True)
    for weights in plain.parameters():
        weights.data = weights.data.contiguous()
    return plain


def _steer(
    decoder: Decoder, teacher: Classifier, classes: NDArray[np.int64], compat: Any
) -> NDArray[np.float32]:
    params = SelectionParams(
        steering_steps=STEPS,
        steering_learning_rate=RATE,
        steering_noise_scale=NOISE,
        compat=compat,
    )
    return steer_latents(decoder, teacher, classes, params, np.random.default_rng(0))


def steer_plainly(decoder: Decoder, teacher: Classifier, label: int) -> torch.Tensor:
    """Steer one latent as the original does."""
    z = torch.randn(1, decoder.latent_dim, requires_grad=True)
    adam = torch.optim.Adam([z], lr=RATE)
    best, highest = z.detach().clone(), 0.0
    for _ in range(STEPS):
        adam.zero_grad()
        image = normalize(decoder(z))
        with torch.no_grad():
            probability = torch.softmax(teacher(image), dim=1)[0, label].item()
        loss = -torch.log(torch.softmax(teacher(image), dim=1)[0, label] + 1e-8)
        loss.backward()
        adam.step()
        with torch.no_grad():
            z += NOISE * torch.randn_like(z)
            z.clamp_(-BOUND, BOUND)
        if probability > highest:
            best, highest = z.detach().clone(), probability
    return best
