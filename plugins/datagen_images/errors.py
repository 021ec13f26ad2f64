"""The one error of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class ImagesError(DatagenError):
    """Images that cannot be found, read or drawn; one line that says what to do."""
