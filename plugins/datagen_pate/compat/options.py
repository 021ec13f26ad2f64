"""Options of the original's third step, label_and_filter, as parameters of `pate_images`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen_pate.errors import ArgumentError
from datagen_pate.files.artefacts import rename

_ALIASES = {
    "confidence": "confidence_threshold",
    "min_nn_distance": "min_memorization_distance",
    "min_diversity_distance": "diversity_threshold",
    "decoder_path": "decoder",
    "teachers_dir": "teachers",
    "teacher_model": "teachers",
    "teacher_shard_path": "shards",
}

_TREE = (
    "import the original's folders with `datagen pate train-teachers --import DIR` and this "
    "option, and name the folder that it makes as teachers"
)
_ELSEWHERE = {
    "num_teachers": "give the number with -n or --total of datagen generate",
    "start_id": "sample k is teacher k, and calls go on where the last one ended; see -n",
    "seed": "give --seed to datagen generate",
    "teacher_shard_base": _TREE,
    "shard_metadata_base": _TREE,
    "candidates_dir": "pools are drawn from the seed and not kept; see datagen pate candidates",
    "output_dir": "write the original's files with datagen export pate_images --format pate DIR",
    "out_dir": "write the original's files with datagen export pate_images --format pate DIR",
}
"""Options that are not parameters of a set, and what to use instead."""


def translate(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters by our names, without options of the original that decide nothing.

    Raises
    ------
    PateError
        For an option that is given elsewhere, or two that exclude each other.
    """
    for name, hint in _ELSEWHERE.items():
        if name in values:
            raise ArgumentError(f"{name} is not a parameter of pate_images: {hint}")
    given = rename(values, _ALIASES)
    given.pop("batch_size", None)
    if _is_true(given.pop("disable_diversity", False)):
        given["diversity_threshold"] = 0.0
    each = given.pop("generate_candidates_per_teacher", None)
    if each is None:
        return given
    if _is_true(each) and (given.get("candidates") or _is_true(given.get("shared_pool"))):
        raise ArgumentError(
            "generate_candidates_per_teacher and one pool for all exclude each other; leave one out"
        )
    return {"shared_pool": not _is_true(each), **given}


def _is_true(value: Any) -> bool:
    return value in (True, "true", "True")
