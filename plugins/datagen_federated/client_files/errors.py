"""The error of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class ClientFilesError(DatagenError, ValueError):
    """Data that cannot be divided, written or read as files of clients; one line that says why."""
