"""Input files that parameters name, directly or by the folder that holds them."""

from __future__ import annotations

import shlex
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from datagen_core.files import expand_home
from datagen_pate.errors import ArgumentError

_FILES = {"decoder": "decoder.pth", "teachers": "weights.npy", "shards": "shards.npz"}
"""The file that is meant where a parameter names a folder."""


_BESIDE = {"prior": ("decoder", "latent_prior.npz"), "shards": ("teachers", "shards.npz")}
"""Parameters whose file may be in the folder of another parameter."""


_ORIGINAL_TEACHERS = ("[0-9]*/model.pth", "teacher_*/model.pth", "trained_nets_gpu/*/model.pth")


def find_files(values: Mapping[str, Any], known: Container[str]) -> dict[str, Any]:
    """Return parameters with folders replaced by the files in them.

    A folder also sets the parameters whose files belong beside, if they are `known`; so does the
    file of a decoder, which the original's options name.

    Raises
    ------
    PateError
        When a folder holds the original's teachers, which must be imported first.
    """
    _refuse_original_teachers(values.get("teachers"))
    found = {
        name: str(expand_home(values[name]) / file)
        for name, file in _FILES.items()
        if isinstance(values.get(name), str) and expand_home(values[name]).is_dir()
    }
    beside = {
        name: str(expand_home(values[owner]) / file)
        for name, (owner, file) in _BESIDE.items()
        if name in known and owner in found and name not in values
    }
    decoder = values.get("decoder")
    if "prior" not in values and isinstance(decoder, str) and decoder.endswith(_FILES["decoder"]):
        beside["prior"] = str(expand_home(decoder).with_name(_BESIDE["prior"][1]))
    return {**values, **found, **{name: path for name, path in beside.items() if is_file(path)}}


def _refuse_original_teachers(folder: Any) -> None:
    if not isinstance(folder, str) or is_file(str(expand_home(folder) / _FILES["teachers"])):
        return
    if any(next(expand_home(folder).glob(form), None) for form in _ORIGINAL_TEACHERS):
        raise ArgumentError(
            f"{folder} holds teachers of the original; make a folder of them with `datagen pate "
            f"train-teachers --import {shlex.quote(folder)} -o imported`, and name that"
        )


def is_file(path: str) -> bool:
    """Return whether there is a file."""
    return Path(path).is_file()


def rename(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters with the original's names replaced by ours; those given ours win."""
    renamed = {names[name]: value for name, value in values.items() if name in names}
    renamed = {name: value for name, value in renamed.items() if value is not None}
    return {**renamed, **{name: value for name, value in values.items() if name not in names}}
