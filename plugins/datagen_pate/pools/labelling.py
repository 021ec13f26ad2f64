"""Candidates of a pool, and the teachers' votes on them. Imports torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from datagen_core import input_path
from datagen_pate.classifier.devices import choose_device
from datagen_pate.classifier.network import Classifier
from datagen_pate.classifier.prediction import Predictor
from datagen_pate.decoder.files import load_decoder
from datagen_pate.decoder.latent_prior import LatentPrior, read_prior
from datagen_pate.decoder.modules import Decoder
from datagen_pate.pools.candidates import Block, iterate_candidates
from datagen_pate.pools.params import PoolParams
from datagen_pate.privacy.voting import Votes
from datagen_pate.teachers import count_teachers, read_teacher

_POOL = 0x706F6F6C
"""The spawn key of pools, which nothing else uses."""


class Pool:
    """The candidates of parameters and a seed.

    Raises
    ------
    PateError
        When decoder or prior are of another architecture.
    """

    def __init__(self, params: PoolParams) -> None:
        self._params = params
        self.device = choose_device(params.device)
        self.decoder = _load_decoder(params.decoder, self.device)
        self.prior = _load_prior(params.prior, self.decoder.latent_dim)

    def blocks(
        self,
        seed: int,
        numbers: Iterable[int] | None = None,
        *,
        owner: tuple[int, ...] = (),
        as_floats: bool = False,
    ) -> Iterator[Block]:
        """Yield blocks of the pool of a seed: first candidate, latents, images.

        Parameters
        ----------
        numbers
            The blocks to yield; None for all.
        owner
            The number of the teacher, where each has a pool of its own.
        as_floats
            Whether to yield images as the decoder gives them, float32 in [0, 1], instead of uint8.
        """
        params = self._params
        return iterate_candidates(
            self.decoder,
            params.pool_size,
            self.decoder.latent_dim,
            np.random.SeedSequence(seed, spawn_key=(_POOL, *owner)),
            prior=self.prior,
            blocks=numbers,
            as_floats=as_floats,
            mixing_ratio=params.latent_mixing,
            noise_scale=params.latent_noise,
            compat=getattr(params, "compat", None),
            block=params.block_size,
            precision=params.precision,
        )


class Panel:
    """All teachers together, and the pool that they label.

    Teachers are read one by one for each block, so memory does not grow with their number.

    Raises
    ------
    PateError
        When an artefact is of another architecture.
    """

    def __init__(self, params: PoolParams) -> None:
        self._params = params
        self._pool = Pool(params)
        self._weights = input_path(params.teachers)
        self.size = count_teachers(self._weights)

    def draw(self, seed: int, block: int) -> tuple[int, NDArray[np.uint8]]:
        """Return the number of a block's first candidate, and its images, uint8 `(n, 28, 28)`."""
        first, _, images = next(self._pool.blocks(seed, [block]))
        return first, images

    def ask(self, images: NDArray[np.uint8]) -> Votes:
        """Return the votes of all teachers on images."""
        counts = np.zeros((len(images), 10), np.int64)
        sums = np.zeros((len(images), 10), np.float64)
        for number in range(self.size):
            predict = Predictor(self.teacher(number), precision=self._params.precision)
            probabilities = predict(images)
            counts[np.arange(len(images)), probabilities.argmax(axis=1)] += 1
            sums += probabilities
        return Votes(counts, (sums / self.size).astype(np.float32))

    def teacher(self, number: int) -> Classifier:
        """Return one teacher."""
        return read_teacher(self._weights, number, self._pool.device)


@lru_cache(maxsize=1)
def _load_decoder(reference: str, device: str) -> Decoder:
    return load_decoder(input_path(reference), device)


@lru_cache(maxsize=1)
def _load_prior(reference: str | None, latent_dim: int) -> LatentPrior | None:
    return read_prior(input_path(reference), latent_dim) if reference is not None else None
