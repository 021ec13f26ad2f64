"""Batches that are tried in a process of their own, which says what became of them and ends.

For those who look at a generator before it is used: what it breaks, it breaks there. Nothing is
written, and no batch is kept: what comes back is an imprint, enough to see whether two batches are
equal, and where they are not.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Timer
from typing import Any, Literal, NamedTuple, Self

import numpy as np

from datagen_core.errors import (
    DatagenError,
    GeneratorError,
    MissingPackageError,
    RefusedSampleError,
    SchemaError,
    as_line,
    in_one_line,
    shorten,
)
from datagen_core.executors.processes import describe_exit
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.params import Params
from datagen_core.generators.registry import load_recorded
from datagen_core.generators.schema import Columns, Schema, slice_columns, without_measured
from datagen_core.ranges import Interval
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.scheduling.known_sets import KnownSets
from datagen_core.scheduling.surroundings import search_last
from datagen_core.store.set_records import SetRecord
from datagen_core.store.shard_columns import columns_checksum
from datagen_core.streams import StdoutDiversion

Stage = Literal["load", "params", "preflight", "batch"]
Kind = Literal["error", "needs", "refused", "schema", "died", "slow"]

_NOWHERE = "/nowhere"
_KEY = bytes(32)
"""What stands in for the key of a private set, so that its samples can be compared."""


class Imprint(NamedTuple):
    """What a batch is, without its values.

    Attributes
    ----------
    start
        The index of its first sample.
    schema
        Its fields, as `Schema.to_json` has them.
    digests, values
        By field a digest of each sample, without what is measured, and the beginning of its value.
    """

    start: int
    schema: list[dict[str, Any]]
    digests: dict[str, list[str]]
    values: dict[str, list[str]]


class Fault(NamedTuple):
    """Why a batch was not made.

    Attributes
    ----------
    stage
        How far it came: loading the generator, binding the parameters, `preflight`, the batch.
    kind
        "error" for an exception, "schema" for samples that do not fit, "refused" for samples that
        the generator refuses, "needs" for an error that a `DatagenError` explains or a package that
        is missing, "died" and "slow" for the process.
    message
        One line.
    start
        The index of the first sample of the batch; None before there is one.
    """

    stage: Stage
    kind: Kind
    message: str
    start: int | None = None


class Attempt(NamedTuple):
    """Batches that were made, and why the next one was not."""

    batches: tuple[Imprint, ...] = ()
    fault: Fault | None = None


@dataclass(frozen=True)
class Question:
    """Which batches a process makes, and of what.

    Attributes
    ----------
    batches
        Their numbers, in the order in which they are made.
    params
        Values of parameters, in JSON types.
    changed
        Values of parameters that differ from those from which the random streams follow.
    size
        Number of samples of a batch, where it is not the generator's.
    schema
        The fields to which batches must keep; None to infer them from the first one.
    """

    batches: Sequence[int] = (0,)
    params: Mapping[str, Any] | None = None
    changed: Mapping[str, Any] | None = None
    size: int | None = None
    schema: list[dict[str, Any]] | None = None


class Trial:
    """A process that has loaded a generator and makes batches; a context manager.

    Parameters
    ----------
    source
        The name by which the generator is loaded.
    seconds
        How long one answer may take.
    folder, variables
        Working directory and environment variables of the process, besides those of this one.
    """

    def __init__(
        self,
        source: str,
        seconds: float,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._seconds, self._is_late = seconds, False
        self._stage: Stage = "load"
        self._process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
            [sys.executable, *["-O"] * sys.flags.optimize, "-P", "-m", __name__, source],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, **(variables or {})}, cwd=folder, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._process.communicate()

    def _end(self) -> None:
        """End the process, and those that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def make(self, question: Question = Question()) -> Attempt:
        """Make batches one after the other, up to one that cannot be made."""
        timer = Timer(self._seconds, self._give_up)
        timer.start()
        try:
            return _read_attempt(self._ask(question))
        except ValueError:  # no answer, or half of one
            return Attempt((), self._explain())
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._is_late = True
        self._end()

    def _ask(self, question: Question) -> Any:
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise ValueError
        if self._stage == "load":
            json.loads(answers.readline())
            self._stage = "batch"
        with suppress(BrokenPipeError):
            asked.write(f"{json.dumps(asdict(question))}\n".encode())
            asked.flush()
        return json.loads(answers.readline())

    def _explain(self) -> Fault:
        code = self._process.wait()
        if self._is_late:
            return Fault(self._stage, "slow", f"it takes more than {self._seconds:g} s")
        return Fault(self._stage, "died", describe_exit(code))


def _read_attempt(answer: Mapping[str, Any]) -> Attempt:
    fault = answer["fault"]
    batches = (Imprint(*each) for each in answer["batches"])
    return Attempt(tuple(batches), Fault(*fault) if fault else None)


