"""The generator `image_partition`: a real image data set divided among clients."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from datagen_core import DatasetGenerator, Field, Params, Schema, generator, hookimpl
from datagen_federated.partitioning import (
    Compat,
    Division,
    LawName,
    PartitionError,
    PartitionParams,
    check_law,
    divide,
)
from datagen_images import Images, Part, Source, Variant, check_variant, load_images


class ImageSourceParams(Params, use_attribute_docstrings=True):
    """Which images are divided, and by which law.

    No folder is among them, since data are the same wherever they lie: the environment variable
    DATAGEN_IMAGES names it.
    """

    source: Source = "fashion_mnist"
    """The image data set."""

    variant: Variant | None = None
    """Which selection of EMNIST; emnist needs one, nothing else has any."""

    part: Part = "train"
    """The part of the data set as it was published."""

    scheme: LawName = "iid"
    """The law of the division: iid is shuffled and dealt out evenly; with labels each client has
    classes of its own. What natural ids and numbers are taken from is the label."""


class ImagePartitionParams(PartitionParams, ImageSourceParams, use_attribute_docstrings=True):
    """Which images, and how they are divided; a sample is a client, so there are as many."""

    compat: Compat | None = "declearn"
    """declearn: iid, labels, biased and dirichlet as in declearn 2.9, the same indices in the same
    order; original: as the MLaaS data generator, with what it drops; None: neither."""

    def check(self) -> None:
        """Refuse a variant that does not fit the source, and what does not go with the scheme."""
        super().check()
        check_variant(self.source, self.variant)
        check_law(self.scheme, self)


def count_clients(params: ImagePartitionParams) -> int:
    """Return the number of samples that there can be.

    It divides the data set for that, so that a missing file, or more clients than there is data
    for, is refused before any job starts.
    """
    return len(_divide(params, 0).shares)


def describe_division(params: ImagePartitionParams) -> tuple[str, ...]:
    """Return what the user should know of the division: what it leaves out, say."""
    return _divide(params, 0).notes


@generator(
    params=ImagePartitionParams,
    schema=Schema(
        {
            "images": Field("uint8", (28, 28), ragged=True),
            "labels": Field("int64", ragged=True),
            "indices": Field("int64", ragged=True),
        }
    ),
    limit=count_clients,
    preflight=describe_division,
)
def image_partition(
    size: int, params: ImagePartitionParams, start: int, seed: int
) -> Iterator[dict[str, NDArray[np.generic]]]:
    """Divide an image data set among clients; one sample is one client's share.

    Yields
    ------
    sample
        `images` uint8 `(n, 28, 28)`, `labels` int64 `(n,)`, and `indices` int64 `(n,)`, the places
        of these images in the data set. All of it follows from the parameters and the set's seed.
    """
    shares = _divide(params, seed).shares
    data = _load(params.source, params.part, params.variant)
    if start + size > len(shares):
        message = f"this partition has {len(shares)} clients; there is no sample {start + size - 1}"
        raise PartitionError(message)
    for share in shares[start : start + size]:
        yield {"images": data.images[share], "labels": data.labels[share], "indices": share}


# One process makes samples of one parameter set, one by one: reading and dividing once is enough.


@lru_cache(maxsize=1)
def _load(source: Source, part: Part, variant: Variant | None) -> Images:
    return load_images(source, part=part, variant=variant)


@lru_cache(maxsize=1)
def _divide(params: ImagePartitionParams, seed: int) -> Division:
    labels = _load(params.source, params.part, params.variant).labels
    return divide(params.scheme, labels, params, np.random.default_rng(seed))


@hookimpl
def datagen_generator() -> DatasetGenerator:
    """Provide `image_partition`."""
    return image_partition
