"""Making a batch: the pure function from (generator, params, seed, batch) to samples."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from datagen_core.batches import batch_stream
from datagen_core.errors import GeneratorError
from datagen_core.generators.declarations import renamed_params
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.records import collect
from datagen_core.generators.schema import Columns, Schema, slice_columns
from datagen_core.ranges import Interval
from datagen_core.scheduling.known_sets import bind_record
from datagen_core.store.keys import derive_secret, read_key
from datagen_core.store.layout import SetPaths
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import grow_set

if TYPE_CHECKING:
    from datagen_core.generators.params import Params


@dataclass(frozen=True)
class BatchMaker:
    """Makes the samples of one parameter set. Which process makes them does not matter."""

    generator: DatasetGenerator
    record: SetRecord
    params: Params
    key: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, generator: DatasetGenerator, record: SetRecord, params: Params | None = None
    ) -> BatchMaker:
        """Bind a generator to a parameter set; `params` are the record's, where they are bound.

        Raises
        ------
        GeneratorError
            When the generator is not the one that began the set.
        CacheError
            When the set is private, and this user not its owner.
        """
        for what, now, begun in (
            ("version", generator.version, record.version),
            ("batch size", generator.batch_size, record.batch_size),
        ):
            if now != begun:
                raise GeneratorError(
                    f"{generator.name} has {what} {now}, but this parameter set was begun with "
                    f"{begun}; change it back, or raise `version` to begin a new set"
                )
        if params is None:
            params = bind_record(generator, record)
        if generator.is_private(params) != record.private:
            raise GeneratorError(
                f"{generator.name} declares these parameters "
                f"{'public' if record.private else 'private'} now, and did not when this parameter "
                "set was begun; change it back, or begin a new set with `datagen generate`"
            )
        return cls(generator, record, params, read_key(record) if record.private else None)

    def growing(self, paths: SetPaths) -> BatchMaker:
        """Record the parameters that the set has now and had not, before samples are made."""
        renamed = renamed_params(self.generator.params_type)
        record = grow_set(paths, self.record, self.params.canonical(), renamed)
        return replace(self, record=record)

    def make(self, piece: Interval, schema: Schema | None) -> tuple[Columns, Schema]:
        """Return the samples of `piece`, which lies in one batch, and their schema.

        The whole batch is made, since its samples share a stream; the rows asked for are kept. All
        that is random in a private set follows from its key.
        """
        size = self.record.batch_size
        batch = piece.start // size
        start = batch * size
        if self.record.limit is not None:
            size = min(size, self.record.limit - start)
        stream, secret = self._stream(batch), self._derive("secret", batch)
        _seed_global_generators(stream)
        rng = np.random.Generator(np.random.PCG64DXSM(stream))
        made = self.generator(size, self.params, rng, start, self.record.seed, secret)
        declared = self.declared_schema is not None
        columns, schema = collect(made, size, schema, start=start, declared=declared)
        return slice_columns(columns, piece.start - start, piece.stop - start), schema

    def _stream(self, batch: int) -> np.random.SeedSequence:
        secret = self._derive("stream", batch)
        if secret is None:
            return batch_stream(self.record.seed, self.record.digest, batch)
        return np.random.SeedSequence(np.frombuffer(secret, "<u4").tolist())

    def _derive(self, purpose: str, batch: int) -> bytes | None:
        if self.key is None:
            return None
        return derive_secret(self.key, purpose, self.record.digest, batch)

    @cached_property
    def declared_schema(self) -> Schema | None:
        """The schema that the generator declares for these parameters; None when it infers one."""
        return self.generator.schema_of(self.params)

    def first_schema(self) -> Schema:
        """Return the schema inferred from batch 0, which is the same in every process."""
        return self.make(Interval(0, 1), None)[1]


def _seed_global_generators(stream: np.random.SeedSequence) -> None:
    """Make a function reproducible that draws from the global generators."""
    words = stream.generate_state(8)
    np.random.seed(words)  # noqa: NPY002
    random.seed(words.tobytes())


@contextmanager
def preserved_global_generators() -> Iterator[None]:
    """Give the caller's process its global random state back afterwards."""
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
