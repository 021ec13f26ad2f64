"""LEAF's names of folders and files, and the names of views, which follow them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ALL, SAMPLED, KEPT = "all_data", "sampled_data", "rem_user_data"
OPERATIONS = ("sample", "remove-users", "split")
_SEED_FILES = {"sample": "sampling_seed.txt", "split": "split_seed.txt"}
_SEED_NOTES = {
    "sample": "# sampling_seed used by sampling script - supply as "
    "--smplseed to preprocess.sh or --seed to utils/sample.py\n",
    "split": "# split_seed used by sampling script - supply as "
    "--spltseed to preprocess.sh or --seed to utils/split_data.py\n",
}


def digits(fraction: float) -> str:
    """Return how LEAF's names show a fraction: the digits after the point, so 1.0 is `0`."""
    return str(float(fraction))[2:]


def tag(recipe: Mapping[str, Any]) -> str:
    """Return what a stage adds to a name: `niid_0`, `iid_01_1`, `keep_5` or `train_6`."""
    if recipe["operation"] == "sample":
        users = f"{digits(recipe['user_fraction'])}_" if recipe["kind"] == "iid" else ""
        return f"{recipe['kind']}_{users}{digits(recipe['fraction'])}"
    if recipe["operation"] == "remove-users":
        return f"keep_{recipe['min_samples']}"
    by_user = "user_" if recipe["by"] == "user" else ""
    return f"{by_user}train_{digits(recipe['train_fraction'])}"


def view_name(parent: str | None, recipe: Mapping[str, Any]) -> str:
    """Return the name of a view, `niid_0_keep_5_train_6`.

    Unlike in LEAF, it says whether a split is by user: `niid_0_keep_5_user_train_6`.
    """
    return f"{parent}_{tag(recipe)}" if parent else tag(recipe)


def file_names(recipe: Mapping[str, Any], stem: str) -> dict[str, tuple[str, str]]:
    """Return folder and file of each part of a stage.

    Parameters
    ----------
    stem
        The name of the stage's input file, without its suffix, such as `data_niid_0`.
    """
    if recipe["operation"] == "sample":
        return {"data": (SAMPLED, f"{stem}_{tag(recipe)}.json")}
    if recipe["operation"] == "remove-users":
        return {"data": (KEPT, f"{stem}_{tag(recipe)}.json")}
    begin = _number(stem) if recipe["by"] == "user" else stem
    end = digits(recipe["train_fraction"])
    return {part: (part, f"{begin}_{part}_{end}.json") for part in ("train", "test")}


def _number(stem: str) -> str:
    """Return a name with a 0 for its second word, as LEAF has it after a split by user.

    `data_niid_0_keep_5` becomes `data_0_0_keep_5`.
    """
    _, *words = stem.split("_")
    return "_".join(["data", "0", *words[1:]])


def seed_file(recipe: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return name and text of the file with a stage's seed; None for a stage without a seed."""
    operation = recipe["operation"]
    if operation not in _SEED_FILES:
        return None
    return _SEED_FILES[operation], f"{_SEED_NOTES[operation]}{recipe['seed']}"
