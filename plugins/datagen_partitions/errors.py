"""The errors of this package, and what their messages share.

DatagenError
    DataError             data that cannot be found, read or trained on
        DataOptionError   an option that names something the data do not have
    PartitionError        parameters by which a data set cannot be divided
    ClientFilesError      files of clients that are missing, damaged or in the way
    ExportOptionError     an option of an export that has no such value

Those that a parameter is to blame for have the exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from datagen_core import DatagenError


class DataError(DatagenError):
    """Data that cannot be found, read or trained on; one line that says what to do."""


class DataOptionError(DataError):
    """An option that names something the data do not have, such as a column or a task."""

    exit_code = 2


class PartitionError(DatagenError, ValueError):
    """Parameters by which a data set cannot be divided; one line that says why."""

    exit_code = 2


class ClientFilesError(DatagenError):
    """Files of clients that are missing, damaged or in the way; one line that says what to do."""


class ExportOptionError(DatagenError):
    """An option of an export that has no such value; one line that names those it has."""

    exit_code = 2


def suggest(wrong: str, known: Iterable[str]) -> str:
    """Return the end of a message about a wrong name: the nearest known one, and all of them."""
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1)
    question = f"did you mean {near[0]!r}? " if near else ""
    return f"{question}There are: {', '.join(names)}"
