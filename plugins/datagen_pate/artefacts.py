"""Artefacts that parameters name: files, or folders with a file of a known name."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

_FILES = {"decoder": "decoder.pth", "teachers": "weights.npy", "shards": "shards.npz"}
"""What lies in the folder that a parameter may name."""


_BESIDE = {"prior": ("decoder", "latent_prior.npz"), "shards": ("teachers", "shards.npz")}
"""What is taken from the folder of another parameter, where it is there."""


def find_files(values: Mapping[str, Any], known: Container[str]) -> dict[str, Any]:
    """Return parameters with the files in folders that they name; the rest as it is.

    A folder also gives the files that belong beside them, if such a parameter is `known`.
    """
    found = {
        name: str(Path(values[name]).expanduser() / file)
        for name, file in _FILES.items()
        if isinstance(values.get(name), str) and Path(values[name]).expanduser().is_dir()
    }
    beside = {
        name: str(Path(values[owner]).expanduser() / file)
        for name, (owner, file) in _BESIDE.items()
        if name in known and owner in found and name not in values
    }
    return {**values, **found, **{name: path for name, path in beside.items() if is_file(path)}}


def is_file(path: str) -> bool:
    """Return whether there is a file."""
    return Path(path).is_file()


def rename(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters with the original's names replaced by ours; those given ours win."""
    renamed = {names[name]: value for name, value in values.items() if name in names}
    renamed = {name: value for name, value in renamed.items() if value is not None}
    return {**renamed, **{name: value for name, value in values.items() if name not in names}}
