"""The generator `pate_images`: what each teacher labels, of the candidates that pass filters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from datagen_core import DatasetGenerator, Field, InputFile, Schema, generator, hookimpl, input_path
from datagen_pate.artefacts import rename
from datagen_pate.config import read_config
from datagen_pate.pool_params import PoolParams
from datagen_pate.selection import SelectionParams, ShardFacts, read_selection
from datagen_pate.teachers import check_teachers, count_teachers, read_shard, read_teacher

NOT_PRIVATE = (
    "labels, confidences and filters of single teachers depend on private images without noise: "
    "epsilon is infinite; pate_votes with aggregation gnmax has a budget"
)

_ALIASES = {
    "confidence": "confidence_threshold",
    "min_nn_distance": "min_memorization_distance",
    "min_diversity_distance": "diversity_threshold",
    "decoder_path": "decoder",
    "teachers_dir": "teachers",
}
"""Options of the original that have another name here."""

_POOL_NAMES = {"latent_mixing_ratio": "latent_mixing", "latent_noise_scale": "latent_noise"}


class ImagesParams(SelectionParams, PoolParams):
    """Decoder, teachers and their shards, the pool, and the selection; a sample is a teacher."""

    shards: InputFile | None = None
    """What teachers were trained on: `shards.npz`, taken from their folder when that is named.
    Without it, what needs private images is not checked, and reports say so."""

    shared_pool: bool = False
    """Whether all teachers look at one pool; else each has a pool of its own."""

    config: str | None = None
    """The original's JSON configuration: what it says counts, unless it is also given here."""

    confidence: float | None = None
    """Another name of confidence_threshold."""

    min_nn_distance: float | None = None
    """Another name of min_memorization_distance."""

    min_diversity_distance: float | None = None
    """Another name of diversity_threshold."""

    disable_diversity: bool = False
    """The same as diversity_threshold=0; the original never reads it."""

    decoder_path: InputFile | None = None
    """Another name of decoder."""

    teachers_dir: InputFile | None = None
    """Another name of teachers."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Read the configuration, and give every value its one name."""
        given = rename(values, _ALIASES)
        config = given.pop("config", None)
        if given.pop("disable_diversity", False) in (True, "true", "True"):
            given["diversity_threshold"] = 0.0
        read = _read(Path(config).expanduser()) if config is not None else {}
        return super().prepare({**read, **given})


def _read(path: Path) -> dict[str, Any]:
    """Return what a configuration says, by our names."""
    config = read_config(path)
    generation = config.generation.model_dump(exclude_none=True)
    pool = {name: generation[name] for name in ("pool_size",) if name in generation}
    pool |= {ours: generation[name] for name, ours in _POOL_NAMES.items() if name in generation}
    return {**pool, **read_selection(config)}


def count_samples(params: ImagesParams) -> int:
    """Return how many teachers there are."""
    return count_teachers(input_path(params.teachers))


def inspect_params(params: ImagesParams) -> list[str]:
    """Return what the user should know; refuse artefacts that are none, before any work.

    Raises
    ------
    PateError
        When decoder, prior, teachers or shards are of another form.
    """
    from datagen_pate.labelling import Pool  # it imports torch

    Pool(params)
    shards = None if params.shards is None else input_path(params.shards)
    check_teachers(input_path(params.teachers), shards)
    facts = _facts(params, 0)
    if facts is not None and facts.images is not None:
        return [NOT_PRIVATE]
    without = "no shards: memorization, diversity ratio and class shares cannot be checked"
    return [NOT_PRIVATE, without]


def account(params: ImagesParams, samples: int) -> dict[str, float | str]:  # noqa: ARG001
    """Return the privacy budget: none that is finite."""
    return {"epsilon": "inf"}


def _facts(params: ImagesParams, number: int) -> ShardFacts | None:
    """Return what is known of a teacher's shard."""
    if params.shards is None:
        return None
    shard = read_shard(input_path(params.shards), number)
    return ShardFacts(shard.images if shard.is_known else None, shard.class_counts)


@generator(
    params=ImagesParams,
    memory="2GB",
    schema=Schema(
        {
            "images": Field("uint8", (28, 28), ragged=True),
            "labels": Field("uint8", ragged=True),
            "confidence": Field("float32", ragged=True),
            "nn_distance": Field("float32", ragged=True),
            "steered": Field("bool", ragged=True),
            "report": Field(str),
        }
    ),
    limit=count_samples,
    preflight=inspect_params,
    account=account,
)
def pate_images(
    params: ImagesParams, rng: np.random.Generator, start: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Select synthetic images by single teachers; one sample is one teacher's set.

    Yields
    ------
    sample
        `images` uint8 `(n, 28, 28)`; `labels` uint8 and `confidence` float32 of the teacher;
        `nn_distance` float32 to the nearest image of its shard, over pixels in [0, 1], NaN where
        there is none; `steered`, whether latent steering made it. `report`: JSON, the original's
        selection_report.json and more. No image at all is a sample, too.
    """
    from datagen_pate.classifier import computing_on  # both import torch
    from datagen_pate.labelling import Pool
    from datagen_pate.selection import select

    pool = Pool(params)
    teacher = read_teacher(input_path(params.teachers), start, pool.device)
    owner = () if params.shared_pool else (start,)
    blocks = pool.blocks(seed, owner=owner, as_floats=params.compat == "original")
    with computing_on(pool.device, int(rng.integers(2**63))):
        chosen = select(
            blocks,
            teacher,
            pool.decoder,
            _facts(params, start),
            params,
            rng,
            inputs=_inputs(params),
            precision=params.precision,
        )
    report = {"teacher_id": start, **chosen.report, "privacy": {"epsilon": "inf"}}
    yield {**chosen._asdict(), "report": json.dumps(report)}


def _inputs(params: ImagesParams) -> dict[str, str]:
    names = ("decoder", "prior", "teachers", "shards")
    return {name: getattr(params, name) for name in names if getattr(params, name) is not None}


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `pate_images`."""
    return pate_images
