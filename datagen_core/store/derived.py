"""Derived data: the results of preprocessors for the samples of a split, in shards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from datagen_core.generators.schema import Schema
from datagen_core.ranges import IntervalSet
from datagen_core.store import forms
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import SetPaths, following, list_folders, list_shards, numbered
from datagen_core.store.sets import parse_schema

DERIVED_FORMAT = "2.0"
"""See `Schema.format`."""

USE_FORMAT = CODE_FORMAT = "1.0"

T = TypeVar("T")

_code = forms.keys({"fingerprint": forms.text})
_use = forms.keys({"version": forms.component})


@dataclass(frozen=True, slots=True)
class DerivedPaths:
    """The folder of one version of a preprocessor: `derived.json` beside its shards."""

    root: Path

    def _read(self, parse: Callable[[dict[str, Any]], T], *, strict: bool = False) -> T:
        return read_document(self.root / "derived.json", DERIVED_FORMAT, parse, strict=strict)

    @property
    def name(self) -> str:
        """The name of the preprocessor, with which that of the folder begins."""
        return self._read(self._parse_name)

    def _parse_name(self, content: Mapping[str, Any]) -> str:
        name: str = forms.take(content, {"name": forms.component})["name"]
        return name if self.root.name.startswith(f"{name}-") else forms.component(content)

    def schema(self, *, strict: bool = False) -> Schema:
        """Return the fields of its results; `strict` is that of `read_document`."""
        return self._read(parse_schema, strict=strict)

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
        found = read_document(path, CODE_FORMAT, _code)
        return bool(found["fingerprint"] == fingerprint)
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
        number = following(numbered(folder), folder)
        content = {"format": USE_FORMAT, "version": derived.root.name}
        publish_document(folder / f"{number}.json", content, paths.temporary)


def newest_derived(paths: SetPaths, split: str, name: str) -> DerivedPaths | None:
    """Return the version of a preprocessor that was used last; None if it was never used."""
    folder = paths.derived(split) / name
    known = numbered(folder)
    if not known:
        return None
    path = folder / f"{known[-1]}.json"
    content = read_document(path, USE_FORMAT, _use)
    return DerivedPaths(paths.derived(split) / content["version"])


def list_derived(paths: SetPaths, split: str) -> list[DerivedPaths]:
    """Return all versions of all preprocessors of a split."""
    folders = [DerivedPaths(folder) for folder in list_folders(paths.derived(split))]
    return [derived for derived in folders if (derived.root / "derived.json").exists()]
