"""The errors of this package; those of data sets are `datagen_partitions.errors`.

DatagenError
    MergeError          files that cannot be merged, or not to that place
    SimulationError     a model that does not fit the data, or data that cannot be simulated with
    WeightsError        weights that were not saved, or cannot be written there

All of them mean wrong arguments: their exit code is 2.
"""

from __future__ import annotations

from datagen_core import DatagenError


class MergeError(DatagenError):
    """Files that cannot be merged, or not to that place."""

    exit_code = 2


class SimulationError(DatagenError):
    """A model that does not fit the data, or data that cannot be simulated with."""

    exit_code = 2


class WeightsError(DatagenError):
    """Weights that were not saved, or cannot be written there."""

    exit_code = 2
