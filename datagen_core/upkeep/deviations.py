"""Samples made again that differ from those in files, and what else differs since then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from datagen_core.generators.code import code_of_generator
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.ranges import IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.scheduling.comparing import (
    Difference,
    KeptSamples,
    find_differences,
    make_anew,
)
from datagen_core.scheduling.history import changed_code, changed_machine
from datagen_core.scheduling.surroundings import limited_threads, threads_of
from datagen_core.store.codes import find_origins
from datagen_core.store.layout import SetPaths
from datagen_core.store.origins import Origin
from datagen_core.store.sets import check_known


class Deviation(NamedTuple):
    """A sample that differs when it is made again, and what else differs from when it was made.

    Attributes
    ----------
    sample, field
        Its index, and the first field that differs.
    code
        The functions, constants and versions of packages that changed; None where these are not
        known of the sample.
    machine
        What of the machine is another one; empty also where that is not known.
    expected
        Whether the generator declares that another machine makes other samples.
    """

    sample: int
    field: str
    code: list[str] | None
    machine: list[str]
    expected: bool = False

    @property
    def why(self) -> str:
        """The reason as far as it is known."""
        reasons = []
        if self.code is None:
            reasons += ["it is not known which code made it"]
        elif self.code:
            reasons += [f"its code changed: {', '.join(self.code)}"]
        if self.machine:
            reasons += [f"the machine is another one: {', '.join(self.machine)}"]
        return "; ".join(reasons) or (
            "neither code, versions nor machine differ from the record, so the generator is not "
            "deterministic, or reads what changed"
        )


def find_deviations(
    param_set: ParamSet, generator: DatasetGenerator, chosen: Iterable[int]
) -> Iterator[Deviation]:
    """Make samples again, all of a batch at once, and yield those that differ.

    Parameters
    ----------
    chosen
        The indices of samples that exist, in their order.

    Raises
    ------
    DatagenError
        If the generator does not make them now.
    """
    check_known(param_set.paths)
    paths = param_set.paths
    maker, kept = BatchMaker.of(generator, param_set.record), KeptSamples(paths, param_set.schema)
    history = _History(paths, generator)
    batch_size = param_set.record.batch_size
    for _, indices in groupby(chosen, key=lambda index: index // batch_size):
        samples = IntervalSet((index, index + 1) for index in indices)
        with limited_threads(threads_of(paths)):
            made = make_anew(maker, kept.schema, samples)
            # Explained inside, too: the machine is compared with the number of threads that it has.
            found = [history.explain(each) for each in find_differences(made, kept.read(samples))]
        yield from found


class _History:
    """Says what differs now from the record of who made samples, each of which is read once."""

    def __init__(self, paths: SetPaths, generator: DatasetGenerator) -> None:
        self._paths, self._code = paths, code_of_generator(generator)
        self._differs = generator.reproducible == "machine"
        self._found: dict[Origin, tuple[list[str] | None, list[str]]] = {}

    def explain(self, found: Difference) -> Deviation:
        sample = found.sample
        (origin,) = find_origins(self._paths, IntervalSet([(sample, sample + 1)]))
        key = origin._replace(start=0, stop=0)
        if key not in self._found:
            code = changed_code(self._paths, self._code, [origin])
            self._found[key] = code, changed_machine(self._paths, origin)
        code, machine = self._found[key]
        expected = self._differs and bool(machine) and not code
        return Deviation(sample, found.field, code, machine, expected)
