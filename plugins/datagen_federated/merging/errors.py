"""The error of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class MergeError(DatagenError):
    """Files that cannot be merged, or not to that place."""

    exit_code = 2
