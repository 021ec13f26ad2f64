"""Training a variational autoencoder on public images, an epoch at a time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from datagen_images import use_threads
from datagen_pate.classifier.devices import lay_out
from datagen_pate.decoder.augmentation import Augmentation, augment
from datagen_pate.decoder.decoding import compute_in
from datagen_pate.decoder.modules import MEAN, STD, Autoencoder
from datagen_pate.decoder.params import PretrainParams
from datagen_pate.errors import PateError
from datagen_pate.files.torch_files import read_tensors, save_tensors

Progress = Callable[[dict[str, Any]], None]
"""Called after each epoch with its entry of the history."""


@dataclass(eq=False)
class Training:
    """An autoencoder between two epochs.

    Attributes
    ----------
    model, optimizer
        With their states.
    history
        For each epoch: its number, counted from 1, mean loss, recon_loss and kl_loss of an image,
        and kl_weight.
    """

    model: Autoencoder
    optimizer: torch.optim.Adam
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def state(self) -> dict[str, Any]:
        """Everything that decides the next epoch, in tensors and plain values."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": self.history,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = list(state["history"])


def read_checkpoint(
    path: Path | None,
    images: NDArray[np.uint8],
    params: PretrainParams,
    device: str,
    training: Training,
) -> str:
    """Restore a training from a file of the same images and parameters, if there is one.

    Returns
    -------
    key
        The hash of everything that decides the training.
    """
    digest = hashlib.sha256(params.model_dump_json().encode())
    digest.update(f"{device} {torch.__version__} {images.shape}".encode())
    digest.update(np.ascontiguousarray(images).data)
    key = digest.hexdigest()
    if path is None or not path.is_file():
        return key
    try:
        content = read_tensors(path, "a checkpoint")
    except PateError:
        return key  # a damaged file is ignored: training begins again
    if isinstance(content, dict) and content.get("key") == key:
        training.restore(content["state"])
    return key


def write_checkpoint(path: Path | None, key: str, training: Training) -> None:
    """Write the state of a training, unless the path is None."""
    if path is not None:
        save_tensors({"key": key, "state": training.state}, path)


def pretrain(
    images: NDArray[np.uint8],
    params: PretrainParams,
    *,
    device: str = "cpu",
    threads: int = 1,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> Training:
    """Train an autoencoder.

    Random numbers depend on the seed and the epoch alone, so a training that goes on from a
    checkpoint ends with the same weights, to the last bit, as an uninterrupted one.

    Parameters
    ----------
    images
        uint8 `(n, 28, 28)`.
    params
        How to train.
    device
        Where to compute: `cpu` or `cuda`. All random numbers are drawn on the processor.
    threads
        Of torch, on the processor.
    progress
        Called after each epoch with its entry of the history.
    checkpoint
        A file for the state after each epoch. Training goes on from it if it is of the same images
        and parameters; otherwise it is replaced.

    Raises
    ------
    PateError
        When the images have another form, the losses are not finite, or a file cannot be written.
    """
    if images.ndim != 3 or images.shape[1:] != (28, 28) or images.dtype != np.uint8:
        have = f"{images.dtype} {images.shape}"
        raise PateError(f"a decoder learns from images uint8 (n, 28, 28), not {have}")
    if not len(images):
        raise PateError("a decoder needs at least one image to learn from")
    with use_threads(threads):
        training = _begin(params, device)
        key = read_checkpoint(checkpoint, images, params, device, training)
        pixels = torch.from_numpy(images)[:, None].to(device)
        for epoch in range(len(training.history), params.epochs):
            training.history.append(_train_epoch(training, pixels, params, epoch))
            write_checkpoint(checkpoint, key, training)
            if progress is not None:
                progress(training.history[-1])
    return training


def _begin(params: PretrainParams, device: str) -> Training:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_seed(params, 0))
        model = Autoencoder(params.latent_dim)
    lay_out(model.to(device))
    optimizer = torch.optim.Adam(model.parameters(), lr=params.lr, weight_decay=params.weight_decay)
    return Training(model, optimizer)


