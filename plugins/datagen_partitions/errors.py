"""The errors of this package, and what their messages share.

DatagenError
    DataError           data that cannot be found, read or trained on
    PartitionError      a data set that cannot be divided as asked
    ClientFilesError    data that cannot be divided, written or read as files of clients
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from datagen_core import DatagenError


class DataError(DatagenError):
    """Data that cannot be found, read or trained on; one line that says what to do."""


class PartitionError(DatagenError, ValueError):
    """A data set that cannot be divided as asked; one line that says why."""


class ClientFilesError(DatagenError, ValueError):
    """Data that cannot be divided, written or read as files of clients; one line that says why."""


def suggest(wrong: str, known: Iterable[str]) -> str:
    """Return the end of a message about a wrong name: the nearest known one, and all of them."""
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1)
    question = f"did you mean {near[0]!r}? " if near else ""
    return f"{question}There are: {', '.join(names)}"
