"""The errors of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class SimulationError(DatagenError):
    """A model that does not fit the data, or data that cannot be simulated with."""

    exit_code = 2
