"""Parameter sets on disk: their record, schema, number and input files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_core.errors import CacheError, DamagedFileError, SchemaError
from datagen_core.generators.identity import folder_name
from datagen_core.generators.inputs import input_path, references_in
from datagen_core.ranges import IntervalSet
from datagen_core.store import forms
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.folders import open_folder, remove_litter
from datagen_core.store.layout import (
    SetPaths,
    following,
    inputs_folder,
    is_name,
    list_files,
    list_names,
    numbered,
    removed_set,
)
from datagen_core.store.links import list_bad_links, list_data_sets
from datagen_core.store.numbers import number_sets, read_numbers
from datagen_core.store.publishing import in_parallel, publication
from datagen_core.store.set_records import (
    SetRecord,
    from_document,
    growth_of,
    parse_later,
    to_document,
)
from datagen_core.temporary import temporary_name

if TYPE_CHECKING:
    from datagen_core.generators.schema import Schema  # loads numpy, which `list` does not need

PARAMS_FORMAT = "1.2"
"""Format 1.0 where the digest has all parameters under their names (`binding`, `renamed`), format
1.1 where the set is not private (`owner`)."""

LATER_FORMAT = "1.0"
SCHEMA_FORMAT = "2.0"
"""See `Schema.format`."""


def set_paths(cache: Path, record: SetRecord) -> SetPaths:
    """Return the paths of a parameter set that is begun with this record."""
    name = folder_name(record.changed, record.seed, record.digest)
    return SetPaths(cache / record.generator / name)


def open_sets(sets: Sequence[tuple[SetPaths, SetRecord]]) -> list[SetRecord]:
    """Return the published records of parameter sets of one generator; begin the new ones.

    Raises
    ------
    CacheError
        If the folder of one belongs to another set.
    """
    opened = in_parallel(lambda each: _publish_set(*each), sets)
    number_sets([paths for paths, _ in sets])
    return opened


def _publish_set(paths: SetPaths, record: SetRecord) -> SetRecord:
    if not paths.params.exists() and publish_document(
        paths.params, to_document(record), paths.temporary,
        begins=True, beside=(paths.runs.name, paths.shards.name),
    ):  # fmt: skip
        return record
    published = read_set(paths)
    if published.digest != record.digest:
        raise CacheError(f"{paths.root} belongs to another parameter set; use another --cache")
    return published


def read_set(paths: SetPaths, *, strict: bool = False) -> SetRecord:
    """Return the record of a parameter set; `strict` is that of `read_document`.

    Raises
    ------
    DamagedFileError
        If it does not hold what was written; with `strict`, if it is that of another set.
    RemovedSetError
        If its folder is gone.
    """
    try:
        record = read_document(paths.params, PARAMS_FORMAT, from_document, strict=strict)
    except FileNotFoundError:
        if paths.root.exists():
            raise
        raise removed_set(paths) from None
    for number in numbered(paths.later):
        path = paths.later / f"{number}.json"
        later = read_document(path, LATER_FORMAT, parse_later, strict=strict)
        record = record.with_later(*later)
    if strict and not record.is_called(paths.root.name):
        raise DamagedFileError(
            f"{paths.params} is damaged: it is not what the name of its folder says; restore it "
            "from a backup"
        )
    return record


def grow_set(
    paths: SetPaths, record: SetRecord, params: Mapping[str, Any], renamed: Mapping[str, str]
) -> SetRecord:
    """Record the later parameters with which samples of a set are made from now on.

    Parameters
    ----------
    params
        All parameters of the set, as its generator has them now.
    renamed
        The present names of parameters by their earlier names.

    Raises
    ------
    CacheError
        If another process has recorded other values at the same time.
    """
    first = growth = growth_of(record, params, renamed)
    while growth:
        number = following(numbered(paths.later), paths.later)
        content = {"format": LATER_FORMAT, **growth}
        publish_document(paths.later / f"{number}.json", content, paths.temporary)
        record = read_set(paths, strict=True)
        growth = growth_of(record, params, renamed)
    for name, value in first.get("params", {}).items():
        if record.params[name] != value:
            raise CacheError(
                f"{paths.root} goes on with {name}={record.params[name]!r}, not {value!r}, as "
                "another process has recorded; let all use the same code"
            )
    return record


def check_known(paths: SetPaths) -> None:
    """Refuse to make samples of a set that need not exist.

    Raises
    ------
    NewerFormatError
        If a newer version says more about the set or its schema than this one knows.
    """
    if paths.params.exists():
        read_set(paths, strict=True)
        read_schema(paths, strict=True)


def publish_schema(paths: SetPaths, schema: Schema) -> None:
    """Record the schema of a parameter set, put-if-absent.

    Raises
    ------
    SchemaError
        If the set has a different schema.
    """
    content = {"format": schema.format, "fields": schema.to_json()}
    is_new = not paths.schema.exists() and publish_document(paths.schema, content, paths.temporary)
    found = None if is_new else read_schema(paths, strict=True)
    if found is not None and found.to_json() != content["fields"]:
        raise SchemaError(
            f"the samples of {paths.root.name} have a different schema from its first ones; "
            "raise the generator's version to begin a new set"
        )


def read_schema(paths: SetPaths, *, strict: bool = False) -> Schema | None:
    """Return the schema of a parameter set; None before its first sample.

    `strict` is that of `read_document`.
    """
    try:
        return read_document(paths.schema, SCHEMA_FORMAT, parse_schema, strict=strict)
    except FileNotFoundError:
        return None


def parse_schema(content: Mapping[str, Any]) -> Schema:
    """Return the schema that a document holds under `fields`."""
    from datagen_core.generators.schema import Schema  # loads numpy, which `list` does not need

    fields = forms.take(content, {"fields": forms.each(forms.tree)})["fields"]
    schema = Schema.from_json(fields)
    if len(schema.fields) < len(fields):
        raise ValueError("two fields have the same name")
    return schema


def keep_inputs(cache: Path, params: Mapping[str, Any]) -> None:
    """Copy the files that parameters refer to into the cache, unless they are there already.

    Raises
    ------
    CacheError
        If a file is not found, or has changed since it was given.
    """
    folder = inputs_folder(cache)
    for reference in sorted(references_in(dict(params))):
        kept = folder / reference.removeprefix("sha256:")
        if not kept.exists():
            import shutil  # as rare as input files

            remove_litter(folder, folder / "tmp")
            with publication(folder / "tmp", kept) as temporary:
                shutil.copyfile(input_path(reference), temporary)


def remove_set(paths: SetPaths) -> None:
    """Remove a set with all that is in its folder; its number stays a gap.

    All of it vanishes at once, since its folder becomes a temporary one of this process first. So
    what a removal leaves behind that is killed is litter.

    Raises
    ------
    RemovedSetError
        If another process has removed it.
    """
    base, name = paths.root.parent, paths.root.name
    grave = temporary_name(name[-8:])
    with open_folder(base, base) as folder, open_folder(base, paths.temporary) as temporary:
        try:
            folder.move(name, temporary, grave)
        except FileNotFoundError:
            raise removed_set(paths) from None
        folder.sync()
        with suppress(OSError):  # files of other users, perhaps; its owner's processes remove it
            temporary.remove(grave)
        for each in list_names(base):  # a removal that an earlier version was interrupted at
            if each.startswith(".removed-") and each.endswith(f"-{name}"):
                folder.remove(each)


def existing_samples(paths: SetPaths) -> IntervalSet:
    """Return the samples that exist, as the names of files show; opens no file."""
    return IntervalSet(chain.from_iterable(list_files(paths.folders)))


def size_on_disk(paths: SetPaths) -> int:
    """Return the bytes of all samples, derived ones and views of a parameter set."""
    folders = ("shards", "packs", "derived", "views")
    return sum(_size_below(f"{paths.root}/{name}") for name in folders)


def _size_below(folder: str) -> int:
    """Return the bytes of the samples below a folder, as far as this user may look at them."""
    size = 0
    with suppress(FileNotFoundError, PermissionError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".h5"):
                size += _file_size(entry)
            elif entry.is_dir(follow_symlinks=False):
                size += _size_below(entry.path)
    return size


def _file_size(entry: os.DirEntry[str]) -> int:
    with suppress(FileNotFoundError):  # compacted away since it was listed
        return entry.stat(follow_symlinks=False).st_size
    return 0


def list_sets(
    generator_folder: Path, problems: list[CacheError] | None = None
) -> dict[int, SetPaths]:
    """Return the parameter sets of a generator by number, in order; removed ones leave gaps.

    Parameters
    ----------
    problems
        A list that gets the errors of numbers that cannot be read; None to raise the first one.
    """
    numbers = read_numbers(generator_folder / "numbers", problems)
    first = {name: number for number, name in reversed(numbers.items())}
    return {
        number: SetPaths(generator_folder / name)
        for number, name in numbers.items()
        if first[name] == number and _is_begun(f"{generator_folder}/{name}")
    }


def _is_begun(folder: str) -> bool:
    """Return whether a folder holds a set, even one that cannot be read: whoever reads says why."""
    try:
        os.lstat(f"{folder}/params.json")
    except FileNotFoundError:
        return False
    except OSError:  # something else is in place of the folder, or it is closed
        return True
    return True


def list_generators(cache: Path) -> list[str]:
    """Return the names of the generators that have a folder in a cache, sorted.

    Those that this user may not read are among them, and links that are not followed. Foreign
    folders are not, such as lost+found.
    """
    folders = [folder for folder in list_data_sets(cache) if is_numbered(folder)]
    return sorted(folder.name for folder in [*folders, *list_bad_links(cache)])


def is_numbered(folder: Path) -> bool:
    """Return whether a folder of a cache is a data set, or may be one that is closed."""
    try:
        return (folder / "numbers").is_dir()
    except PermissionError:  # its name is all that is known of it
        return is_name(folder.name) and folder != inputs_folder(folder.parent)
