"""Derived data: the results of preprocessors for the samples of a split, in shards."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen_core.generators.schema import Schema
from datagen_core.ranges import IntervalSet
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import SetPaths, list_folders, list_shards, numbered

DERIVED_FORMAT = "2.0"
"""See `Schema.format`."""

USE_FORMAT = CODE_FORMAT = "1.0"


@dataclass(frozen=True, slots=True)
class DerivedPaths:
    """The folder of one version of a preprocessor: `derived.json` beside its shards."""

    root: Path

    def _read(self, *, strict: bool = False) -> dict[str, Any]:
        return read_document(self.root / "derived.json", DERIVED_FORMAT, strict=strict)

    @property
    def name(self) -> str:
        """The name of the preprocessor."""
        return str(self._read()["name"])

    def schema(self, *, strict: bool = False) -> Schema:
        """Return the fields of its results; `strict` is that of `read_document`."""
        return Schema.from_json(self._read(strict=strict)["fields"])

    def existing(self) -> IntervalSet:
        """Return the samples that are preprocessed."""
        return IntervalSet(list_shards(self.root))


def derived_paths(paths: SetPaths, split: str, name: str, version: str) -> DerivedPaths:
    """Return the folder of one version of a preprocessor, which need not exist."""
    return DerivedPaths(paths.derived(split) / f"{name}-{version[:8]}")


def find_derived(
    paths: SetPaths, split: str, name: str, fingerprint: str, old_version: str
) -> DerivedPaths:
    """Return the folder of a preprocessor's code, which need not exist.

    Earlier versions of datagen knew only the text of its function, `old_version`. Such a folder
    goes on, and belongs to the code that adds to it first.
    """
    old = derived_paths(paths, split, name, old_version)
    if (old.root / "derived.json").exists() and _is_of(old, fingerprint, paths.temporary):
        return old
    return derived_paths(paths, split, name, fingerprint)


def _is_of(old: DerivedPaths, fingerprint: str, temporary: Path) -> bool:
    path = old.root / "code.json"
    with suppress(OSError):  # where nothing can be written, nothing is added, either
        publish_document(path, {"format": CODE_FORMAT, "fingerprint": fingerprint}, temporary)
    try:
        return bool(read_document(path, CODE_FORMAT)["fingerprint"] == fingerprint)
    except FileNotFoundError:
        return True


def begin_derived(paths: SetPaths, derived: DerivedPaths, name: str, schema: Schema) -> None:
    """Record the name and schema of a version, put-if-absent."""
    content = {"format": schema.format, "name": name, "fields": schema.to_json()}
    publish_document(derived.root / "derived.json", content, paths.temporary)


def record_use(paths: SetPaths, split: str, derived: DerivedPaths) -> None:
    """Make a version the one that is read under its preprocessor's name."""
    folder = paths.derived(split) / derived.name
    while newest_derived(paths, split, derived.name) != derived:
        number = (numbered(folder) or [-1])[-1] + 1
        content = {"format": USE_FORMAT, "version": derived.root.name}
        publish_document(folder / f"{number}.json", content, paths.temporary)


def newest_derived(paths: SetPaths, split: str, name: str) -> DerivedPaths | None:
    """Return the version of a preprocessor that was used last; None if it was never used."""
    folder = paths.derived(split) / name
    known = numbered(folder)
    if not known:
        return None
    content = read_document(folder / f"{known[-1]}.json", USE_FORMAT)
    return DerivedPaths(paths.derived(split) / content["version"])


def list_derived(paths: SetPaths, split: str) -> list[DerivedPaths]:
    """Return all versions of all preprocessors of a split."""
    folders = [DerivedPaths(folder) for folder in list_folders(paths.derived(split))]
    return [derived for derived in folders if (derived.root / "derived.json").exists()]
