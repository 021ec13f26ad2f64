"""Labelled digits by name: image data sets, and what generators made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datagen_images import AnySource, Part, Variant, load_images
from datagen_pate.errors import PateError
from datagen_pate.labelled.digits import Labelled, check_labelled
from datagen_pate.labelled.files import load_file

if TYPE_CHECKING:
    from datagen_core import ParamSet


def load_source(
    source: AnySource = "mnist", folder: str | Path | None = None, part: Part = "train"
) -> Labelled:
    """Return the digits of one part of an image data set; of EMNIST, the selection `mnist`.

    Raises
    ------
    ImagesError
        When its files cannot be found or downloaded.
    PateError
        When they are not grey images of 28 x 28 pixels with ten classes.
    """
    variant: Variant | None = "mnist" if source == "emnist" else None
    loaded = load_images(source, folder, part, variant)
    return check_labelled(loaded.images, loaded.labels, f"{source} {part} of {loaded.where}")


def load_real(file: Path | None, source: AnySource, folder: Path | None, part: Part) -> Labelled:
    """Return the digits of a file where one is given, else of an image data set."""
    return load_file(file) if file is not None else load_source(source, folder, part)


def load_parameter_set(param_set: ParamSet, split: str | None = None) -> Labelled:
    """Return the images that a generator of this package made, of all its samples together.

    Parameters
    ----------
    param_set
        Of `pate_images` or `pate_votes`: its samples have the ragged fields `images` and `labels`.
    split
        Use only samples of this split; None: all samples.

    Raises
    ------
    PateError
        When the samples hold something else, or no images.
    """
    samples = param_set[split] if split else param_set.samples
    if not {"images", "labels"} <= set(param_set.schema.fields):
        raise PateError(
            f"{param_set.generator} does not make labelled images; choose pate_votes or pate_images"
        )
    rows = samples.rows("images", "labels") if len(samples) else {}
    origin = f"{param_set} {split or 'all samples'}"
    empty = np.empty((0, 28, 28), np.uint8)
    return check_labelled(rows.get("images", empty), rows.get("labels", np.empty(0, int)), origin)
