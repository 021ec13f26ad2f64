"""Frozen splits: the digest of a split as it was when somebody published about it.

A record changes nothing about the split, which may grow. It says which samples were meant, in which
order, and what their content was, so that a difference can be named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from datagen_core.errors import CacheError
from datagen_core.ranges import IntervalList, IntervalSet
from datagen_core.store import forms
from datagen_core.store.documents import publish_document, read_document, signature
from datagen_core.store.layout import SetPaths, list_names
from datagen_core.store.ledger import read_ledger
from datagen_core.store.scattered import is_scattered, read_items, write_items

FROZEN_FORMAT = "2.0"
"""Format 1 where no samples are in a file of their own."""

_FORMS: Mapping[str, forms.Form] = {
    "split": forms.name, "digest": forms.digest, "content": forms.tree,
    "by": forms.text, "created": forms.text, "note": forms.text,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FrozenSplit:
    """A split as it was when it was frozen.

    Attributes
    ----------
    split
        Its name, the present one where it was relabelled since.
    samples
        The indices of its samples, in its order.
    digest
        The SHA-256 of their content, in 64 hexadecimal digits: `Samples.digest`.
    content
        What `digest` is of: `Samples.content`.
    by, created
        Who froze it, `user@host`, and when, in ISO 8601.
    note
        What it was frozen for, in any words.
    """

    split: str
    samples: IntervalList
    digest: str
    content: Mapping[str, Any]
    by: str
    created: str
    note: str = ""

    @property
    def size(self) -> int:
        """The number of samples."""
        return self.samples.size

    def begins(self, digest: str) -> bool:
        """Return whether its digest begins with some digits."""
        return self.digest.startswith(digest)

    def within(self, samples: IntervalSet) -> IntervalSet:
        """Return those of its samples that are among others."""
        return IntervalSet(self.samples) & samples


def publish_frozen(
    paths: SetPaths,
    split: str,
    samples: IntervalList,
    content: tuple[str, Mapping[str, Any]],
    note: str,
) -> FrozenSplit:
    """Keep a record, put-if-absent, and return it; `content` is a digest and what it is of.

    Raises
    ------
    CacheError
        If the file belongs to another digest.
    """
    digest, described = content
    path = paths.frozen / f"{split}-{digest[:8]}.json"
    items = write_items(paths, samples)
    document = {
        "format": FROZEN_FORMAT if is_scattered(items) else "1.0",
        "split": split,
        "samples": items,
        "digest": digest,
        "content": dict(described),
        **signature()._asdict(),
        "note": note,
    }
    if not path.exists():
        publish_document(path, document, paths.temporary)
    record = _read(paths, path)
    if record.digest != digest:
        raise CacheError(f"{path} belongs to another digest; move it away and try again")
    return record


def list_frozen(paths: SetPaths) -> list[FrozenSplit]:
    """Return what was frozen of a parameter set, by present names, the oldest record first."""
    names = sorted(name for name in list_names(paths.frozen) if name.endswith(".json"))
    records = [_read(paths, paths.frozen / name) for name in names]
    if records and (ledger := read_ledger(paths)).relabels:
        records = [replace(each, split=ledger.current_name(each.split)) for each in records]
    return sorted(records, key=lambda record: record.created)


def _read(paths: SetPaths, path: Path) -> FrozenSplit:
    known: dict[str, forms.Form] = {**_FORMS, "samples": partial(read_items, paths)}
    return read_document(
        path, FROZEN_FORMAT, lambda content: FrozenSplit(**forms.take(content, known))
    )
