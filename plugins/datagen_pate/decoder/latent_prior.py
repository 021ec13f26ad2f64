"""The distribution of latents: normal for each class of public images.

A decoder is trained so that the latents of all public images together are about standard normal.
Between the classes, though, lie latents that decode to no character, and letters take as much room
as digits. A normal distribution for each class of public digits excludes both, and makes all
classes equally frequent: a prior that is closer to the aggregated posterior (Tomczak and Welling,
2018, "VAE with a VampPrior"). It depends on public images only.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen_pate.errors import PateError
from datagen_pate.files.writing import writing

_FIELDS = ("means", "factors", "classes")


@dataclass(frozen=True, eq=False)
class LatentPrior:
    """A normal distribution of latents for each class.

    Attributes
    ----------
    means
        float32 `(classes, latent_dim)`.
    factors
        float32 `(classes, latent_dim, latent_dim)`: lower triangles, whose products with
        their transposes are the covariances.
    classes
        The name of each class.
    """

    means: NDArray[np.float32]
    factors: NDArray[np.float32]
    classes: tuple[str, ...]

    @property
    def latent_dim(self) -> int:
        """The number of latent variables."""
        return int(self.means.shape[1])

    def place(self, latents: NDArray[np.float32], start: int = 0) -> NDArray[np.float32]:
        """Turn standard normal latents into those of classes: candidate i gets class i modulo all.

        Parameters
        ----------
        latents
            float32 `(n, latent_dim)`.
        start
            The number of the first candidate.
        """
        chosen = (np.arange(len(latents)) + start) % len(self.means)
        placed = np.empty_like(latents)
        for number, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            rows = chosen == number
            placed[rows] = mean + latents[rows] @ factor.T
        return placed

    def save(self, path: Path) -> None:
        """Write the prior to a file for `read_prior`."""
        classes = np.array(self.classes, np.str_)
        with writing(path) as file:
            np.savez(file, means=self.means, factors=self.factors, classes=classes)


def read_prior(path: Path, latent_dim: int | None = None) -> LatentPrior:
    """Return the prior in a file of `datagen pate pretrain-decoder`.

    Parameters
    ----------
    path
        The file, `latent_prior.npz`.
    latent_dim
        The number of latent variables of the decoder; None accepts any.

    Raises
    ------
    PateError
        When it cannot be read, holds something else, or is of another decoder.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            means, factors, classes = (content[name] for name in _FIELDS)
    except OSError as error:
        raise PateError(f"{path} cannot be read ({error.strerror or error})") from error
    except (ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise PateError(
            f"{path} is not a latent_prior.npz of datagen pate pretrain-decoder"
        ) from error
    prior = LatentPrior(means, factors, tuple(classes.tolist()))
    _check(prior, path, latent_dim)
    return prior


def _check(prior: LatentPrior, path: Path, latent_dim: int | None) -> None:
    shape = prior.means.shape
    is_whole = len(shape) == 2 and prior.factors.shape == (*shape, shape[-1])
    if not is_whole or len(prior.classes) != shape[0] or not shape[0]:
        raise PateError(f"{path} is damaged: its arrays do not fit one another; make it again")
    if not (np.isfinite(prior.means).all() and np.isfinite(prior.factors).all()):
        raise PateError(f"{path} holds numbers that are not finite; make it again")
    if latent_dim not in {None, shape[1]}:
        raise PateError(
            f"{path} has {shape[1]} latents and the decoder {latent_dim}; "
            "name the file that was made with the decoder"
        )


def fit_prior(
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
) -> LatentPrior | None:
    """Fit a normal distribution to the latents of each digit, or of each class if none is a digit.

    Parameters
    ----------
    means, variances
        Of the latents of each public image, `(n, latent_dim)`, from the encoder.
    labels
        int64 `(n,)`.
    classes
        The name of each label.

    Returns
    -------
    prior
        None where no class has more images than latents.
    """
    least = means.shape[1] + 1
    counts = np.bincount(labels, minlength=len(classes))
    enough = [label for label in range(len(classes)) if counts[label] >= least]
    kept = [label for label in enough if classes[label].isdigit()] or enough
    if not kept:
        return None
    fitted = [_fit_normal(means[labels == label], variances[labels == label]) for label in kept]
    centres, factors = (np.stack(part).astype(np.float32) for part in zip(*fitted, strict=True))
    return LatentPrior(centres, factors, tuple(classes[label] for label in kept))


def _fit_normal(
    means: NDArray[np.float64], variances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    covariance = np.cov(means, rowvar=False) + np.diag(variances.mean(axis=0))
    return means.mean(axis=0), np.linalg.cholesky(np.atleast_2d(covariance))
