"""The data set that parameters name: rows of inputs, each with a label."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from datagen_core import input_path
from datagen_images import Part, Source, Variant, load_images
from datagen_partitions.array_files import FileFormat, Labels, read_labelled
from datagen_partitions.client_files.params import ImagePartitionParams


@dataclass(frozen=True, eq=False)
class Rows:
    """A data set.

    Attributes
    ----------
    field
        The name of the inputs in samples: `images`, or `data` for a file of the user.
    x
        Inputs: images uint8 `(n, 28, 28)`, or the content of the user's file, `(n, …)`.
    labels
        Labels: of images int64 `(n,)`, or the content of the user's file, `(n,)` or `(n, 1)`.
    """

    field: str
    x: NDArray[Any]
    labels: NDArray[Any]


def load_rows(params: ImagePartitionParams) -> Rows:
    """Return the data set; the last one is kept in memory.

    Raises
    ------
    DataError, ImagesError
        When it cannot be found or read.
    """
    if params.data_file is not None and params.data_format is not None:
        places = (params.label_file, params.label_format, params.label_column)
        return _load_files(params.data_file, params.data_format, *places)
    return _load_images(params.source, params.part, params.variant)


@lru_cache(maxsize=1)
def _load_images(source: Source, part: Part, variant: Variant | None) -> Rows:
    data = load_images(source, part=part, variant=variant)
    return Rows("images", data.images, data.labels)


@lru_cache(maxsize=1)
def _load_files(
    data_file: str,
    data_format: FileFormat,
    label_file: str | None,
    label_format: FileFormat | None,
    label_column: int | str | None,
) -> Rows:
    label_path = input_path(label_file) if label_file is not None else None
    labels = Labels(label_path, label_format, label_column)
    return Rows("data", *read_labelled(input_path(data_file), data_format, labels))
