"""The error of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class PartitionError(DatagenError, ValueError):
    """A data set that cannot be divided as asked; one line that says why."""
