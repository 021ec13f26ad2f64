"""Command lines for messages: each one selects the parameter set that is meant, in its cache."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from datagen_core.generators.identity import format_assignments
from datagen_core.store.layout import SetPaths
from datagen_core.store.set_records import SetRecord


def command_for(paths: SetPaths, command: str, *words: object) -> str:
    """Return `datagen COMMAND GENERATOR …` for one set, which its digest selects.

    `words` follow the name of the generator.
    """
    root = paths.root
    return shlex.join([
        "datagen", command, root.parent.name, *map(str, words), "-p", root.name[-8:],
        "--cache", str(root.parent.parent),
    ])  # fmt: skip


def command_for_all(sets: Collection[SetPaths], command: str) -> str:
    """Return the command line for one set, or for all of its generator, or for the whole cache."""
    paths, folders = next(iter(sets)), {each.root.parent for each in sets}
    if len(set(sets)) == 1:
        return command_for(paths, command)
    name = [paths.root.parent.name] if len(folders) == 1 else []
    return shlex.join(["datagen", command, *name, "--cache", str(paths.root.parent.parent)])


def command_to_mend(data_set: Path, other: str | None = None) -> str:
    """Return the command line that joins a data set with that of another cache, or mends it."""
    cache = str(data_set.parent)
    return shlex.join(["datagen", "import", other or cache, data_set.name, "--cache", cache])


def command_to_make(
    paths: SetPaths, record: SetRecord, source: str, samples: int, *options: str
) -> str:
    """Return the command line that makes more samples of a set.

    It gives all parameters and the version, since they may change. `source` is what the generator
    is loaded by.
    """
    seed = ["--seed", str(record.seed)] if record.seed else []
    return shlex.join([
        "datagen", "generate", source or record.generator, "-n", str(samples),
        *format_assignments(record.params), *seed, "--generator-version", record.version, *options,
        "--cache", str(paths.root.parent.parent),
    ])  # fmt: skip
