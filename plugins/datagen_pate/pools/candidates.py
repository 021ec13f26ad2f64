"""Candidates: random latents, and the images that the decoder makes of them.

They are made in blocks. Each block has a random stream of its own, so any block can be made alone,
a larger pool begins with the smaller one, and no pool has to be in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen_core import Params
from datagen_pate.decoder.latent_prior import LatentPrior
from datagen_pate.errors import PateError
from datagen_pate.evaluation.distances import round_to_stored

if TYPE_CHECKING:
    from datagen_pate.decoder.modules import Decoder

BLOCK = 1024
"""Candidates per block."""

_BATCH = 256  # the original's; all blocks are decoded in whole batches of it
_LEAST_SHARE, _GREATEST_SHARE = 0.6, 1.0  # of the first of two latents that are mixed

Block = tuple[int, NDArray[np.float32], NDArray[Any]]
"""The number of the first candidate, latents `(n, latent_dim)`, images `(n, 28, 28)`."""


def draw_latents(  # noqa: PLR0913 (one for each property of the draw)
    count: int,
    latent_dim: int,
    rng: np.random.Generator,
    *,
    mixing_ratio: float = 0.0,
    noise_scale: float = 0.0,
    compat: str | None = None,
    start: int = 0,
) -> NDArray[np.float32]:
    """Return latents, standard normal but for the noise.

    A share of them is mixed: `(a z1 + (1 - a) z2) / sqrt(a² + (1 - a)²)` with a uniform in
    [0.6, 1). The root keeps the variance, so mixed latents are standard normal again: mixing
    changes which latents are drawn, not their distribution. With `compat="original"` the root is
    left out, as in the original: mixed latents have a variance of only 0.71, and their images
    differ less; the first 76 of each 256 are mixed, except in the first 256.

    Parameters
    ----------
    count
        Number of latents.
    latent_dim
        Variables per latent.
    rng
        The source of all randomness.
    mixing_ratio
        The share of mixed latents, 0 to 1.
    noise_scale
        Standard deviation of the noise added at the end; 0.1 widens the distribution by 0.5 %.
    compat
        `original` or None.
    start
        The number of the first candidate, for `compat`.

    Returns
    -------
    latents
        float32 `(count, latent_dim)`.
    """
    shape = (count, latent_dim)
    latents = rng.standard_normal(shape, np.float32)
    if mixing_ratio > 0:
        share = rng.uniform(_LEAST_SHARE, _GREATEST_SHARE, (count, 1)).astype(np.float32)
        first, second = (rng.standard_normal(shape, np.float32) for _ in range(2))
        mixed = share * first + (1 - share) * second
        if compat is None:
            mixed /= np.sqrt(share**2 + (1 - share) ** 2)
        rows = _choose_mixed(count, rng, mixing_ratio, compat, start)
        latents = np.where(rows[:, None], mixed, latents)
    if noise_scale > 0:
        latents += np.float32(noise_scale) * rng.standard_normal(shape, np.float32)
    return latents


def _choose_mixed(
    count: int, rng: np.random.Generator, ratio: float, compat: str | None, start: int
) -> NDArray[np.bool_]:
    if compat is None:
        return rng.random(count) < ratio
    numbers = np.arange(start, start + count)
    return (numbers >= _BATCH) & (numbers % _BATCH < int(_BATCH * ratio))


class Recipe(Params):
    """Everything that decides the candidates of a pool besides decoder, prior and seed.

    Attributes
    ----------
    pool_size, latent_dim
        The number of candidates, and of the latent variables of each.
    mixing_ratio, noise_scale, compat
        See `draw_latents`.
    block
        Candidates per block; multiples of 256 waste nothing.
    precision
        Of the decoder: `float32` or `bfloat16`.
    """

    pool_size: Annotated[int, Field(ge=1)]
    latent_dim: int
    mixing_ratio: Annotated[float, Field(ge=0, le=1)] = 0.0
    noise_scale: Annotated[float, Field(ge=0)] = 0.0
    compat: Literal["original"] | None = None
    block: Annotated[int, Field(ge=1)] = BLOCK
    precision: str = "float32"

    @property
    def blocks(self) -> int:
        """The number of blocks of the pool."""
        return -(-self.pool_size // self.block)


def iterate_candidates(  # noqa: PLR0913 (the last three say which part is wanted, and how)
    decoder: Decoder,
    pool_size: int,
    latent_dim: int,
    seed_sequence: np.random.SeedSequence,
    *,
    prior: LatentPrior | None = None,
    blocks: Iterable[int] | None = None,
    as_floats: bool = False,
    **recipe: Any,
) -> Iterator[Block]:
    """Yield a pool block by block: number of the first candidate, latents, images.

    Parameters
    ----------
    decoder
        The decoder that makes the images.
    pool_size, latent_dim
        The number of candidates, and of the latent variables of each.
    seed_sequence
        Block b draws from the sequence whose spawn key has b added.
    prior
        The distribution of latents; None: standard normal, as in the original.
    blocks
        The blocks to make; None: all. Each is the same as in the whole pool.
    as_floats
        Whether to yield images as float32 in [0, 1] instead of uint8.
    recipe
        Further attributes of `Recipe`.

    Raises
    ------
    PateError
        When decoder and prior have other latent variables, or numbers are out of range.
    """
    values = {"pool_size": pool_size, "latent_dim": latent_dim, **recipe}
    chosen = Recipe.bind(values, "candidates")
    for owner in (decoder, prior):
        if owner is not None and owner.latent_dim != latent_dim:
            what = "decoder" if owner is decoder else "prior"
            raise PateError(
                f"the {what} has {owner.latent_dim} latents, not {latent_dim}; "
                "leave --latent-dim out"
            )
    for number in range(chosen.blocks) if blocks is None else blocks:
        latents = _draw_block(chosen, number, seed_sequence, prior)
        yield number * chosen.block, latents, _decode_block(decoder, latents, chosen, as_floats)


def _draw_block(
    recipe: Recipe,
    number: int,
    seed_sequence: np.random.SeedSequence,
    prior: LatentPrior | None,
) -> NDArray[np.float32]:
    """Return a block's latents, drawn in full and cut where the pool ends."""
    if not 0 <= number < recipe.blocks:
        raise PateError(f"the pool has no block {number}; it has {recipe.blocks}")
    start = number * recipe.block
    key = (*seed_sequence.spawn_key, number)
    stream = np.random.SeedSequence(seed_sequence.entropy, spawn_key=key)
    latents = draw_latents(
        recipe.block,
        recipe.latent_dim,
        np.random.default_rng(stream),
        mixing_ratio=recipe.mixing_ratio,
        noise_scale=recipe.noise_scale,
        compat=recipe.compat,
        start=start,
    )
    placed = latents if prior is None else prior.place(latents, start)
    return placed[: recipe.pool_size - start]


def _decode_block(
    decoder: Decoder,
    latents: NDArray[np.float32],
    recipe: Recipe,
    as_floats: bool,  # noqa: FBT001 (passed on)
) -> NDArray[Any]:
    from datagen_pate.decoder.decoding import decode  # here, since it imports torch

    # In batches of one size, so that an image's last bits do not depend on where its pool ends.
    missing = -len(latents) % _BATCH
    padded = np.pad(latents, ((0, missing), (0, 0)))
    images = decode(decoder, padded, precision=recipe.precision, batch=_BATCH)[: len(latents)]
    return images if as_floats else round_to_stored(images)
