"""The one error of this package, and what its messages share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from datagen_core import DatagenError


class DataError(DatagenError):
    """Data that cannot be found, read or trained on; one line that says what to do."""


def suggest(wrong: str, known: Iterable[str]) -> str:
    """Return the end of a message about a wrong name: the nearest known one, and all of them."""
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1)
    question = f"did you mean {near[0]!r}? " if near else ""
    return f"{question}There are: {', '.join(names)}"
