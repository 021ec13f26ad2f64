"""Parameters and input files of a parameter set, and where its cache keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datagen_core import DatagenError
from datagen_pate.errors import PateError
from datagen_pate.evaluation.shard_facts import find_shards

if TYPE_CHECKING:
    from datagen_core import ParamSet
    from datagen_pate.pools.params import PoolParams

INPUTS = ("decoder", "prior", "teachers", "shards")
"""Parameters that are files."""


def find_input(param_set: ParamSet, name: str) -> Path | None:
    """Return the copy of an input that the cache keeps; None where it keeps no copy."""
    reference = param_set.params.get(name)
    if not reference:
        return None
    path = find_inputs_folder(param_set) / reference.removeprefix("sha256:")
    return path if path.is_file() else None


def find_inputs_folder(param_set: ParamSet) -> Path:
    """Return the folder of all inputs of a parameter set's cache."""
    folder: Path = param_set.paths.root.parent.parent / "inputs"
    return folder


def find_private(param_set: ParamSet) -> Path | None:
    """Return the shards that a parameter set was made with; None where their file is missing."""
    try:
        return find_shards(param_set)
    except DatagenError:
        return None


def read_params(param_set: ParamSet) -> PoolParams:
    """Return the parameters of a set, with decoder and prior taken from its cache.

    Raises
    ------
    PateError
        When the set is of another version of this plugin, or of another generator.
    """
    from datagen_pate.pate_images import ImagesParams  # a command's help must not pay for pydantic
    from datagen_pate.pate_votes import VotesParams

    types: dict[str, type[PoolParams]] = {"pate_images": ImagesParams, "pate_votes": VotesParams}
    if param_set.generator not in types:
        raise PateError(
            f"{param_set} was not made by this plugin; choose pate_images or pate_votes"
        )
    kept = {name: find_input(param_set, name) for name in ("decoder", "prior")}
    files = {name: str(path) for name, path in kept.items() if path is not None}
    try:
        return types[param_set.generator](**{**param_set.params, **files, "device": "cpu"})
    except ValueError:
        raise PateError(
            f"the parameters of {param_set} are those of another version of this plugin; "
            "draw its page with that version"
        ) from None
