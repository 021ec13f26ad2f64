"""The error of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class StudyError(DatagenError):
    """A space that nothing can be drawn from, or a study that cannot be begun."""

    exit_code = 2
