"""The errors of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class PreprocessingError(DatagenError):
    """Options of the preprocessing that are invalid, or leave no users or samples."""

    exit_code = 2


class ChecksumError(DatagenError):
    """Files whose checksums differ from those of a list."""

    exit_code = 5
