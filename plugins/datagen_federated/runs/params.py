"""Parameters of the generator `federated_metrics`: the flags of the MLaaS data generator, and more.

Names and defaults are those of its command line, with these exceptions: nothing is halved silently
(its `sample_frac` is 0.5 where nothing is given), `save_weights` is off, and weights are combined
by samples (`aggregation=uniform` is its plain mean).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen_core import InputFile, Params
from datagen_federated.data import Dataset, Scaler, Task
from datagen_federated.simulation import TrainingParams
from datagen_images import Variant, check_variant
from datagen_partitions.schemes import PartitionParams, SchemeName, check_scheme

_FILES = {"csv", "npz"}
_WITHOUT_NUMBER = {"iid", "custom"}
"""Strategies for which the original's --distribution-param is documented as ignored."""


class DataParams(Params, use_attribute_docstrings=True):
    """Which data are learnt from, and how many of them."""

    dataset: Dataset = "mnist"
    """The data set: images, a table of scikit-learn, or a file of yours (csv, npz)."""

    variant: Variant | None = None
    """Which selection of EMNIST."""

    file: InputFile | None = None
    """The file of dataset=csv or npz. Its content counts, not its place; the cache keeps a copy."""

    target: str | None = None
    """What to predict: a column of the csv file (the last one), an array of the npz file (y)."""

    id_column: str | None = None
    """A column of the file that is no feature, such as whom a row belongs to."""

    task_type: Task | None = None
    """classification or regression; by default what the target is."""

    scaler: Scaler = "standard"
    """How a table is scaled; fitted on its training part."""

    test_size: float = 0.2
    """The share for testing, where a data set has no test part of its own."""

    validation_fraction: float = 0.1
    """The share of the training part that no client gets: the global model is measured on it, so
    that nothing has to be chosen by the test part."""

    sample_size: int | None = None
    """So many samples are divided among the clients, drawn without replacement; else all."""

    sample_frac: float | None = None
    """The same as a share; give one of the two."""

    partition_by: str | None = None
    """A column of the file that the strategy divides by, instead of the label."""

    distribution_bins: int = 10
    """Numbers are put into so many bins of equal width where a strategy or a count needs labels."""

    def check(self) -> None:
        """Refuse what excludes itself, and shares that are none."""
        super().check()
        if self.sample_size is not None and self.sample_frac is not None:
            message = "sample_size and sample_frac exclude each other; give one of them"
            raise ValueError(message)
        check_variant(self.dataset, self.variant)
        self._check_file()
        self._check_numbers()

    def _check_file(self) -> None:
        if (self.dataset in _FILES) != (self.file is not None):
            message = "file goes with dataset=csv or dataset=npz, and these need it"
            raise ValueError(message)
        for name in ("target", "id_column", "partition_by"):
            if self.dataset not in _FILES and getattr(self, name) is not None:
                message = f"{name} is for dataset=csv and npz; leave it out for {self.dataset}"
                raise ValueError(message)

    def _check_numbers(self) -> None:
        for name, least in (("sample_size", 1), ("distribution_bins", 2)):
            value = getattr(self, name)
            if value is not None and value < least:
                message = f"{name} is at least {least}, not {value}"
                raise ValueError(message)
        if self.sample_frac is not None and not 0 < self.sample_frac <= 1:
            message = f"sample_frac is above 0 and at most 1, not {self.sample_frac:g}"
            raise ValueError(message)
        if not 0 <= self.validation_fraction < 1:
            message = f"validation_fraction is from 0 to below 1, not {self.validation_fraction:g}"
            raise ValueError(message)
        if not 0 < self.test_size < 1:
            message = f"test_size is between 0 and 1, not {self.test_size:g}"
            raise ValueError(message)


class FederatedMetricsParams(
    DataParams, PartitionParams, TrainingParams, use_attribute_docstrings=True
):
    """Everything that a federated run follows from, besides the seed and its index."""

    clients: int = 20
    """How many clients there are; sizes and natural ids say it themselves."""

    strategy: SchemeName = "iid"
    """The scheme by which the data are divided among the clients."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Read `distribution` where it is a file, and drop a number that the strategy ignores."""
        values = super().prepare(values)
        given = values.get("distribution")
        if isinstance(given, str):
            values = values | {"distribution": _read_distribution(given)}
        if values.get("strategy", "iid") in _WITHOUT_NUMBER:
            values = {key: value for key, value in values.items() if key != "distribution_param"}
        return values

    def check(self) -> None:
        """Refuse what does not go together."""
        super().check()
        check_scheme(self.strategy, self)


def _read_distribution(given: str) -> Mapping[str, Any]:
    """Return the content of the original's custom_distributions.json."""
    path = Path(given.removeprefix("@")).expanduser()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"distribution: {path} cannot be read ({error.strerror}); name a JSON file"
        raise ValueError(message) from None
    except ValueError as error:
        message = f"distribution: {path} is no JSON ({error})"
        raise ValueError(message) from None
    if not isinstance(content, dict):
        message = f"distribution: {path} holds no mapping of clients to {{label: count}}"
        raise ValueError(message)  # noqa: TRY004 (pydantic reports ValueErrors)
    return content
