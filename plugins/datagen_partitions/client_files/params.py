"""Parameters of a divided data set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from datagen_core import InputFile, Params
from datagen_core.files import expand_home
from datagen_images import Part, Source, Variant, check_variant
from datagen_partitions.array_files import FileFormat, format_of
from datagen_partitions.schemes import Compat, PartitionParams, SchemeName, check_scheme


class ImageSourceParams(Params, use_attribute_docstrings=True):
    """The images to divide, and the scheme.

    The folder of the images is not a parameter, since it does not change the data: the environment
    variable DATAGEN_IMAGES names it.
    """

    source: Source = "fashion_mnist"
    """The image data set."""

    variant: Variant | None = None
    """The selection of EMNIST; emnist needs one, other data sets have none."""

    part: Part = "train"
    """The part of the data set as it was published."""

    scheme: SchemeName = "iid"
    """The scheme of the division: iid is shuffled and dealt out evenly; with labels each client has
    classes of its own. Schemes that divide by ids or numbers take the labels for them."""


class OwnDataParams(Params, use_attribute_docstrings=True):
    """Files of the user in place of images, as `declearn-split` takes them."""

    data_file: InputFile | None = None
    """A file of yours instead of images: .csv, .npy, .svmlight, or .sparse of declearn. Its content
    counts, not its path; the cache keeps a copy."""

    data_format: FileFormat | None = None
    """The format of data_file; by default the ending of its name."""

    label_file: InputFile | None = None
    """The labels of data_file: a file, or the name or index of one of its columns; for a name that
    is a number use label_column."""

    label_format: FileFormat | None = None
    """The format of label_file; by default the ending of its name."""

    label_column: int | str | None = None
    """The column of data_file with the labels: a name (csv files only) or an index from 0."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Find formats by names; label_file may be a column, as for declearn-split."""
        values = super().prepare(values)
        label = values.get("label_file")
        if label is not None and not _is_file(label):
            if values.get("label_column") is not None:
                raise ValueError(f"label_file: there is no file {label}, and label_column is given")
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
            raise ValueError(f"{' and '.join(named)}: name data_file and one of them")
        for name in ("data", "label"):
            has_file = getattr(self, f"{name}_file") is not None
            if has_file != (getattr(self, f"{name}_format") is not None):
                raise ValueError(
                    f"{name}_file should end in .csv, .npy, .svmlight or .sparse; for another name "
                    f"say {name}_format, which goes with a file alone"
                )
        if self.data_file is not None and not named and self.data_format != "svmlight":
            message = "data_file needs label_file: a file of labels, or a column of data_file"
            raise ValueError(message)


def _as_column(given: Any) -> Any:
    """Turn a text that is a whole number into an index, as declearn-split does."""
    is_index = isinstance(given, str) and re.fullmatch("-?[0-9]+", given)
    return int(given) if is_index else given


def _is_file(given: object) -> bool:
    if not isinstance(given, str):
        return False
    return given.startswith("sha256:") or expand_home(given).is_file()


class ImagePartitionParams(
    PartitionParams, OwnDataParams, ImageSourceParams, use_attribute_docstrings=True
):
    """The data, and how they are divided; a sample is a client."""

    compat: Compat | None = "declearn"
    """declearn: iid, labels, biased and dirichlet as in declearn 2.9, the same indices in the same
    order; original: as the MLaaS data generator, with what it drops; None: neither."""

    p_valid: Annotated[float | None, Field(ge=0, lt=1)] = 0.2
    """The share of each client's rows for validation, rounded up; rows are shuffled, those for
    training first. declearn-split's --perc_train=0.8 is 1 - 0.8 in floating point,
    0.19999999999999996. None: no validation, rows in the order of the scheme. A client without
    training rows is refused unless min_samples is given."""

    def check(self) -> None:
        """Refuse parameters that do not fit the source or the scheme."""
        super().check()
        check_variant(self.source, self.variant)
        self._check_source()
        check_scheme(self.scheme, self)

    def _check_source(self) -> None:
        """Refuse images beside a file; a default value does not count as given."""
        for name, field in ImageSourceParams.model_fields.items():
            given = name != "scheme" and getattr(self, name) != field.default
            if given and self.data_file is not None:
                message = f"{name} is for images, and data_file takes their place; leave it out"
                raise ValueError(message)
