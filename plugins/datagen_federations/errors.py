"""The errors of this package.

DatagenError
    TrainingError               federated training that cannot begin, or that failed
        TrainingOptionError     a wrong option, argument or plan (exit code 2)
        BlamingError            an error of one process that another one caused
        RunError                a run that failed, with the place of its log
"""

from __future__ import annotations

from datagen_core import DatagenError


class TrainingError(DatagenError):
    """Federated training that cannot begin, or that failed; one line that says what to do."""


class TrainingOptionError(TrainingError):
    """A wrong option, argument or plan of federated training."""

    exit_code = 2


class BlamingError(TrainingError):
    """An error of one process that another one caused.

    Attributes
    ----------
    blames
        The name of the other process: a client's, or `server`.
    """

    def __init__(self, message: str, blames: str) -> None:
        super().__init__(message)
        self.blames = blames


class RunError(TrainingError):
    """A run that failed, with the place of its log.

    Attributes
    ----------
    reason
        The message without the place of the log.
    """

    def __init__(self, reason: str, log: str) -> None:
        super().__init__(f"{reason}; {log}")
        self.reason = reason