def _seed(params: PretrainParams, stream: int) -> int:
    """Return the seed of a stream: 0 for the first weights, e + 1 for epoch e."""
    words = np.random.SeedSequence(params.seed, spawn_key=(stream,)).generate_state(2)
    return int(words[0]) << 31 ^ int(words[1])


def _train_epoch(
    training: Training, pixels: Tensor, params: PretrainParams, epoch: int
) -> dict[str, Any]:
    """Make a step for each batch; return the epoch's mean losses."""
    generator = torch.Generator().manual_seed(_seed(params, epoch + 1))
    order = torch.randperm(len(pixels), generator=generator)
    batches = torch.split(order, params.batch_size)
    weight = params.weigh_divergence(epoch)
    sums = torch.zeros(2, dtype=torch.float64, device=pixels.device)
    for number, rows in enumerate(batches):
        share = (epoch + number / len(batches)) / params.epochs
        _set_step_size(training.optimizer, params, share)
        sums += _step(training, pixels[rows.to(pixels.device)], params, weight, generator)
    reconstruction, divergence = (sums / len(pixels)).tolist()
    if not math.isfinite(reconstruction + divergence):
        raise PateError(f"the losses of epoch {epoch + 1} are not finite; lower --lr")
    return {
        "epoch": epoch + 1,
        "loss": reconstruction + weight * divergence,
        "recon_loss": reconstruction,
        "kl_loss": divergence,
        "kl_weight": weight,
    }


def _set_step_size(optimizer: torch.optim.Adam, params: PretrainParams, share: float) -> None:
    is_constant = params.lr_schedule == "constant" or params.compat == "original"
    factor = 1.0 if is_constant else (1 + math.cos(math.pi * share)) / 2
    for group in optimizer.param_groups:
        group["lr"] = params.lr * factor


def _step(
    training: Training,
    pixels: Tensor,
    params: PretrainParams,
    weight: float,
    generator: Generator,
) -> Tensor:
    """Improve the weights by one batch; return the sums of both losses."""
    augmentation = Augmentation(noise_in_target=params.compat == "original")
    seen, target = augment(pixels.float() / 255, augmentation, generator)
    noise = torch.randn((len(pixels), params.latent_dim), generator=generator).to(pixels.device)
    with compute_in(params.precision, pixels.device.type):
        logits, mean, logvar = training.model((seen - MEAN) / STD, noise)
    reconstruction, divergence = measure_losses(logits, target, mean, logvar)
    training.optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(reconstruction + weight * divergence)
    training.optimizer.step()
    return torch.stack([reconstruction.detach(), divergence.detach()]).double()


def measure_losses(
    logits: Tensor, target: Tensor, mean: Tensor, logvar: Tensor
) -> tuple[Tensor, Tensor]:
    """Return reconstruction loss and divergence, each summed over pixels and images.

    The first is the binary cross-entropy of pixels from 0 to 1; the second the Kullback-Leibler
    divergence of N(mean, exp(logvar)) from N(0, 1) in nats, `-1/2 Σ (1 + logvar - mean² -
    exp(logvar))`: Kingma and Welling (2014), "Auto-encoding variational Bayes", appendix B.

    Parameters
    ----------
    logits
        The reconstruction before its sigmoid, `(n, 1, 28, 28)`.
    target
        The images, from 0 to 1, of the same shape.
    mean, logvar
        Of the latents, `(n, latent_dim)`.
    """
    logits, mean, logvar = logits.float(), mean.float(), logvar.float()
    reconstruction = binary_cross_entropy_with_logits(logits, target, reduction="sum")
    divergence = -0.5 * (1 + logvar - mean.square() - logvar.exp()).sum()
    return reconstruction, divergence
