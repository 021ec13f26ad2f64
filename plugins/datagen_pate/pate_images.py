"""The generator `pate_images`: candidates that each teacher labels and that pass filters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_core import DatasetGenerator, Field, InputFile, Schema, generator, hookimpl, input_path
from datagen_core.files import expand_home
from datagen_pate.compat.config import read_config
from datagen_pate.compat.options import translate
from datagen_pate.errors import ArgumentError
from datagen_pate.evaluation.shard_facts import ShardFacts, read_class_counts
from datagen_pate.pools.candidates import Block
from datagen_pate.pools.files import read_pool
from datagen_pate.pools.params import PoolParams
from datagen_pate.selection.params import SelectionParams, read_selection
from datagen_pate.teachers import check_teachers, count_teachers, read_shard, read_teacher

if TYPE_CHECKING:
    from datagen_pate.pools.labelling import Pool

NOT_PRIVATE = (
    "labels, confidences and filters of single teachers depend on private images without noise: "
    "epsilon is infinite; pate_votes with aggregation gnmax has a budget"
)

_POOL_NAMES = {"latent_mixing_ratio": "latent_mixing", "latent_noise_scale": "latent_noise"}


class ImagesParams(SelectionParams, PoolParams):
    """Decoder, teachers and their shards, the pool, and the selection; a sample is a teacher."""

    shards: InputFile | None = None
    """What teachers were trained on: `shards.npz`, taken from their folder when that is named.
    Without it, checks that need private images are not done, and reports say so."""

    shared_pool: bool = False
    """Whether all teachers share one pool; otherwise each has a pool of its own."""

    candidates: InputFile | None = None
    """A file of `datagen pate candidates`, or a pool of the original, for all teachers. No pool is
    drawn then: pool_size and the parameters of latents have no effect."""

    shard_metadata: InputFile | None = None
    """metadata.json of a single teacher: its class counts, where shards lack them."""

    config: str | None = None
    """The original's JSON configuration; parameters given here go before its values."""

    confidence: float | None = None
    """Another name of confidence_threshold."""

    min_nn_distance: float | None = None
    """Another name of min_memorization_distance."""

    min_diversity_distance: float | None = None
    """Another name of diversity_threshold."""

    disable_diversity: bool = False
    """Short for diversity_threshold=0; the original never reads it."""

    generate_candidates_per_teacher: bool | None = None
    """The opposite of shared_pool."""

    batch_size: int | None = None
    """No effect: the number of images that are labelled at a time follows from the device."""

    decoder_path: InputFile | None = None
    """Another name of decoder."""

    teachers_dir: InputFile | None = None
    """Another name of teachers."""

    teacher_model: InputFile | None = None
    """Another name of teachers, of a single one: the original's `model.pth`."""

    teacher_shard_path: InputFile | None = None
    """Another name of shards, of a single one: the original's `shard.pt`."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Read the configuration, and give every value its one name."""
        given = translate(values)
        config = given.pop("config", None)
        if given.get("compat") == "original":
            given.setdefault("prior", None)  # the original has none
        read = _read(expand_home(config)) if config is not None else {}
        return super().prepare({**read, **given})


def _read(path: Path) -> dict[str, Any]:
    """Return what a configuration says, by our names."""
    config = read_config(path)
    generation = config.generation.model_dump(exclude_none=True)
    pool = {name: generation[name] for name in ("pool_size",) if name in generation}
    pool |= {ours: generation[name] for name, ours in _POOL_NAMES.items() if name in generation}
    return {**pool, **read_selection(config)}


def count_samples(params: ImagesParams) -> int:
    """Return the number of teachers."""
    return count_teachers(input_path(params.teachers))


def inspect_params(params: ImagesParams) -> list[str]:
    """Return notes for the user; refuse files of the wrong kind before any work.

    Raises
    ------
    PateError
        When decoder, prior, teachers, shards or pool are of another form.
    """
    from datagen_pate.pools.labelling import Pool  # it imports torch

    Pool(params)
    shards = None if params.shards is None else input_path(params.shards)
    check_teachers(input_path(params.teachers), shards)
    if params.candidates is not None:
        read_pool(input_path(params.candidates))
    if params.shard_metadata is not None and count_teachers(input_path(params.teachers)) > 1:
        raise ArgumentError(
            "shard_metadata is of one teacher, and there are more; leave it out, and import "
            "them with datagen pate train-teachers --import"
        )
    facts = _facts(params, 0)
    if facts is not None and facts.images is not None:
        return [NOT_PRIVATE]
    without = "no shards: memorization, diversity ratio and class shares cannot be checked"
    return [NOT_PRIVATE, without]


def account(params: ImagesParams, samples: int) -> dict[str, float | str]:  # noqa: ARG001
    """Return the privacy budget, which is infinite."""
    return {"epsilon": "inf"}


def _facts(params: ImagesParams, number: int) -> ShardFacts | None:
    """Return what is known of a teacher's shard."""
    told = None if params.shard_metadata is None else input_path(params.shard_metadata)
    counts = None if told is None else read_class_counts(told)
    if params.shards is None:
        return None if counts is None else ShardFacts(None, counts)
    shard = read_shard(input_path(params.shards), number)
    known = shard.class_counts if shard.class_counts is not None else counts
    return ShardFacts(shard.images if shard.is_known else None, known)


def _draw(params: ImagesParams, pool: Pool, seed: int, number: int) -> Iterable[Block]:
    """Return the candidates of a teacher, block by block."""
    as_floats = params.compat == "original"
    if params.candidates is None:
        owner = () if params.shared_pool else (number,)
        return pool.blocks(seed, owner=owner, as_floats=as_floats)
    blocks = read_pool(input_path(params.candidates)).iterate(as_floats=as_floats)
    return ((start, np.empty((0, 0), np.float32), images) for start, images in blocks)


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
        `nn_distance` float32 to the nearest image of its shard, over pixels in [0, 1], NaN without
        a shard; `steered`, whether latent steering made it. `report`: JSON, the original's
        selection_report.json and more. A sample may have no images.
    """
    from datagen_pate.classifier.devices import computing_on  # both import torch
    from datagen_pate.pools.labelling import Pool
    from datagen_pate.selection.selecting import select

    pool = Pool(params)
    teacher = read_teacher(input_path(params.teachers), start, pool.device)
    with computing_on(pool.device, int(rng.integers(2**63))):
        chosen = select(
            _draw(params, pool, seed, start),
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
    names = ("decoder", "prior", "teachers", "shards", "shard_metadata", "candidates")
    return {name: getattr(params, name) for name in names if getattr(params, name) is not None}


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `pate_images`."""
    return pate_images
