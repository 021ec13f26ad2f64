"""Planted faults: each breaks one promise of the engine in the process that calls it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from datagen_core.scheduling import batches
from datagen_core.store import documents, ledger, open_folders, publishing, shards
from datagen_core.store.assignments import Ledger
from datagen_core.store.layout import SetPaths


def _write_in_place() -> None:
    @contextmanager
    def publication(folder: Path, final: Path, **_: object) -> Iterator[Path]:
        final.parent.mkdir(parents=True, exist_ok=True)
        yield final

    shards.publication = publication


def _share_temporary_names() -> None:
    def create(folder: open_folders.Folder, name: str, mode: int = 0o666) -> int:
        return os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode, dir_fd=folder.descriptor)

    publishing.temporary_name = "{}.tmp".format
    open_folders.Folder.create = create  # type: ignore[method-assign]


def _forget_the_seed() -> None:
    batches.batch_stream = lambda *_: np.random.SeedSequence()


def _replace_generations() -> None:
    def publish(path: Path, content: Mapping[str, Any], folder: Path) -> bool:
        text = documents.json.dumps({**content, "checksum": documents.sha256_of(content)})
        with publishing.drafting(folder, path) as draft:
            draft.write(text.encode())
            draft.replace()
        return True

    ledger.publish_document = publish
    ledger.is_recorded = lambda *_: True


def _ignore_the_newest_generation() -> None:
    read = ledger.read_ledger
    ledger.read_ledger = lambda paths: Ledger(read(paths).generation)
    ledger.is_recorded = lambda *_: True


def _remove_spent_generations() -> None:
    def spend(paths: SetPaths, newest: int) -> None:
        for number in paths.generations():
            if number <= newest - ledger.KEPT_GENERATIONS:
                paths.generation(number).unlink(missing_ok=True)

    ledger._spend = spend


MUTANTS: dict[str, Callable[[], object]] = {
    "none": lambda: None,
    "write in place": _write_in_place,
    "shared temporary name": _share_temporary_names,
    "missing seed": _forget_the_seed,
    "move overwrites the newest generation": _replace_generations,
    "move ignores the newest generation": _ignore_the_newest_generation,
    "spent numbers are free again": _remove_spent_generations,
}
