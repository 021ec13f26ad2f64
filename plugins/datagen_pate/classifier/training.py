"""Training of the classifier, the same for teachers and students."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn import functional

from datagen_pate.classifier.augmentation import Contrast, Deformation
from datagen_pate.classifier.devices import computing_on, lay_out
from datagen_pate.classifier.network import Classifier, normalize
from datagen_pate.classifier.recipes import Recipe
from datagen_pate.errors import PateError

DEFORMATIONS = {
    "original": Deformation(rotation=10, translation=2.8),
    "light": Deformation(rotation=10, translation=2, scale=0.1),
    "strong": Deformation(rotation=12, translation=2, scale=0.15, shear=0.2),
    "sharp": Deformation(rotation=10, translation=2, scale=0.1),
}
CONTRASTS = {"sharp": Contrast(factor=4, middle=0.25)}


class Epoch(NamedTuple):
    """The figures of an epoch.

    Attributes
    ----------
    number
        From 1.
    loss, accuracy
        Means over the images of the epoch, each as it was when its batch was learned.
    """

    number: int
    loss: float
    accuracy: float


AfterEpoch = Callable[[Classifier, Epoch], None]


def train_classifier(
    images: NDArray[np.uint8] | NDArray[np.float32],
    labels: NDArray[np.int64],
    recipe: Recipe,
    seed: np.random.SeedSequence,
    *,
    device: str = "cpu",
    after_epoch: AfterEpoch | None = None,
) -> Classifier:
    """Return a classifier trained on images and labels, ready to predict.

    On a CPU the result depends on the arguments alone, since one thread computes it; first weights,
    order and deformations are the same on any device, and dropout is drawn on it. Torch's own
    random state stays as it is.

    Parameters
    ----------
    images
        `(n, 28, 28)`, uint8 or float in [0, 1]; already normalised if the recipe says so.
    labels
        `(n,)`, 0 to 9.
    after_epoch
        Called after each epoch with its figures and the model, which it may use but must leave in
        training mode.

    Raises
    ------
    PateError
        When there are no images, or the loss stops being finite.
    """
    if len(images) == 0:
        raise PateError("there are no images to train on; give at least one")
    torch_seed, draws_seed = (int(word >> 1) for word in seed.generate_state(2, np.uint64))
    run = _Run(recipe, Generator().manual_seed(draws_seed), device)
    with computing_on(device, torch_seed):
        return run.train(_as_tensor(images), torch.from_numpy(np.array(labels)), after_epoch)


@dataclass
class _Run:
    """One training: its recipe, its random numbers, its place."""

    recipe: Recipe
    generator: Generator
    device: str

    def train(self, images: Tensor, labels: Tensor, after_epoch: AfterEpoch | None) -> Classifier:
        model = lay_out(Classifier().to(self.device))
        images, labels = images.to(self.device), labels.to(self.device)
        optimizer = _make_optimizer(model, self.recipe)
        steps_per_epoch = math.ceil(len(images) / self.recipe.batch_size)
        schedule = _Schedule(self.recipe, steps_per_epoch)
        for number in range(1, self.recipe.epochs + 1):
            sums = torch.zeros(2, device=self.device)
            for rows in self._draw_batches(len(images)):
                schedule.advance(optimizer)
                sums += self._step(model, optimizer, images[rows], labels[rows])
            epoch = Epoch(number, *(sums / len(images)).tolist())
            if not math.isfinite(epoch.loss):
                raise PateError(f"training diverged in epoch {number}; lower the learning rate")
            if after_epoch is not None:
                after_epoch(model, epoch)
        model.eval()
        return model

    def _draw_batches(self, count: int) -> Iterator[Tensor]:
        order = torch.randperm(count, generator=self.generator).to(self.device)
        yield from torch.split(order, self.recipe.batch_size)

    def _step(
        self, model: Classifier, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
    ) -> Tensor:
        """Learn one batch; return the sums of its losses and of its right answers."""
        inputs = self._prepare(images)
        mixed = self.recipe.precision == "bfloat16"
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=mixed):
            outputs = model(inputs)
        # cross_entropy takes the softmax again, which does not change log-probabilities.
        loss = functional.cross_entropy(
            outputs.float(), labels, label_smoothing=self.recipe.label_smoothing
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        right = (outputs.detach().argmax(1) == labels).sum()
        return torch.stack([loss.detach() * len(labels), right])

    def _prepare(self, images: Tensor) -> Tensor:
        deformation = DEFORMATIONS.get(self.recipe.augment)
        if deformation is not None:
            # The background need not be 0: it is not where images are normalised already.
            ground = images.amin()
            images = deformation.apply(images - ground, self.generator) + ground
        contrast = CONTRASTS.get(self.recipe.augment)
        if contrast is not None:
            images = contrast.apply(images, self.generator)
        return normalize(images) if self.recipe.normalize else images


class _Schedule:
    """The learning rate, set before each step."""

    def __init__(self, recipe: Recipe, steps_per_epoch: int) -> None:
        self._recipe, self._per_epoch = recipe, steps_per_epoch
        self._done = 0

    def advance(self, optimizer: torch.optim.Optimizer) -> None:
        for group in optimizer.param_groups:
            group["lr"] = self._recipe.lr * self._factor()
        self._done += 1

    def _factor(self) -> float:
        if self._recipe.schedule == "cosine":
            part = self._done / (self._recipe.epochs * self._per_epoch)
            return (1 + math.cos(math.pi * part)) / 2
        if self._recipe.schedule == "steps":
            epoch = self._done // self._per_epoch
            return self._recipe.lr_gamma ** (epoch // self._recipe.lr_decay_epoch)
        return 1.0


def _make_optimizer(model: Classifier, recipe: Recipe) -> torch.optim.Optimizer:
    decay = recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            model.parameters(), recipe.lr, momentum=recipe.momentum, weight_decay=decay
        )
    return torch.optim.AdamW(model.parameters(), recipe.lr, weight_decay=decay, fused=True)


def _as_tensor(images: NDArray[np.uint8] | NDArray[np.float32]) -> Tensor:
    tensor = torch.from_numpy(np.array(images))[:, None]
    return tensor.float() / 255 if tensor.dtype == torch.uint8 else tensor.float()
