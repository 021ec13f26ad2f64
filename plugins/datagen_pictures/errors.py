"""The error of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class PictureError(DatagenError):
    """A picture that cannot be drawn or written."""

    exit_code = 2
