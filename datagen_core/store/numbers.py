"""The permanent numbers of the sets of a generator: documents `numbers/<k>.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datagen_core.errors import CacheError, NewerFormatError
from datagen_core.store import forms
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import SetPaths, following, numbered
from datagen_core.store.links import check_link

NUMBER_FORMAT = "2.0"
"""Format 1 numbers one set (`set`), format 2 several (`sets`)."""

_LEAST_NAME = 10
"""Bytes that the name of a set takes in a document of numbers, at least."""

_MOST_AT_ONCE = 250
"""Sets that a document numbers, at most, which may be truncated."""


def number_sets(sets: Sequence[SetPaths]) -> None:
    """Give sets of one generator their permanent numbers, those after the highest one so far.

    A document `numbers/<k>.json` numbers one set or several, from k on. It is published only by a
    process that has read all documents before it. So a set never gets two numbers: of two processes
    that number it, the later one has read the other's document, or tries the same k and loses.

    A document that is damaged or may not be read stops nobody. A set that is in it, of which nobody
    can tell, gets a second number, which readers ignore once they can read the first one.
    """
    while sets:
        folder, temporary = sets[0].root.parent / "numbers", sets[0].temporary
        problems: list[CacheError] = []
        listed = numbered(folder)  # a document that comes after this is met when it is published
        known = read_numbers(folder, problems)
        names = set(known.values())
        new = [paths.root.name for paths in sets if paths.root.name not in names]
        start = _next_number(folder, known, [each for each in listed if each not in known])
        newer = [error for error in problems if isinstance(error, NewerFormatError)]
        if new and newer:
            raise newer[0]
        if not new or publish_document(folder / f"{start}.json", numbering(new), temporary):
            return


def numbering(names: Sequence[str]) -> dict[str, Any]:
    """Return the document that numbers folders of sets, from the number on that it is called by."""
    if len(names) == 1:
        return {"format": "1.0", "set": names[0]}
    return {"format": NUMBER_FORMAT, "sets": list(names)}


def _next_number(folder: Path, known: Mapping[int, str], lost: Sequence[int]) -> int:
    """Return a number above all that are taken, also by documents that cannot be read.

    These, `lost`, number at most as many sets as fit into the file, or as one call has ever begun.
    """
    sizes = [(folder / f"{number}.json").lstat().st_size for number in lost]
    ends = [
        n + max(size // _LEAST_NAME, _MOST_AT_ONCE) for n, size in zip(lost, sizes, strict=True)
    ]
    return following(sorted([*known, *ends]), folder)


def read_numbers(folder: Path, problems: list[CacheError] | None) -> dict[int, str]:
    """Return the folder name of each set by number; errors go to `problems` unless it is None."""
    names: dict[int, str] = {}
    documents: list[int] = []
    with _collecting(problems):
        check_link(folder.parent)
        documents = numbered(folder)
    for first in documents:
        with _collecting(problems):
            path = folder / f"{first}.json"
            found = dict(enumerate(read_document(path, NUMBER_FORMAT, parse_numbered), first))
            names = {**found, **names}  # a number that two claim is of the older document
    return dict(sorted(names.items()))


def parse_numbered(content: Mapping[str, Any]) -> list[str]:
    """Return the names of the folders that a document numbers; one has at least one."""
    if "sets" not in content:
        return [str(forms.take(content, {"set": forms.folder})["set"])]
    found: list[str] = forms.take(content, {"sets": forms.each(forms.folder)})["sets"]
    return found or [forms.folder("")]


@contextmanager
def _collecting(problems: list[CacheError] | None) -> Iterator[None]:
    try:
        yield
    except CacheError as error:
        if problems is None:
            raise
        problems.append(error)
