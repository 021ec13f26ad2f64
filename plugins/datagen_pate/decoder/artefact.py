"""The folder of a trained decoder: weights, prior and report."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from datagen_core.files import hash_file
from datagen_images import use_threads
from datagen_pate.decoder.files import load_decoder, save_decoder
from datagen_pate.decoder.latent_prior import fit_prior
from datagen_pate.decoder.modules import MEAN, STD, Encoder
from datagen_pate.decoder.params import PretrainParams
from datagen_pate.decoder.training import Progress, Training, pretrain
from datagen_pate.files.writing import read_json, write_json
from datagen_pate.public import PublicImages

DECODER, PRIOR, REPORT = "decoder.pth", "latent_prior.npz", "pretrain_report.json"
FORMAT = "1.0"
"""The format of the report."""
"""Names of the files in the folder."""

_CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Place:
    """The folder of a decoder, and where it is computed.

    Attributes
    ----------
    folder
        Holds its files.
    device, threads
        Where torch computes.
    """

    folder: Path
    device: str = "cpu"
    threads: int = 1

    @property
    def decoder(self) -> Path:
        """The weights of the decoder."""
        return self.folder / DECODER

    @property
    def prior(self) -> Path:
        """The distribution of the latents of public digits; absent if there were too few."""
        return self.folder / PRIOR

    @property
    def report(self) -> Path:
        """The report, which appears last."""
        return self.folder / REPORT

    @property
    def checkpoint(self) -> Path:
        """The state after the last epoch; removed when the report is written."""
        return self.folder / _CHECKPOINT


def make_decoder(
    public: PublicImages,
    params: PretrainParams,
    place: Place,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a decoder on public images, and write `decoder.pth`, the prior and the report.

    A finished folder of the same images and parameters is kept; an interrupted training goes on
    after its last whole epoch.

    Parameters
    ----------
    public
        The images.
    params
        How to train.
    place
        Where to write, and to compute.
    progress
        Called after each epoch with its entry of the history.

    Returns
    -------
    report
        The content of the report file: the original's keys, and hashes of inputs and outputs.

    Raises
    ------
    PateError
        When a file cannot be written, or the losses are not finite.
    """
    inputs = _describe_inputs(public, params)
    done = _read_report(place, inputs)
    if done is not None:
        return done
    training = pretrain(
        public.images,
        params,
        device=place.device,
        threads=place.threads,
        progress=progress,
        checkpoint=place.checkpoint,
    )
    save_decoder(training.model.decoder, place.decoder)
    _save_prior(public, training, place)
    report = {"format": FORMAT, **_describe(public, params, training, place), **inputs}
    write_json(place.report, report)
    place.checkpoint.unlink(missing_ok=True)
    return report


def _describe_inputs(public: PublicImages, params: PretrainParams) -> dict[str, Any]:
    canonical = json.dumps(params.canonical(), sort_keys=True)
    return {
        "params": params.canonical(),
        "params_hash": hashlib.sha256(canonical.encode()).hexdigest(),
        "dataset_hash": public.sha256,
    }


def _read_report(place: Place, inputs: dict[str, Any]) -> dict[str, Any] | None:
    """Return the report of the folder, if it is finished and of these inputs."""
    try:
        report = read_json(place.report, FORMAT)
        hashes = {"decoder_hash": hash_file(place.decoder), "prior_hash": _hash_prior(place)}
    except (OSError, ValueError):
        return None
    wanted = inputs | hashes
    return report if all(report.get(key) == value for key, value in wanted.items()) else None


def _save_prior(public: PublicImages, training: Training, place: Place) -> None:
    place.prior.unlink(missing_ok=True)
    if public.labels is None:
        return
    labelled = np.flatnonzero([name.isdigit() for name in public.classes])
    rows = np.flatnonzero(np.isin(public.labels, labelled))
    rows = rows if len(rows) else np.arange(len(public.labels))
    with use_threads(place.threads):
        means, variances = encode(training.model.encoder, public.images[rows])
    prior = fit_prior(means, variances, public.labels[rows], public.classes)
    if prior is not None:
        prior.save(place.prior)


def _hash_prior(place: Place) -> str | None:
    return hash_file(place.prior) if place.prior.exists() else None


def _describe(
    public: PublicImages, params: PretrainParams, training: Training, place: Place
) -> dict[str, Any]:
    last = training.history[-1]
    load_decoder(place.decoder)  # before it is reported
    return {
        "latent_dim": params.latent_dim,
        "epochs": params.epochs,
        "batch_size": params.batch_size,
        "learning_rate": params.lr,
        "weight_decay": params.weight_decay,
        "kl_annealing_epochs": params.kl_annealing_epochs,
        "seed": params.seed,
        "dataset": public.source,
        "dataset_size": len(public.images),
        "final_loss": last["loss"],
        "final_recon_loss": last["recon_loss"],
        "final_kl_loss": last["kl_loss"],
        "decoder_path": str(place.decoder),
        "decoder_hash": hash_file(place.decoder),
        "prior_path": str(place.prior) if place.prior.exists() else None,
        "prior_hash": _hash_prior(place),
        "device": place.device,
        "dataset_notes": public.notes,
        "training_history": training.history,
    }


_BATCH = 512


def encode(
    encoder: Encoder, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of the latents of images.

    Parameters
    ----------
    encoder
        On any device.
    images
        uint8 `(n, 28, 28)`.

    Returns
    -------
    means, variances
        float64 `(n, latent_dim)`.
    """
    means, variances = (np.empty((len(images), encoder.latent_dim)) for _ in range(2))
    device = encoder.conv1.weight.device
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            part = slice(start, start + _BATCH)
            pixels = torch.from_numpy(images[part])[:, None].to(device).float() / 255
            mean, logvar = encoder((pixels - MEAN) / STD)
            means[part], variances[part] = mean.cpu().numpy(), logvar.exp().cpu().numpy()
    return means, variances
