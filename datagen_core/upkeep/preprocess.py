"""Preprocessing a split; results that exist are not made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from datagen_core.errors import ChangedCodeError, GeneratorError, SchemaError, in_one_line
from datagen_core.generators.code import code_of
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.identity import sha256_of
from datagen_core.generators.live import is_bare
from datagen_core.generators.preprocessor import Preprocessor
from datagen_core.generators.records import collect
from datagen_core.generators.schema import Columns, Schema
from datagen_core.ranges import Interval, IntervalSet, cut_into_batches
from datagen_core.reading.param_set import ParamSet
from datagen_core.reading.samples import Samples
from datagen_core.store.derived import DerivedPaths, begin_derived, find_derived, record_use
from datagen_core.store.ledger import read_ledger
from datagen_core.store.shard_writer import ShardWriter

Maker = Callable[[IntervalSet], int]
"""Makes the results of some samples, where they are missing, and returns how many there were."""

_CHUNK = 1024
_FEW_RANGES = 64


def find_preprocessor(generator: DatasetGenerator, name: str) -> Preprocessor:
    """Return a generator's preprocessor.

    Raises
    ------
    GeneratorError
        If the generator has no preprocessor of that name.
    """
    if name not in generator.preprocessors:
        known = ", ".join(generator.preprocessors) or f"none; see @{generator.name}.preprocessor"
        raise GeneratorError(f"{generator.name} has no preprocessor {name!r}; it has {known}")
    return generator.preprocessors[name]


def preprocess(
    param_set: ParamSet,
    preprocessor: Preprocessor,
    split: str,
    n: int,
    report: Callable[[int], None] = lambda _: None,
) -> int:
    """Preprocess the first `n` samples of a split; return the number of new results.

    Results are kept under the preprocessor's name and the fingerprint of its code. When that
    changes, all results are made again, beside the old ones.

    Raises
    ------
    InsufficientSamplesError
        If the split has fewer samples.
    """
    wanted = param_set[split]._first(n)  # noqa: SLF001 (the split's own way to count)
    folder = read_ledger(param_set.paths).first_name(split)
    paths = _find_derived(param_set, preprocessor, folder)
    total = _make(param_set, preprocessor, paths, IntervalSet(wanted), report)
    record_use(param_set.paths, folder, paths)
    return total


def find_maker(param_set: ParamSet, derived: DerivedPaths, generator: DatasetGenerator) -> Maker:
    """Return what makes results again that are missing, by the code that has made the others.

    Raises
    ------
    GeneratorError
        If the generator has no such preprocessor.
    ChangedCodeError
        If its code is another one now.
    """
    preprocessor = find_preprocessor(generator, derived.name)
    split = derived.root.parent.name
    if _find_derived(param_set, preprocessor, split) != derived:
        raise ChangedCodeError(
            f"the code of {preprocessor.name} has changed since it made {derived.root}: put it "
            f"back, or put {split} through it as it is now: datagen preprocess"
        )
    return partial(_make, param_set, preprocessor, derived)


def _find_derived(param_set: ParamSet, preprocessor: Preprocessor, split: str) -> DerivedPaths:
    name, fingerprint = preprocessor.name, _fingerprint(preprocessor)
    return find_derived(param_set.paths, split, name, fingerprint, preprocessor.version)


def _make(
    param_set: ParamSet,
    preprocessor: Preprocessor,
    derived: DerivedPaths,
    wanted: IntervalSet,
    report: Callable[[int], None] = lambda _: None,
) -> int:
    """Make those results that are missing, of excluded samples too; return their number."""
    existing, done = derived.existing(), 0
    missing = wanted - existing
    planned = _fill_gaps(missing, param_set.existing - existing)
    folders, schema = param_set.paths.folders, param_set.schema
    source = Samples(str(param_set), folders, schema, planned.intervals)
    work = _Preprocessing(param_set, preprocessor, derived)
    for piece in cut_into_batches(planned, _CHUNK):
        work.add(piece, source._read(lambda part=piece: source._reader.read([part])))  # noqa: SLF001
        done += piece.size
        report(len(missing) * done // len(planned))
    work.finish()
    return len(missing)


def _fill_gaps(missing: IntervalSet, possible: IntervalSet) -> IntervalSet:
    """Return samples, with those between them where they lie scattered, as in a random split.

    A file holds the results of consecutive samples. A file for each few samples would cost more
    than results that nobody asked for, of which a split costs at most as many as there are samples.
    """
    if missing.ranges <= _FEW_RANGES:
        return missing
    blocks = ((low // _CHUNK * _CHUNK, -(-high // _CHUNK) * _CHUNK) for low, high in missing)
    return IntervalSet(blocks) & possible


def _fingerprint(preprocessor: Preprocessor) -> str:
    """Return that of its code; of several functions in one statement, that of their texts, too."""
    found = code_of(preprocessor.function).fingerprint
    bare = is_bare(preprocessor.function)
    return found if bare else sha256_of([found, preprocessor.version])


class _Preprocessing:
    """The state of one call of `preprocess`."""

    def __init__(
        self, param_set: ParamSet, preprocessor: Preprocessor, derived: DerivedPaths
    ) -> None:
        self._set, self._preprocessor, self._derived = param_set, preprocessor, derived
        self._schema = derived.schema(strict=True) if derived.existing() else None
        paths, record = param_set.paths, param_set.record
        self._writer = ShardWriter(derived.root, paths.temporary, record.generator, record.digest)

    def add(self, piece: Interval, columns: Columns) -> None:
        made, schema = self._apply(self._set.schema.present(columns), piece.start, piece.size)
        if self._schema is None:
            begin_derived(self._set.paths, self._derived, self._preprocessor.name, schema)
            self._schema = schema
        if self._writer.is_due(piece):
            self._writer.publish()
        self._writer.add(piece, made)

    def _apply(self, values: Any, start: int, size: int) -> tuple[Columns, Schema]:
        try:
            made = self._preprocessor(values, self._set.record.params)
            named = made if isinstance(made, dict | tuple | Iterator) else {"values": made}
            return collect(named, size, self._schema, start=start)
        except SchemaError:
            raise
        except Exception as error:
            raise GeneratorError(
                f"preprocessor {self._preprocessor.name}: {in_one_line(error)}"
            ) from error

    def finish(self) -> None:
        self._writer.publish()
