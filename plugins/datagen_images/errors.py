"""The error of this package."""

from __future__ import annotations

from pathlib import Path

from datagen_core import DatagenError


class ImagesError(DatagenError):
    """Images that cannot be found, read or drawn."""

    @classmethod
    def damaged(cls, path: Path, reason: str) -> ImagesError:
        """Return the error for a file whose content is not what its format demands."""
        return cls(f"{path} is damaged: {reason}; fetch it again")
