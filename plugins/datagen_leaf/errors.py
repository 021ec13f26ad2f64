"""The errors of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class PreprocessingError(DatagenError):
    """Options of the preprocessing that mean nothing, or leave nothing."""

    exit_code = 2


class ChecksumError(DatagenError):
    """Files that are not those of a list of checksums."""

    exit_code = 5
