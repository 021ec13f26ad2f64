"""The format `hf` of `datagen export`: a folder that `datasets.load_dataset` opens without code.

It holds Parquet files, `data/train-00000-of-00004.parquet`, with the types of `datasets` in them; a
README.md with the metadata of a repository of Hugging Face; and a Croissant document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from datagen_core.cards.croissant import DataFile, describe
from datagen_core.cards.markdown import write_readme
from datagen_core.errors import ConfigurationError, SelectionError
from datagen_core.files import hash_file, require
from datagen_core.generators.schema import Columns, Field, Schema
from datagen_core.reading.samples import Samples
from datagen_core.reading.tables import (
    Selection,
    cut,
    ends_of_shards,
    label_samples,
    read_layout,
    set_columns,
)


def write_hf(
    path: Path,
    selection: Selection,
    *,
    fields: str = "",
    shards: str = "1",
    licence: str = "",
    summary: str = "",
) -> dict[str, int]:
    """Write a folder for Hugging Face's `datasets`, with a split for each split or part.

    A row is a sample, with its index in the column `sample`; samples of several sets have the
    columns of `datagen_core.reading.set_columns`, and those of a view the user's name.

    Parameters
    ----------
    fields
        The fields that are written, with commas between them; all if empty.
    shards
        The number of files of each split, or as many as it has samples.
    licence
        The licence as Hugging Face names it, such as "mit".
    summary
        What the samples are, in a sentence.

    Returns
    -------
    counts
        The number of samples in each split.

    Raises
    ------
    MissingPackageError
        If datasets is not installed (extra `hf`).
    ConfigurationError
        If it cannot hold a field, two splits would have one name, or `shards` is not a number.
    SelectionError
        If there is no such field, or sets differ in their fields.
    """
    require("datasets", "hf")
    layout = read_layout({"fields": fields, "shards": shards})
    chosen = _by_split(selection).only(*layout.fields)
    folder = _Folder(path, chosen, layout.shards)
    folder.write()
    sets = [each.param_set for each in chosen.sets]
    counts = folder.counts
    patterns = {split: [f"data/{split}-*.parquet"] for split in counts}
    readme = write_readme(
        sets, patterns, sum(counts.values()),
        columns=list(folder.columns), summary=summary, licence=licence,
    )  # fmt: skip
    (path / "README.md").write_text(readme, encoding="utf-8")
    document = describe(sets, folder.files, folder.columns, summary=summary, licence=licence)
    (path / "croissant.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    return counts


write_hf.takes_several_sets = True  # type: ignore[attr-defined]  # see `datagen_core.upkeep.export`


def _by_split(selection: Selection) -> Selection:
    """Return the same samples with a part for each split, where all were selected."""
    if selection.view is not None or selection.parts.keys() != {"all"}:
        return selection
    parts = {name: split for name, split in selection.param_set.items() if len(split)}
    return replace(selection, parts=parts, more=tuple(map(_by_split, selection.more)))


def _split_names(selection: Selection) -> dict[str, str]:
    """Return the name of each split among those of `datasets`: letters, digits and `_`."""
    names: dict[str, str] = {}
    for part in dict.fromkeys(part for each in selection.sets for part in each.parts):
        name = re.sub(r"\W", "_", part, flags=re.ASCII)
        if name in names.values():
            raise ConfigurationError(
                f"two splits would be called {name!r} in datasets; export one of them with --split"
            )
        names[part] = name
    return names


@dataclass
class _Block:
    """The rows of consecutive samples, and the number of their file."""

    shard: int
    columns: Columns


class _Folder:
    """Writes the Parquet files of a selection.

    Attributes
    ----------
    counts
        The number of samples written of each split.
    files
        What was written.
    columns
        The columns of all files.
    """

    def __init__(self, path: Path, selection: Selection, shards: int) -> None:
        self._path, self._selection, self._shards = path, selection, shards
        self._front = set_columns(selection)
        self.counts: dict[str, int] = {}
        self.files: list[DataFile] = []
        self.columns: dict[str, Field] = {}
        self._done = 0

    def write(self) -> None:
        """Write all files."""
        (self._path / "data").mkdir(parents=True)
        for part, name in _split_names(self._selection).items():
            sources = [
                (place, each.parts[part])
                for place, each in enumerate(self._selection.sets)
                if part in each.parts
            ]
            self.counts[name] = sum(len(samples) for _, samples in sources)
            shards = min(self._shards, self.counts[name])
            for shard, blocks in groupby(
                self._blocks(sources, shards), key=lambda each: each.shard
            ):
                file = f"data/{name}-{shard:05}-of-{shards:05}.parquet"
                self._write_file(file, (block.columns for block in blocks))

    def _blocks(self, sources: list[tuple[int, Samples]], shards: int) -> Iterator[_Block]:
        total = sum(len(samples) for _, samples in sources)
        ends = ends_of_shards(total, shards)
        done = 0
        for place, samples in sources:
            for shard, start, stop in cut(samples, ends, done):
                positions = np.arange(start, stop)
                yield _Block(shard, self._rows(place, samples, positions))
                self._done += stop - start
                self._selection.progress(self._done, self._selection.count)
            done += len(samples)

    def _rows(self, place: int, samples: Samples, positions: Any) -> Columns:
        columns: Columns = dict(self._front.of(place, len(positions)))
        columns |= label_samples(samples, positions)
        columns |= samples.schema.by_field(samples.take(positions))
        fields = samples.schema.fields
        found = {name: fields.get(name) or _field_of(column) for name, column in columns.items()}
        if self.columns and found != self.columns:
            other = next(iter(found.items() ^ self.columns.items()))[0]
            raise SelectionError(
                f"{self._selection.sets[place].param_set} has another type of {other} than the "
                "first parameter set, or lacks it; export it alone, with -p"
            )
        self.columns = found
        return columns

    def _write_file(self, name: str, blocks: Iterator[Columns]) -> None:
        parquet = require("pyarrow.parquet", "hf")
        from datagen_core.reading.hugging_face import typed_table  # imports datasets

        path, schema = self._path / name, Schema(self.columns)
        first = typed_table(schema, [next(blocks)])
        with path.open("wb") as file, parquet.ParquetWriter(file, first.schema) as writer:
            writer.write_table(first)
            for columns in blocks:
                writer.write_table(typed_table(schema, [columns]))
        self.files.append(DataFile(name, hash_file(path), path.stat().st_size))


def _field_of(column: Any) -> Field:
    return Field(str if column.dtype == object else column.dtype)
