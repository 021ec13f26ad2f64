"""Views on disk, which refer to rows of samples and never copy them.

::

    views/<name>-<digest8>/view.json                  recipe, and how many users each part has
    views/<name>-<digest8>/<part>/<start>-<stop>.h5   users, and the place of each of their rows

A view exists once its `view.json` does, which is published last.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from datagen_core.errors import CacheError, SelectionError
from datagen_core.generators.identity import sha256_of
from datagen_core.generators.schema import Columns, Field, Schema
from datagen_core.ranges import Interval
from datagen_core.store import forms
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import SetPaths, check_name, list_folders
from datagen_core.store.shards import ShardLabel, publish_shard

VIEW_FORMAT = "1.0"

NAMES = Schema({"users": Field("str")})
ROWS = Schema({"sample": Field("int64", ragged=True), "row": Field("int64", ragged=True)})
"""The fields without the names, since text cannot be memory-mapped."""

PART = Schema({**NAMES.fields, **ROWS.fields})
"""A part of a view: each user's name, and for each of the user's rows a sample and its row."""


@dataclass(frozen=True, slots=True)
class ViewRecord:
    """The record of a view.

    Attributes
    ----------
    root
        Its folder.
    name, digest
        A readable name, and the SHA-256 of the recipe.
    recipe
        The operation with every option, the seeds it used and its parent, in plain JSON types.
    parts
        The number of users in each part, and whether all rows of each user come from one sample.
    """

    root: Path
    name: str
    digest: str
    recipe: Mapping[str, Any]
    parts: Mapping[str, tuple[int, bool]]

    def folder(self, part: str) -> Path:
        """Return the folder of one part."""
        return self.root / part


def publish_view(
    paths: SetPaths, generator: str, record: tuple[str, Mapping[str, Any]], parts: Mapping[str, Any]
) -> ViewRecord:
    """Publish a view, put-if-absent: one that exists follows from the same recipe.

    Parameters
    ----------
    record
        The view's name and recipe.
    parts
        For each part, its columns (of the schema `PART`) and whether users are whole.
    """
    name, recipe = record
    digest = sha256_of(recipe)
    root = paths.views / f"{check_name(name, 'view')}-{digest[:8]}"
    for part, (columns, _) in parts.items():
        label = ShardLabel(generator, digest, Interval(0, len(columns["users"])))
        publish_shard(root / check_name(part, "part"), paths.temporary, label, columns)
    content = {
        "format": VIEW_FORMAT,
        "name": name,
        "digest": digest,
        "recipe": dict(recipe),
        "parts": {part: [len(columns["users"]), whole] for part, (columns, whole) in parts.items()},
        "created": time.time(),
    }
    publish_document(root / "view.json", content, paths.temporary)
    published = read_view(root)
    if published.digest != digest:
        raise CacheError(f"{root} belongs to another recipe; remove it and try again")
    return published


def read_view(root: Path) -> ViewRecord:
    """Return the record of a published view."""
    return read_document(root / "view.json", VIEW_FORMAT, partial(_parse, root))


def _parse_part(value: Any) -> tuple[int, bool]:
    users, whole = forms.listing(value)
    return forms.whole(users), forms.flag(whole)


_FORMS: Mapping[str, forms.Form] = {
    "name": forms.name, "digest": forms.digest, "recipe": forms.tree,
    "parts": forms.mapping(_parse_part, forms.name),
}  # fmt: skip


def _parse(root: Path, content: Mapping[str, Any]) -> ViewRecord:
    record = ViewRecord(root, **forms.take(content, _FORMS))
    # A parent is named by its digest, so that a view whose digest is right is not its own ancestor.
    forms.take(record.recipe, {}, {"parent": forms.maybe(forms.text)})
    if sha256_of(record.recipe) != record.digest:
        raise forms.wrong(record.digest, "the digest of its recipe")
    return record


def list_views(paths: SetPaths) -> list[str]:
    """Return the names of all views, each followed by its digest, sorted; opens no file."""
    return [each.name for each in list_folders(paths.views) if (each / "view.json").exists()]


def find_view(paths: SetPaths, wanted: str) -> Path:
    """Return the folder of the one view that `wanted` names.

    Parameters
    ----------
    wanted
        A name, a name and the beginning of the digest (`niid_0-1a2b`), or a digest.

    Raises
    ------
    SelectionError
        If no view or several match; the message lists them.
    """
    known = list_views(paths)
    found = [view for view in known if wanted in {view, view.rpartition("-")[0]}]
    found = found or [view for view in known if _begins(view, wanted)]
    if len(found) == 1:
        return paths.views / found[0]
    what = "several views match" if found else "no view matches"
    candidates = ", ".join(found or known) or "nothing yet"
    raise SelectionError(f"{what} {wanted!r} in {paths.root.name}; there is {candidates}")


def _begins(view: str, wanted: str) -> bool:
    name, _, digest = view.rpartition("-")
    return (len(wanted) >= 4 and digest.startswith(wanted[:8])) or (
        wanted.startswith(f"{name}-") and view.startswith(wanted)
    )


def rows_are_whole(columns: Columns) -> bool:
    """Return whether each user's rows all come from one sample, so that its fixed fields apply."""
    sample: Any = columns["sample"]
    if not sample.lengths.all():
        return False
    first = sample.values[sample.offsets[:-1]]
    return bool((sample.rows() == first.repeat(sample.lengths)).all())
