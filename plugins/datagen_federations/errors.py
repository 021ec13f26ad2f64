"""The errors of this package."""

from __future__ import annotations

from datagen_core import DatagenError


class TrainingError(DatagenError):
    """Federated training that cannot begin, or came to no good end; one line says what to do."""


class BlamingError(TrainingError):
    """What one process says of another, which it names.

    Attributes
    ----------
    blames
        A client's name, or `server`.
    """

    def __init__(self, message: str, blames: str) -> None:
        super().__init__(message)
        self.blames = blames


class RunError(TrainingError):
    """A run that failed, and whose log tells more.

    Attributes
    ----------
    reason
        What happened, without the log.
    """

    def __init__(self, reason: str, log: str) -> None:
        super().__init__(f"{reason}; {log}")
        self.reason = reason
