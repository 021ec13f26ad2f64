"""Evaluating the samples of `pate_images` in a cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datagen_pate.compat.trees import check_synthetic, find_shards
from datagen_pate.errors import PateError
from datagen_pate.evaluation.report import evaluate
from datagen_pate.evaluation.shard_facts import ShardFacts, describe_shard
from datagen_pate.teachers import read_shard


def evaluate_set(
    param_set: Any, index: int | None = None, shards: Path | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield index and evaluation of each sample, one at a time.

    Parameters
    ----------
    param_set
        A parameter set of `pate_images`; sample k is teacher k.
    index
        Only this sample.
    shards
        `shards.npz` of the teachers; None for the one that the set was made with, if any.

    Raises
    ------
    PateError
        When there is no such sample, or the set or the shards are of another kind.
    """
    samples = check_synthetic(param_set).samples
    known = shards or find_shards(param_set)
    numbers = samples.indices.tolist()
    if index is not None and index not in numbers:
        raise PateError(f"{param_set} has no sample {index}; it has {len(numbers)}")
    for place, number in enumerate(numbers):
        if index in {None, number}:
            sample = samples[place]
            facts = ShardFacts() if known is None else describe_shard(read_shard(known, number))
            report = evaluate(sample["images"], sample["labels"], sample["confidence"], facts)
            report["inputs"] = {"parameter_set": param_set.record.digest, "sample": number}
            yield number, report
