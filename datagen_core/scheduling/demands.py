"""From what a user asks for to demands: bind parameters, find the set. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datagen_core.checks import check_kind
from datagen_core.errors import CacheError, ConfigurationError
from datagen_core.generators.code import code_of_generator
from datagen_core.generators.fingerprint import Code
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.params import Params
from datagen_core.generators.registry import (
    Loaded,
    load_generator,
    load_recorded,
    refuse_while_loading,
    source_of,
)
from datagen_core.ranges import MOST_SAMPLES, Interval
from datagen_core.scheduling.known_sets import KnownSets, bind_record, tell_renamed
from datagen_core.scheduling.provenance import gather_provenance
from datagen_core.store.folders import open_folder
from datagen_core.store.keys import read_key
from datagen_core.store.layout import SetPaths, check_name
from datagen_core.store.reservations import reserved_samples
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import read_set

MOST_POINTS = 100_000
"""A sweep over more parameter sets would take hours to begin, and is most likely a slip."""

_MOST_SEED = 10**1000
"""Python writes and reads no more than 4,300 digits."""


@dataclass(frozen=True)
class Demand:
    """What is asked for: a generator bound to parameters, seed and cache, and how many samples.

    Attributes
    ----------
    generator, params
        The generator and its bound parameters.
    source
        The name under which another process loads the generator; empty when none can.
    record, paths
        The parameter set and its files, begun or not.
    provenance, code
        How this demand came about, and what makes it; those of the record began the set.
    samples
        Number of samples to add, or the total to reach with `total`.
    notes
        What the user should be told of the parameters, a line each.
    news
        What the user should be told once: which parameters were renamed, and why a set is new.
    probe
        What a task does before its first batch; see `Plan.probe`.
    """

    generator: DatasetGenerator
    params: Params
    source: str
    record: SetRecord
    paths: SetPaths
    provenance: Mapping[str, Any]
    code: Code
    samples: int
    total: bool = False
    notes: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    probe: str | None = None

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ConfigurationError(f"cannot make {self.samples} samples; ask for at least one")

    @property
    def cache(self) -> Path:
        """The cache's folder."""
        return self.paths.root.parent.parent

    def made_by(self, code: Code) -> Demand:
        """Return the demand with other code, which a set that it begins has from its start."""
        if code.id == self.code.id:
            return self
        provenance = {**self.provenance, "code": code.id}
        is_new = self.record.provenance is self.provenance
        record = replace(self.record, provenance=provenance) if is_new else self.record
        return replace(self, code=code, provenance=provenance, record=record)

    def interval(self, reserved: int) -> Interval:
        """Return the indices to make when the first `reserved` ones are reserved already.

        Raises
        ------
        ConfigurationError
            When the parameter set cannot have that many.
        """
        stop = max(self.samples, reserved) if self.total else reserved + self.samples
        if stop > MOST_SAMPLES:
            raise ConfigurationError(
                f"a parameter set has at most 2**63 - 1 = {MOST_SAMPLES} samples, and {reserved} "
                "are made or reserved; ask for fewer"
            )
        limit = self.record.limit
        if limit is not None and stop > limit:
            raise ConfigurationError(
                f"with these parameters there are {limit} samples, {reserved} of them made or "
                f"reserved; ask for at most {limit - reserved} more"
            )
        return Interval(reserved, stop)


def load(generator: str | DatasetGenerator, folder: Path | None = None) -> Loaded:
    """Return a generator by its name, with the name under which other processes load it.

    Raises
    ------
    GeneratorError
        When there is no such generator, or its file is being loaded right now.
    """
    refuse_while_loading()
    form = 'a name, "path/to/file.py:name", or a function decorated with @datagen_core.generator()'
    check_kind("the generator", generator, (str, DatasetGenerator), form)
    if isinstance(generator, DatasetGenerator):
        return Loaded(generator, source_of(generator))
    return load_generator(generator, folder)


def make_demands(
    loaded: Loaded,
    points: Sequence[Mapping[str, Any] | Params | None],
    seed: int,
    cache: Path,
    samples: int,
    *,
    total: bool = False,
) -> list[Demand]:
    """Bind a generator to one parameter set after the other; equal ones count once.

    Raises
    ------
    ParamsError
        When the parameters do not fit.
    ConfigurationError
        For a negative or monstrous seed, fewer samples than one, or more points than 100,000.
    """
    if len(points) > MOST_POINTS:
        raise ConfigurationError(
            f"a sweep has at most {MOST_POINTS:,} parameter sets, not {len(points):,}; leave out "
            "values, or sweep over a part of them at a time"
        )
    if seed < 0:
        raise ConfigurationError(f"the seed is {seed}; use 0 or more")
    if seed > _MOST_SEED:
        raise ConfigurationError("the seed has more than 1,000 digits; use a smaller one")
    name = check_name(loaded.generator.name, "generator")
    demands = {}
    generator, code = loaded.generator, code_of_generator(loaded.generator)
    provenance = gather_provenance(loaded, code)
    sets = KnownSets(cache / name, generator, seed)
    for point in points:
        params = generator.params_type.bind(point, name)
        known = sets.find(params)
        paths, record = known or sets.describe_new(params, provenance)
        news = [
            *tell_renamed(generator, point),
            *([] if known else sets.explain_new(params, point)),
        ]
        demands[record.digest] = Demand(
            generator, params, loaded.source, record, paths, provenance, code, samples, total,
            generator.inspect(params, seed), tuple(news),
        )  # fmt: skip
    return list(demands.values())


def check_owner(demand: Demand) -> None:
    """Refuse to add to a private set of another user.

    Raises
    ------
    CacheError
        If its key is not here.
    """
    if demand.record.private and demand.paths.params.exists():
        read_key(demand.record)


def refuse_seconds(demands: Sequence[Demand]) -> None:
    """Remove private sets that were begun this moment where another process was first with each.

    Raises
    ------
    CacheError
        If there are any; the set of the other process is the one to go on with.
    """
    new = [each for each in demands if each.record.private and not reserved_samples(each.paths)]
    known: dict[tuple[Path, int], KnownSets] = {}
    seconds = []
    for demand in new:
        folder, seed = demand.paths.root.parent, demand.record.seed
        sets = known.setdefault((folder, seed), KnownSets(folder, demand.generator, seed))
        found = sets.find(demand.params)
        if found and found.paths != demand.paths:
            seconds.append(demand)
            with open_folder(folder, folder) as opened:
                opened.remove(demand.paths.root.name)
    if seconds:
        raise CacheError(
            f"another process has begun a private set of {seconds[0].generator.name} with these "
            "parameters at the same moment; run this again to go on with it"
        )


def renew_demand(paths: SetPaths, source: str, samples: int) -> Demand:
    """Return the demand of a run that was begun before; it loads code, which must be trusted.

    Raises
    ------
    NewerFormatError
        If a newer version began the set, and this one does not know all of its record.
    CacheError
        If the set is private, and this user not its owner.
    """
    generator, record = load_recorded(source).generator, read_set(paths, strict=True)
    params = bind_record(generator, record)
    code = code_of_generator(generator)
    demand = Demand(generator, params, source, record, paths, record.provenance, code, samples)
    check_owner(demand)
    return demand
