"""The manifest of exported clients: the origin of their files, to make and check them again.

Nothing in it depends on the time or the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_partitions.client_files.params import ImageSourceParams, OwnDataParams

if TYPE_CHECKING:
    from datagen_core import ParamSet, Samples

MANIFEST = "manifest.json"
FORMAT = "datagen clients"
VERSION = 1


def describe_division(param_set: ParamSet, entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of an export.

    Parameters
    ----------
    param_set
        The parameter set of `image_partition` that the clients belong to.
    entries
        For each client that was written, by its name, the entry that `write_client` returned.
    """
    params = param_set.params
    return {
        "format": FORMAT,
        "version": VERSION,
        "data_set": _describe_source(param_set),
        "scheme": params["scheme"],
        "seed": param_set.seed,
        "clients": param_set.record.limit,
        "p_valid": params["p_valid"],
        "params": params,
        "digest": param_set.record.digest,
        "is_complete": len(entries) == param_set.record.limit,
        "written": dict(entries),
        "notes": [*_describe_gaps(entries), *_describe_exclusions(param_set)],
        "versions": {"datagen": version("datagen"), "numpy": np.__version__},
    }


def _describe_gaps(entries: Mapping[str, Any]) -> list[str]:
    texts = {"train": "no training rows", "valid": "no validation rows, so it has no valid_* files"}
    return [
        f"{name} has {text}"
        for name, entry in entries.items()
        for part, text in texts.items()
        if not (entry[part] and entry[part]["rows"])
    ]


def _describe_exclusions(param_set: ParamSet) -> list[str]:
    excluded = [index for part in param_set.excluded for index in range(*part)]
    return [f"client_{index} is excluded, and so not written" for index in excluded]


def _describe_source(param_set: ParamSet) -> dict[str, Any]:
    """Return the data set; of files of the user, parameters hold the SHA-256 already."""
    params = param_set.params
    if params["data_file"] is not None:
        return {name: params[name] for name in OwnDataParams.model_fields}
    source = {name: params[name] for name in ImageSourceParams.model_fields if name != "scheme"}
    return {**source, "sha256": hash_images(param_set.samples, param_set.record.limit)}


def hash_images(samples: Samples, clients: int | None) -> str | None:
    """Return the SHA-256 of all images' bytes in the order of the data set, then of their labels'.

    For MNIST and data sets like it, that is the content of both IDX files without their headers.
    None if a client was not generated, or an image is in no client's share.
    """
    if len(samples) != clients:
        return None
    rows = samples.rows("images", "labels", "indices")
    order = np.argsort(rows["indices"])
    if not np.array_equal(rows["indices"][order], np.arange(len(order))):
        return None
    digest = hashlib.sha256(rows["images"][order].data)
    digest.update(rows["labels"][order].astype(np.uint8).data)
    return digest.hexdigest()