def batches_of(generator: DatasetGenerator, params: Params, most: int) -> list[int]:
    """Return the numbers of the first batches of a parameter set, which may have few samples."""
    limit = generator.limit_of(params)
    there = most if limit is None else -(-limit // generator.batch_size)
    return list(range(min(most, there)))


def main() -> None:
    """Answer questions from standard input about the generator that the first argument names."""
    answer = StdoutDiversion()  # what a generator prints goes elsewhere
    search_last()
    generator: DatasetGenerator | None = None
    fault = None
    try:
        generator = load_recorded(sys.argv[1]).generator
    except BaseException as error:  # its module may do anything
        fault = _fault_of("load", error)
    answer.write("{}\n")
    for line in sys.stdin:
        question = Question(**json.loads(line))
        found = _Maker(generator, question).attempt() if generator else Attempt((), fault)
        answer.write(f"{json.dumps(found._asdict())}\n")


class _Maker:
    """Makes the batches of a question, here."""

    def __init__(self, generator: DatasetGenerator, question: Question) -> None:
        self.generator, self.question = generator, question
        self.stage: Stage = "params"
        self.start: int | None = None
        self.made: list[Imprint] = []

    def attempt(self) -> Attempt:
        try:
            for imprint in self._make_all():
                self.made.append(imprint)
        except (Exception, SystemExit) as error:  # a generator may fail in any way
            return Attempt(tuple(self.made), _fault_of(self.stage, error, self.start))
        return Attempt(tuple(self.made))

    def _make_all(self) -> Iterator[Imprint]:
        given = self.question.schema
        schema = Schema.from_json(given) if given else None
        maker = self._prepare()
        self.stage = "batch"
        for batch in self.question.batches:
            size = maker.record.batch_size
            self.start = batch * size
            stop = min(self.start + size, maker.record.limit or self.start + size)
            columns, schema = maker.make(
                Interval(self.start, stop), maker.declared_schema or schema
            )
            yield _imprint(self.start, columns, schema)

    def _prepare(self) -> BatchMaker:
        generator, question = self.generator, self.question
        values = dict(question.params or {})
        base = generator.params_type.bind(values, generator.name)
        params = generator.params_type.bind({**values, **(question.changed or {})}, generator.name)
        self.stage = "preflight"
        generator.inspect(params, 0)
        record = _record_of(generator, base)
        record = replace(
            record,
            batch_size=question.size or record.batch_size,
            limit=generator.limit_of(params),
        )
        return BatchMaker(generator, record, params, _KEY if generator.is_private(params) else None)


def _record_of(generator: DatasetGenerator, params: Params) -> SetRecord:
    """Return the record of a set that no cache has; a private one is the same each time."""
    _, record = KnownSets(Path(_NOWHERE), generator, 0).describe_new(params, {})
    return replace(record, digest=generator.digest_of(params)) if record.private else record


def _imprint(start: int, columns: Columns, schema: Schema) -> Imprint:
    compared = without_measured(columns, schema)
    count = len(next(iter(columns.values())))
    values = {name: [_shown(column[place]) for place in range(count)]
              for name, column in compared.items()}  # fmt: skip
    return Imprint(start, schema.to_json(), digest_samples(compared), values)


def digest_samples(columns: Columns) -> dict[str, list[str]]:
    """Return by field a digest of each sample."""
    return {
        name: [
            columns_checksum(slice_columns({name: column}, place, place + 1))
            for place in range(len(column))
        ]
        for name, column in columns.items()
    }


def _shown(value: Any) -> str:
    """Return the beginning of a value, for people."""
    if isinstance(value, np.ndarray) and value.ndim:
        first = ", ".join(str(each) for each in value.ravel()[:3].tolist())
        return f"[{shorten(first)}{', …' if value.size > 3 else ''}]"
    return shorten(str(value))


def _fault_of(stage: Stage, error: BaseException, start: int | None = None) -> Fault:
    kind: Kind = "error"
    if isinstance(error, RefusedSampleError):
        kind = "refused"
    elif isinstance(error, SchemaError):
        kind = "schema"
    elif isinstance(error, MissingPackageError) or (stage != "load" and is_advice(error)):
        kind = "needs"
    told = str(error) if isinstance(error, DatagenError) else in_one_line(error)
    return Fault(stage, kind, as_line(f"{told}{_place_of(error)}"), start)


def is_advice(error: BaseException) -> bool:
    """Return whether an error says what to do: one that only names another exception does not."""
    is_wrapped = isinstance(error, GeneratorError) and error.__cause__ is not None
    return isinstance(error, DatagenError) and not is_wrapped


def _place_of(error: BaseException) -> str:
    """Return where the user's code raised an error that is no line for the user."""
    if isinstance(error, DatagenError):
        return ""
    core = str(Path(__file__).parents[1])
    frames = traceback.extract_tb(error.__traceback__)
    outside = [frame for frame in frames if not frame.filename.startswith(core)]
    last = outside[-1] if outside else None
    return f" ({Path(last.filename).name}, line {last.lineno})" if last else ""


if __name__ == "__main__":
    main()
