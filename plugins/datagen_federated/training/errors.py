"""The error of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class TrainingError(DatagenError):
    """Federated training that cannot begin, or came to no good end; one line says what to do."""
