"""The errors of this package; those of data sets are `datagen_partitions.errors`.

DatagenError
    MergeError          files that cannot be merged, or not to that place
    PlotError           a picture that cannot be drawn or written
    SimulationError     a model that does not fit the data, or data that cannot be simulated with
    StudyError          a space that nothing can be drawn from, or a study that cannot be begun
"""

from __future__ import annotations

from datagen_core import DatagenError


class MergeError(DatagenError):
    """Files that cannot be merged, or not to that place."""

    exit_code = 2


class PlotError(DatagenError):
    """A picture that cannot be drawn or written."""

    exit_code = 2


class SimulationError(DatagenError):
    """A model that does not fit the data, or data that cannot be simulated with."""

    exit_code = 2


class StudyError(DatagenError):
    """A space that nothing can be drawn from, or a study that cannot be begun."""

    exit_code = 2
