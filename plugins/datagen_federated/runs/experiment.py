"""Experiments: the data of a parameter set, the part for validation, clients' shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core import input_path
from datagen_federated.data import Data, load_data
from datagen_federated.runs.params import FederatedMetricsParams
from datagen_federated.simulation import Groups, WeightSpec, list_weights
from datagen_federated.simulation.inputs import output_count
from datagen_partitions.errors import DataOptionError
from datagen_partitions.schemes import Division, Indices, PartitionError, divide

_BY_ID = {"natural_id", "grouped_natural_id"}


@dataclass(frozen=True, eq=False)
class Experiment:
    """The data of a parameter set, and how they are divided in each of its runs.

    Attributes
    ----------
    params
        All parameters of the runs.
    data
        The data set.
    groups
        The label, or for numbers the bin, of every training sample.
    column
        The column that the scheme divides by, `(n,)`.
    """

    params: FederatedMetricsParams
    data: Data
    groups: Groups
    column: NDArray[Any]

    @property
    def specs(self) -> tuple[WeightSpec, ...]:
        """Names and shapes of the model's weights.

        Raises
        ------
        SimulationError
            When the model does not fit the data.
        """
        return list_weights(self.params, self.data.x.shape[1:], output_count(self.data))

    def draw(self, rng: np.random.Generator) -> tuple[Division, Indices]:
        """Draw the part for validation and divide the other samples among clients.

        Raises
        ------
        PartitionError
            When there are too few samples, or they cannot be divided so.
        """
        choosing, dividing = rng.spawn(2)
        order = choosing.permutation(len(self.data.y))
        held_out = round(self.params.validation_fraction * len(order))
        validation, rest = np.sort(order[:held_out]), order[held_out:]
        chosen = np.sort(rest[: self._count(len(rest))])
        division = divide(self.params.strategy, self.column[chosen], self.params, dividing)
        shares = [chosen[share] for share in division.shares]
        return division._replace(shares=shares), validation

    def _count(self, available: int) -> int:
        """Return the number of samples to divide."""
        size, fraction = self.params.sample_size, self.params.sample_frac
        if size is not None and size > available:
            raise PartitionError(
                f"sample_size is {size}, but {self.data.name} has {available} samples beside those "
                f"for validation; ask for fewer, or set validation_fraction=0"
            )
        return size if size is not None else round(available * (fraction or 1.0))


@lru_cache(maxsize=2)
def prepare_experiment(params: FederatedMetricsParams) -> Experiment:
    """Load the data of parameters, and check that data, model and column fit together.

    Raises
    ------
    DatagenError
        When they do not fit.
    """
    data = load_data(
        params.dataset,
        file=input_path(params.file) if params.file is not None else None,
        target=params.target,
        task=params.task_type,
        scaler=params.scaler,
        test_size=params.test_size,
        variant=params.variant,
        id_column=params.id_column,
    )
    groups = _group(data, params.distribution_bins)
    experiment = Experiment(params, data, groups, _column(data, groups, params))
    _ = experiment.specs
    return experiment


def inspect_params(params: FederatedMetricsParams) -> Iterator[str]:
    """Yield notes on these parameters, before any run.

    The division is an example: each run draws its own.

    Raises
    ------
    DatagenError
        When no run can be made with these parameters.
    """
    experiment = prepare_experiment(params)
    yield from experiment.data.notes
    division, _ = experiment.draw(np.random.default_rng(0))
    yield from division.notes


def _group(data: Data, bins: int) -> Groups:
    if data.task == "classification":
        return Groups(data.y, len(data.classes))
    return Groups(_bin(data.y, bins), bins)


def _bin(values: NDArray[Any], bins: int) -> Indices:
    """Return the bins of numbers, of equal width from the least to the greatest."""
    edges = np.histogram_bin_edges(values, bins)
    return np.asarray(np.digitize(values, edges[1:-1]), np.int64)


def _column(data: Data, groups: Groups, params: FederatedMetricsParams) -> NDArray[Any]:
    """Return the column that the scheme divides by.

    Raises
    ------
    DataOptionError
        When there is no such column, or none is named where ids are needed.
    """
    name = params.partition_by or (params.id_column if params.strategy in _BY_ID else None)
    if name is None:
        if params.strategy in _BY_ID:
            raise DataOptionError(f"{params.strategy} needs ids: name their column with id_column")
        return data.y if params.strategy == "continuous" else groups.of
    if name not in data.columns:
        message = f"there is no column {name!r}; there are {', '.join(data.columns) or 'none'}"
        raise DataOptionError(message)
    column = data.columns[name]
    if column.dtype.kind == "f" and params.strategy not in _BY_ID | {"continuous"}:
        return _bin(column, params.distribution_bins)
    return column
