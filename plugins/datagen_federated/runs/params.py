"""Parameters of `federated_metrics`: the flags of the MLaaS data generator, and more.

Names and defaults are those of its command line, with these exceptions: all samples are used (its
`sample_frac` is 0.5 by default), `save_weights` is off, and weights are combined by samples
(`aggregation=uniform` is its plain mean).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from datagen_core import InputFile, Params
from datagen_core.files import expand_home
from datagen_federated.data import Dataset, Scaler, Task
from datagen_federated.simulation import TrainingParams
from datagen_images import Variant, check_variant
from datagen_partitions.schemes import PartitionParams, SchemeName, check_scheme

_FILES = {"csv", "npz"}
_WITHOUT_NUMBER = {"iid", "custom"}
"""Schemes for which the original's --distribution-param is documented as ignored."""


class DataParams(Params, use_attribute_docstrings=True):
    """The data that models learn from, and their number."""

    dataset: Dataset = "mnist"
    """The data set: images, a table of scikit-learn, or a file of yours (csv, npz)."""

    variant: Variant | None = None
    """The selection of EMNIST."""

    file: InputFile | None = None
    """The file of dataset=csv or npz. Its content counts, not its path; the cache keeps a copy."""

    target: str | None = None
    """The target: a column of the csv file (the last one), an array of the npz file (y)."""

    id_column: str | None = None
    """A column of the file that is not a feature, such as the name of a row's owner."""

    task_type: Task | None = None
    """classification or regression; by default the type of the target decides."""

    scaler: Scaler = "standard"
    """How a table is scaled; fitted on its training part."""

    test_size: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """The share for testing, where a data set has no test part of its own."""

    validation_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """The share of the training part that no client gets: the global model is measured on it, so
    that nothing has to be chosen by the test part."""

    sample_size: PositiveInt | None = None
    """Number of samples to divide among the clients, drawn without replacement; else all."""

    sample_frac: Annotated[float | None, Field(gt=0, le=1)] = None
    """The share of samples to divide, instead of sample_size."""

    partition_by: str | None = None
    """A column of the file that the scheme divides by, instead of the label."""

    distribution_bins: Annotated[int, Field(ge=2)] = 10
    """Number of bins of equal width for numbers, where a scheme or a count needs labels."""

    def check(self) -> None:
        """Refuse parameters that exclude each other, and those of other data sets."""
        super().check()
        if self.sample_size is not None and self.sample_frac is not None:
            raise ValueError("sample_size and sample_frac exclude each other; give one of them")
        check_variant(self.dataset, self.variant)
        self._check_file()

    def _check_file(self) -> None:
        if (self.dataset in _FILES) != (self.file is not None):
            raise ValueError("file goes with dataset=csv or dataset=npz, and these need it")
        for name in ("target", "id_column", "partition_by"):
            if self.dataset not in _FILES and getattr(self, name) is not None:
                message = f"{name} is for dataset=csv and npz; leave it out for {self.dataset}"
                raise ValueError(message)


class FederatedMetricsParams(
    DataParams, PartitionParams, TrainingParams, use_attribute_docstrings=True
):
    """All parameters of a federated run, which follows from them, the seed and its index."""

    clients: PositiveInt = 20
    """Number of clients; sizes and natural ids give it themselves."""

    strategy: SchemeName = "iid"
    """The scheme by which the data are divided among the clients."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Read a file given as `distribution`; drop `distribution_param` where it is ignored."""
        values = super().prepare(values)
        given = values.get("distribution")
        if isinstance(given, str):
            values = values | {"distribution": _read_distribution(given)}
        if str(values.get("strategy", "iid")) in _WITHOUT_NUMBER:  # it may be anything
            values = {key: value for key, value in values.items() if key != "distribution_param"}
        return values

    def check(self) -> None:
        """Refuse parameters that the scheme does not use."""
        super().check()
        check_scheme(self.strategy, self)


def _read_distribution(given: str) -> Mapping[str, Any]:
    """Return the content of a file such as the original's custom_distributions.json."""
    path = expand_home(given.removeprefix("@"))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(
            f"distribution: {path} cannot be read ({error.strerror}); name a JSON file"
        ) from None
    except ValueError as error:
        raise ValueError(f"distribution: {path} is not JSON ({error})") from None
    if not isinstance(content, dict):
        raise ValueError(  # noqa: TRY004 (pydantic reports ValueErrors)
            f"distribution: {path} does not hold a mapping of clients to {{label: count}}"
        )
    return content
