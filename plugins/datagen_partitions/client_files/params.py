"""Parameters of a divided data set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from datagen_core import InputFile, Params
from datagen_images import Part, Source, Variant, check_variant
from datagen_partitions.array_files import FileFormat, format_of
from datagen_partitions.schemes import Compat, PartitionParams, SchemeName, check_scheme


class ImageSourceParams(Params, use_attribute_docstrings=True):
    """Which images are divided, and by which scheme.

    No folder is among them, since data are the same wherever they lie: the environment variable
    DATAGEN_IMAGES names it.
    """

    source: Source = "fashion_mnist"
    """The image data set."""

    variant: Variant | None = None
    """Which selection of EMNIST; emnist needs one, nothing else has any."""

    part: Part = "train"
    """The part of the data set as it was published."""

    scheme: SchemeName = "iid"
    """The scheme of the division: iid is shuffled and dealt out evenly; with labels each client has
    classes of its own. What natural ids and numbers are taken from is the label."""


class OwnDataParams(Params, use_attribute_docstrings=True):
    """Files of the user in place of images, as `declearn-split` takes them."""

    data_file: InputFile | None = None
    """A file of yours instead of images: .csv, .npy, .svmlight, or .sparse of declearn. Its content
    counts, not its place; the cache keeps a copy."""

    data_format: FileFormat | None = None
    """What data_file holds; by default what its name ends in."""

    label_file: InputFile | None = None
    """The labels of data_file: a file, or the name or index of one of its columns; for a name that
    is a number say label_column."""

    label_format: FileFormat | None = None
    """What label_file holds; by default what its name ends in."""

    label_column: int | str | None = None
    """The column of data_file with the labels: the name, of a csv file, or the index, from 0."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Tell formats by names, and columns from files, as declearn-split's --label_file does."""
        values = super().prepare(values)
        label = values.get("label_file")
        if label is not None and not _is_file(label):
            if values.get("label_column") is not None:
                message = f"label_file: there is no file {label}, and label_column is given"
                raise ValueError(message)
            values |= {"label_file": None, "label_column": _as_column(label)}
        return values | {
            f"{name}_format": format_of(Path(str(values[f"{name}_file"])))
            for name in ("data", "label")
            if values.get(f"{name}_file") is not None and values.get(f"{name}_format") is None
        }

    def check(self) -> None:
        """Refuse labels without data, data without labels, and files of no known format."""
        super().check()
        given = {name: getattr(self, name) for name in ("label_file", "label_column")}
        named = [name for name, value in given.items() if value is not None]
        if named and (self.data_file is None or len(named) > 1):
            message = f"{' and '.join(named)}: name data_file and one of them"
            raise ValueError(message)
        for name in ("data", "label"):
            has_file = getattr(self, f"{name}_file") is not None
            if has_file != (getattr(self, f"{name}_format") is not None):
                message = (
                    f"{name}_file ends in .csv, .npy, .svmlight or .sparse; for another name say "
                    f"{name}_format, which goes with a file alone"
                )
                raise ValueError(message)
        if self.data_file is not None and not named and self.data_format != "svmlight":
            message = "data_file needs label_file: a file of labels, or a column of data_file"
            raise ValueError(message)


def _as_column(given: Any) -> Any:
    """Turn a text that is a whole number into an index, as declearn-split's command line does."""
    is_index = isinstance(given, str) and re.fullmatch("-?[0-9]+", given)
    return int(given) if is_index else given


def _is_file(given: object) -> bool:
    if not isinstance(given, str):
        return False
    return given.startswith("sha256:") or Path(given).expanduser().is_file()


class ImagePartitionParams(
    PartitionParams, OwnDataParams, ImageSourceParams, use_attribute_docstrings=True
):
    """Which data, and how they are divided; a sample is a client, so there are as many."""

    compat: Compat | None = "declearn"
    """declearn: iid, labels, biased and dirichlet as in declearn 2.9, the same indices in the same
    order; original: as the MLaaS data generator, with what it drops; None: neither."""

    p_valid: float | None = 0.2
    """The share of each client's rows that is for validation, rounded up; rows are shuffled, those
    for training first. declearn-split's --perc_train=0.8 is 1 - 0.8 in floating point,
    0.19999999999999996. None: no validation, rows in the order of the scheme. A client without
    training rows is refused unless min_samples is given."""

    def check(self) -> None:
        """Refuse a variant that does not fit the source, and what does not go with the scheme."""
        super().check()
        check_variant(self.source, self.variant)
        self._check_source()
        check_scheme(self.scheme, self)
        if self.p_valid is not None and not 0 <= self.p_valid < 1:
            message = f"p_valid is from 0 to below 1, or null for none, not {self.p_valid:g}"
            raise ValueError(message)

    def _check_source(self) -> None:
        """Refuse images beside a file; what is as by default does not count as given."""
        for name, field in ImageSourceParams.model_fields.items():
            given = name != "scheme" and getattr(self, name) != field.default
            if given and self.data_file is not None:
                message = f"{name} is for images, and data_file takes their place; leave it out"
                raise ValueError(message)
