"""What belongs to a set besides its samples: input files, results, views and frozen digests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from datagen_core.errors import CacheError, DamagedFileError
from datagen_core.files import hash_file
from datagen_core.generators.inputs import references_in
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store import forms
from datagen_core.store.columns import Piece
from datagen_core.store.derived import DerivedPaths, list_derived, newest_derived, record_use
from datagen_core.store.documents import copy_document
from datagen_core.store.folders import open_folder
from datagen_core.store.frozen import list_frozen
from datagen_core.store.layout import (
    SetPaths,
    inputs_folder,
    list_folders,
    list_names,
    list_shards,
)
from datagen_core.store.ledger import read_ledger
from datagen_core.store.publishing import publication
from datagen_core.store.set_records import SetRecord
from datagen_core.store.view_files import PART, ViewRecord, list_views, read_view
from datagen_core.upkeep.merging.files import (
    Carrier,
    Kind,
    Refusal,
    choose_files,
    inspect,
    open_file,
)

_NOTHING = IntervalSet()


def import_inputs(source: SetPaths, target: SetPaths, record: SetRecord) -> Iterator[Refusal]:
    """Keep the files that the parameters of a set refer to."""
    there, here = (inputs_folder(each.root.parent.parent) for each in (source, target))
    for reference in sorted(references_in(dict(record.params))):
        name = reference.removeprefix("sha256:")
        if not (here / name).exists():
            try:
                _import_input(there, here, name)
            except FileNotFoundError:  # whoever needs it is told so, as there
                pass
            except CacheError as error:
                reason = f"the input file {there / name} is damaged: {error}"
                yield Refusal(_NOTHING, reason)


def _import_input(there: Path, here: Path, name: str) -> None:
    with (
        open_folder(there, there, make=False) as folder,
        open_file(folder, name) as descriptor,
        publication(here / "tmp", here / name) as path,
    ):
        with open(descriptor, "rb", closefd=False) as reader, path.open("wb") as writer:
            shutil.copyfileobj(reader, writer)
        if hash_file(path) != name:
            raise DamagedFileError("its content is not what its name says")


def import_results(
    source: SetPaths, target: SetPaths, record: SetRecord, carrier: Carrier
) -> Iterator[Refusal]:
    """Keep the results of preprocessors, for the splits that hold their samples here by now."""
    there, here = read_ledger(source), read_ledger(target)
    for folder in list_folders(source.root / "derived"):
        split = there.current_name(forms.name(folder.name))
        place = target.derived(here.first_name(here.current_name(split)))
        for derived in list_derived(source, folder.name):
            try:
                yield from _import_derived(
                    derived, DerivedPaths(place / derived.root.name), record, carrier
                )
            except CacheError as error:
                yield Refusal(_NOTHING, str(error))
        _import_uses(source, folder.name, target, place.name)


def _import_derived(
    there: DerivedPaths, here: DerivedPaths, record: SetRecord, carrier: Carrier
) -> Iterator[Refusal]:
    name, schema = there.name, there.schema()
    temporary = here.root.parents[3] / "tmp"
    for document in ("code.json", "derived.json"):
        if (there.root / document).exists():
            copy_document(there.root / document, here.root / document, temporary)
    if (here.name, here.schema().to_json()) != (name, schema.to_json()):
        raise CacheError(f"{there.root} and {here.root} have results of different fields")
    kind = Kind(schema, record.generator, record.digest)
    pieces = (partial(_list_pieces, each.root) for each in (there, here))
    choice = choose_files(there.root.parents[3], kind, *pieces)
    yield from choice.damaged
    if choice.unequal:
        yield Refusal(choice.unequal, f"their results in {there.root} and {here.root} differ")
        return
    yield from carrier.carry(choice.taken, here.root, kind)


def _list_pieces(folder: Path) -> list[Piece]:
    return [Piece(file, folder, file) for file in list_shards(folder)]


def _import_uses(source: SetPaths, there: str, target: SetPaths, here: str) -> None:
    """Read results of a split under a preprocessor's name as there, unless it is known here."""
    for name in {derived.name for derived in list_derived(source, there)}:
        newest = newest_derived(source, there, name)
        if newest is not None and newest_derived(target, here, name) is None:
            copied = DerivedPaths(target.derived(here) / newest.root.name)
            if (copied.root / "derived.json").exists():
                record_use(target, here, copied)


def import_views(
    source: SetPaths, target: SetPaths, record: SetRecord, carrier: Carrier
) -> Iterator[Refusal]:
    """Keep the views, each of which is whole once its document is there."""
    for name in list_views(source):
        here = target.views / name
        try:
            view = read_view(source.views / name)
            if _is_missing(view, here):
                yield from _import_view(view, here, record, carrier)
        except (CacheError, FileNotFoundError) as error:
            yield Refusal(_NOTHING, str(error))


def _is_missing(view: ViewRecord, here: Path) -> bool:
    if not (here / "view.json").exists():
        return True
    if read_view(here).digest != view.digest:
        raise CacheError(f"{view.root} and {here} are views of different recipes")
    return False


def _import_view(
    view: ViewRecord, here: Path, record: SetRecord, carrier: Carrier
) -> Iterator[Refusal]:
    base, kind = view.root.parents[2], Kind(PART, record.generator, view.digest)
    refused: list[Refusal] = []
    for part, (users, _) in view.parts.items():
        file = Interval(0, users)
        piece = Piece(file, view.folder(part), file)
        with open_folder(base, piece.folder, make=False) as folder:
            look = inspect(folder, file, kind)
        refused += carrier.carry([(piece, look)], here / part, kind)
    yield from (Refusal(_NOTHING, each.reason) for each in refused)
    if not refused:
        copy_document(view.root / "view.json", here / "view.json", here.parents[2] / "tmp")


def import_frozen(source: SetPaths, target: SetPaths) -> None:
    """Keep the digests of frozen splits, each as it was, with the samples that they name."""
    list_frozen(source)  # all of them hold what they should
    for name in list_names(source.scattered):
        if name.endswith(".json"):
            copy_document(source.scattered / name, target.scattered / name, target.temporary)
    for name in list_names(source.frozen):
        if name.endswith(".json"):
            copy_document(source.frozen / name, target.frozen / name, target.temporary)
