"""From options of `datagen pate candidates` to a pool in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datagen_core.files import hash_file
from datagen_images import use_threads
from datagen_pate.compat.config import Config, read_config
from datagen_pate.decoder.latent_prior import LatentPrior, read_prior
from datagen_pate.errors import ArgumentError, PateError
from datagen_pate.pools.candidates import Block, Recipe, iterate_candidates
from datagen_pate.pools.files import read_pool, write_original_pool, write_pool

_GRID, _COLUMNS = 64, 8
_DECODER, _PRIOR = "decoder.pth", "latent_prior.npz"
_IDENTITY = ("decoder_hash", "prior_hash", "recipe", "seed")  # never a path
_TOLD = 16  # blocks between two words of progress


@dataclass(frozen=True)
class PoolRequest:
    """The options of the command; None where not given."""

    decoder_path: Path
    out: Path
    pool_size: int | None = None
    latent_dim: int | None = None
    latent_mixing: float | None = None
    latent_noise: float | None = None
    prior: str = "auto"
    config: Path | None = None
    run_id: str = "run1"
    seed: int = 123
    save_grid: bool = False
    form: str | None = None
    compat: str | None = None
    device: str = "cpu"
    precision: str = "float32"
    threads: int = 1

    def __post_init__(self) -> None:
        if self.form is not None and (self.form == "original") != self.is_original:
            suffix = ".pt" if self.form == "original" else ".npz"
            raise ArgumentError(
                f"the name of a pool of format {self.form} ends in {suffix}, not as {self.out}"
            )

    @property
    def decoder(self) -> Path:
        """The decoder's file."""
        path = self.decoder_path
        return path / _DECODER if path.is_dir() else path

    @property
    def is_original(self) -> bool:
        """Whether the pool is a file of the original."""
        return self.out.suffix == ".pt"

    @property
    def sidecar(self) -> Path:
        """The file with the recipe of a pool of the original."""
        return self.out.with_suffix(".json")

    def find_prior(self, latent_dim: int) -> tuple[Path | None, LatentPrior | None]:
        """Return the prior's file and the prior; None for neither."""
        beside = self.decoder.with_name(_PRIOR)
        if self.prior == "none" or self.compat is not None:
            return None, None
        if self.prior == "auto":
            return (beside, read_prior(beside, latent_dim)) if beside.is_file() else (None, None)
        return Path(self.prior), read_prior(Path(self.prior), latent_dim)

    def make_recipe(self, config: Config, latent_dim: int) -> Recipe:
        """Return the recipe: options first, then the configuration, then the defaults."""
        section = config.generation
        asked = _first(self.latent_dim, section.latent_dim, latent_dim)
        if asked != latent_dim:
            raise ArgumentError(
                f"{self.decoder} has {latent_dim} latents, not {asked}; "
                "leave --latent-dim out, or name another decoder"
            )
        values = {
            "pool_size": _first(self.pool_size, section.pool_size, 20_000),
            "latent_dim": latent_dim,
            "mixing_ratio": _first(self.latent_mixing, section.latent_mixing_ratio, 0.3),
            "noise_scale": _first(self.latent_noise, section.latent_noise_scale, 0.1),
            "compat": self.compat,
            "precision": self.precision,
        }
        return Recipe.bind(values, "candidates")


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def make_pool(request: PoolRequest, tell: Callable[[str], object]) -> dict[str, Any]:
    """Write the requested pool, unless it exists; return its report.

    Parameters
    ----------
    request
        The options.
    tell
        Called with a line of progress now and then.

    Raises
    ------
    PateError
        When an option, the decoder or the prior cannot be used, or a file cannot be written.
    """
    from datagen_pate.classifier.devices import choose_device
    from datagen_pate.decoder.files import load_decoder  # here, since it imports torch

    config = Config() if request.config is None else read_config(request.config)
    decoder = load_decoder(request.decoder, choose_device(request.device))
    recipe = request.make_recipe(config, decoder.latent_dim)
    path, prior = request.find_prior(decoder.latent_dim)
    values = _describe(request, config, recipe, path)
    if not _is_done(request, values):
        blocks = iterate_candidates(
            decoder,
            seed_sequence=np.random.SeedSequence(request.seed),
            prior=prior,
            as_floats=request.compat is not None and request.is_original,
            **recipe.canonical(),
        )
        with use_threads(request.threads):
            _write(request, _tell_blocks(blocks, recipe, tell), recipe.pool_size, values)
    report = _report(request, values)
    if request.save_grid:
        _save_grid(request)
    return report


def _describe(
    request: PoolRequest, config: Config, recipe: Recipe, prior: Path | None
) -> dict[str, Any]:
    """Return the description of the pool: the original's keys, and hashes."""
    return {
        "pool_size": recipe.pool_size,
        "latent_dim": recipe.latent_dim,
        "latent_mixing_ratio": recipe.mixing_ratio,
        "latent_noise_scale": recipe.noise_scale,
        "run_id": request.run_id,
        "seed": request.seed,
        "decoder_path": str(request.decoder),
        "config_used": config.given(),
        "decoder_hash": hash_file(request.decoder),
        "prior_hash": None if prior is None else hash_file(prior),
        "recipe": recipe.canonical(),
    }


def _is_done(request: PoolRequest, values: dict[str, Any]) -> bool:
    try:
        pool = read_pool(request.out)
    except (PateError, ValueError):
        return False
    is_same = all(pool.recipe.get(key) == values[key] for key in _IDENTITY)
    return is_same and len(pool) == values["pool_size"]


def _write(
    request: PoolRequest, blocks: Iterator[Block], count: int, values: dict[str, Any]
) -> None:
    write = write_original_pool if request.is_original else write_pool
    write(request.out, blocks, count, values)


def _tell_blocks(
    blocks: Iterator[Block], recipe: Recipe, tell: Callable[[str], object]
) -> Iterator[Block]:
    for number, block in enumerate(blocks, 1):
        yield block
        if number % _TOLD == 0 or number == recipe.blocks:
            tell(f"{block[0] + len(block[2])} of {recipe.pool_size} candidates")


def _report(request: PoolRequest, values: dict[str, Any]) -> dict[str, Any]:
    path = request.out
    size, digest = path.stat().st_size, hash_file(path)
    return {**values, "path": str(path), "bytes": size, "pool_hash": digest}


def _save_grid(request: PoolRequest) -> None:
    from datagen_pictures import draw_grid, save_figure  # here, since most pools need no picture

    _, images = next(read_pool(request.out).iterate(_GRID))
    save_figure(draw_grid(images, columns=_COLUMNS), request.out.with_suffix(".png"))
