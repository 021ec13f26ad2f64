"""The probe: before other code adds to a set, it makes some samples anew, which must be equal.

It takes place in the process that asks for samples, before anything is reserved, or else in the job
before its first batch: where nobody waits, and where a batch is not known to be quick and jobs run
on other machines. Equal samples are evidence, not proof.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from datagen_core.batches import count_batches
from datagen_core.errors import ChangedCodeError, DatagenError
from datagen_core.executors.base import Executor, Job
from datagen_core.generators.fingerprint import Code
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.inputs import look_in
from datagen_core.generators.schema import Schema
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.scheduling.comparing import (
    Difference,
    KeptSamples,
    Rows,
    find_differences,
    make_anew,
)
from datagen_core.scheduling.demands import Demand, renew_demand
from datagen_core.scheduling.history import (
    changed_code,
    changed_machine,
    name_set,
)
from datagen_core.scheduling.plan import Settings, combine_resources
from datagen_core.scheduling.provenance import describe_machine
from datagen_core.scheduling.surroundings import limited_threads, search_last, threads_of
from datagen_core.store.codes import find_origins, has_made, keep_code
from datagen_core.store.layout import SetPaths, inputs_folder
from datagen_core.store.origins import Origin
from datagen_core.store.probes import Probe, is_mixed, keep_probe
from datagen_core.store.runs import Plan
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import existing_samples, read_schema
from datagen_core.store.timings import format_duration, mean_batch_seconds, read_timings
from datagen_core.streams import StdoutDiversion

COMPARE, ACCEPT = "compare", "accept"
"""What a task does before its first batch; see `Plan.probe`."""

WAYS = (
    "raise `version` to begin a new set, put the code back, or go on with --accept-code "
    "(accept_code=True), which marks the set as mixed"
)

QUICK_SECONDS = 10.0
"""A batch that takes longer is not made on the machine that submits jobs to others."""

COSTLY_SHARE, COSTLY_SECONDS = 0.1, 1.0
"""A probe above this share of the work, and this long, is not silent."""

_START_SECONDS, _LEAST_PATIENCE = 30.0, 600.0
"""How long tasks wait for the one that makes the probe to begin, and at least to end."""


def is_settled(paths: SetPaths, code_id: str) -> bool:
    """Return whether a code may add to a set: it made samples of it, or was probed or accepted."""
    if not existing_samples(paths) or paths.probe(code_id).exists():
        return True
    return has_made(paths, code_id)


def settle(
    demands: Sequence[Demand], work: Sequence[IntervalSet], executor: Executor, settings: Settings
) -> list[Demand]:
    """Return demands whose code may add to their sets, or is probed by their tasks first.

    Parameters
    ----------
    work
        The samples that each demand is to make.

    Raises
    ------
    ChangedCodeError
        When samples made anew differ, cannot be compared, or would take too long to be silent.
    """
    open_ones = [
        demand
        for demand, samples in zip(demands, work, strict=True)
        if samples and not is_settled(demand.paths, demand.code.id)
    ]
    if not open_ones:
        return list(demands)
    if settings.accept_code:
        settled: dict[SetPaths, str | None] = {demand.paths: ACCEPT for demand in open_ones}
    else:
        costs = [_Cost.of(demand) for demand in open_ones]
        if not settings.probe:
            silent = [c for c in costs if not _forbid(c.demand.generator, c.demand.record)]
            _refuse_costly(silent, sum(map(_count, demands, work)))
        settled = {cost.demand.paths: _settle(cost, executor, settings) for cost in costs}
        here = [cost.demand for cost in costs if settled[cost.demand.paths] is None]
        if executor.in_process:
            _probe_here(here)
        elif here:
            _probe_apart(here, settings)
    return [replace(demand, probe=settled.get(demand.paths)) for demand in demands]


def _count(demand: Demand, samples: IntervalSet) -> int:
    return count_batches(samples, demand.record.batch_size)


@dataclass(frozen=True)
class _Cost:
    """What a probe takes: batches, and the mean time of one where that is known."""

    demand: Demand
    batches: int
    seconds: float | None

    @classmethod
    def of(cls, demand: Demand) -> _Cost:
        chosen = choose_batches(demand.paths, demand.record.batch_size)
        return cls(demand, len(chosen), mean_batch_seconds(read_timings(demand.paths)))

    @property
    def total(self) -> float:
        return self.batches * (self.seconds or 0.0)


def _refuse_costly(costs: Sequence[_Cost], work: int) -> None:
    """Refuse to probe for long unasked; sets of which nothing is known cost like the others."""
    known = [cost.seconds for cost in costs if cost.seconds is not None]
    if not known:
        return
    total, share = sum(cost.total for cost in costs), sum(c.batches for c in costs) / work
    if total > COSTLY_SECONDS and share > COSTLY_SHARE:
        demand = costs[0].demand
        raise ChangedCodeError(
            f"{_describe_change(demand.paths, demand.code)}; to make existing samples anew, which "
            f"shows whether that matters, takes about {format_duration(total)}, {share:.0%} of the "
            "work asked for: allow it with --probe (probe=True), or go on without with "
            "--accept-code (accept_code=True), which marks the set as mixed"
        )


def _settle(cost: _Cost, executor: Executor, settings: Settings) -> str | None:
    demand = cost.demand
    is_quick = cost.seconds is not None and cost.seconds <= QUICK_SECONDS
    here = settings.wait and (executor.ends_with_caller or is_quick)
    if not here and not executor.in_process and not _forbid(demand.generator, demand.record):
        return COMPARE
    return None


def _probe_here(demands: Sequence[Demand]) -> None:
    for demand in demands:
        look_in(inputs_folder(demand.cache))
        maker = BatchMaker.of(demand.generator, demand.record, demand.params)
        with limited_threads(threads_of(demand.paths)):
            probe(maker, demand.paths, demand.code)


def _probe_apart(demands: Sequence[Demand], settings: Settings) -> None:
    """Probe sets of one generator in a process like a worker's: what ends it does not end this one.

    Its number of threads is a worker's, too, which may change the last bits of a result.
    """
    first = demands[0]
    resources = combine_resources(first.generator, settings.resources)
    job = Job((), resources, 1, waiting=True, work=print, threads=threads_of(first.paths))
    sets = [str(demand.paths.root) for demand in demands]
    done = subprocess.run(  # noqa: S603 (our own module, no shell)
        [sys.executable, *["-O"] * sys.flags.optimize, "-P", "-m", __name__],
        input=json.dumps({"source": first.source, "code": first.code.id, "sets": sets}).encode(),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **job.environment},
        check=False,
    )  # fmt: skip
    try:
        error = json.loads(done.stdout)["error"]
    except ValueError:
        change = _describe_change(first.paths, first.code)
        error = (
            f"{change}; the process that makes samples anew ends with exit code {done.returncode}; "
            f"{WAYS}"
        )
    if error:
        raise ChangedCodeError(error, whole_set=True)


def main() -> None:
    """Probe the sets that standard input names, and print the first error as JSON."""
    answer = StdoutDiversion()  # what a generator prints goes elsewhere
    search_last()
    error = ""
    try:
        _probe_asked(**json.load(sys.stdin))
    except DatagenError as problem:
        error = str(problem)
    answer.write(json.dumps({"error": error}))


def _probe_asked(source: str, code: str, sets: Sequence[str]) -> None:
    for root in sets:
        demand = renew_demand(SetPaths(Path(root)), source, 1)
        if demand.code.id != code:
            raise ChangedCodeError(
                f"a file of {demand.generator.name} was edited after this session had loaded it; "
                "restart Python, or reload the module"
            )
        _probe_here([demand])


def settle_in_task(plan: Plan, task: int, maker: BatchMaker, code: Code) -> None:
    """Probe in a job before its first batch; one task does it, and the others wait for it.

    Raises
    ------
    ChangedCodeError
        When samples made anew differ, or cannot be compared; for the whole set.
    """
    paths = plan.run.set
    keep_code(paths, code)
    if is_settled(paths, code.id):
        return
    if plan.probe == ACCEPT:
        accept(paths, code.id)
    elif task == 0 or not _hear_of_first(plan, code):
        probe(maker, paths, code)


def accept(paths: SetPaths, code_id: str) -> None:
    """Let a code go on with a set as it is, which is mixed from then on."""
    if not is_settled(paths, code_id):
        against = _codes_of(find_origins(paths, existing_samples(paths)))
        keep_probe(paths, Probe(code_id, against, accepted=True))


def _codes_of(origins: Sequence[Origin]) -> tuple[str, ...]:
    return tuple(sorted({origin.code for origin in origins}))


def _hear_of_first(plan: Plan, code: Code) -> bool:
    """Wait for what the first task finds; return False if it finds nothing for this code.

    Raises
    ------
    ChangedCodeError
        What the first task has raised.
    """
    begun, pause = time.monotonic(), 0.1
    mean = mean_batch_seconds(read_timings(plan.run.set)) or 0.0
    while not plan.run.set.probe(code.id).exists():
        events = plan.events(0)
        for event in events:
            if event.get("whole_set"):
                raise ChangedCodeError(event["message"], whole_set=True)
        has_ended = any(event["event"] in {"code", "end"} for event in events)
        patience = max(_LEAST_PATIENCE, 10 * mean) if events else _START_SECONDS
        if has_ended or time.monotonic() - begun > patience:
            return plan.run.set.probe(code.id).exists()
        time.sleep(pause)
        pause = min(1.3 * pause, 5.0)
    return True


def probe(maker: BatchMaker, paths: SetPaths, code: Code) -> None:
    """Make batches of a set anew, and record that they are equal.

    Raises
    ------
    ChangedCodeError
        When they are not, cannot be made, or are declared never to be.
    """
    if why := _forbid(maker.generator, maker.record):
        raise ChangedCodeError(
            f"{_describe_change(paths, code)}; whether that matters cannot be found out, since "
            f"{why}; {WAYS}",
            whole_set=True,
        )
    schema = read_schema(paths, strict=True) or Schema({})
    kept, compared = KeptSamples(paths, schema), IntervalSet()
    for samples in choose_batches(paths, maker.record.batch_size):
        if reason := _find_reason(maker, paths, kept, samples):
            change = _describe_change(paths, code, samples)
            raise ChangedCodeError(f"{change}; {reason}", whole_set=True)
        compared |= samples
    keep_code(paths, code)
    against = _codes_of(find_origins(paths, compared))
    keep_probe(paths, Probe(code.id, against, samples=compared, machine=describe_machine()))


def _forbid(generator: DatasetGenerator, record: SetRecord) -> str:
    """Return why samples of a set are not made anew; empty if they may be."""
    if record.private:
        return "private samples are never made again"
    return 'the generator declares reproducible="no"' if generator.reproducible == "no" else ""


def choose_batches(paths: SetPaths, size: int) -> list[IntervalSet]:
    """Return the existing samples of the first and the last batch; of a mixed set, the last."""
    existing = existing_samples(paths)
    first, last = existing.intervals[0].start // size, (existing.intervals[-1].stop - 1) // size
    numbers = {last} if is_mixed(paths) else {first, last}
    return [existing & IntervalSet([(n * size, (n + 1) * size)]) for n in sorted(numbers)]


def _find_reason(
    maker: BatchMaker, paths: SetPaths, kept: KeptSamples, samples: IntervalSet
) -> str:
    """Return why samples made anew are not those in files; empty if they are."""
    try:
        made = make_anew(maker, kept.schema, samples)
    except DatagenError as error:
        return f"{error}; {WAYS}"
    found = next(find_differences(made, kept.read(samples)), None)
    return "".join(_explain(maker, paths, kept, made, found)) if found else ""


def _explain(
    maker: BatchMaker, paths: SetPaths, kept: KeptSamples, made: Rows, found: Difference
) -> Iterator[str]:
    yield f"sample {found.sample} made anew differs in field {found.field}"
    rows = IntervalSet([(made.first, made.first + made.count)])
    with suppress(DatagenError):
        again = make_anew(maker, kept.schema, rows)
        if next(find_differences(made, [again]), None) is not None:
            yield ", and from the next attempt too: the generator is not deterministic"
    for origin in find_origins(paths, IntervalSet([(found.sample, found.sample + 1)])):
        if machine := ", ".join(changed_machine(paths, origin)):
            is_known = maker.generator.reproducible == "machine"
            why = 'is, since it declares reproducible="machine"' if is_known else "may be"
            yield f"; that the machine is another one {why} a reason, too ({machine})"
    yield f"; {WAYS}"


def _describe_change(paths: SetPaths, code: Code, samples: IntervalSet | None = None) -> str:
    """Return which set other code made, and what of it changed."""
    origins = find_origins(paths, samples or existing_samples(paths))
    changes = changed_code(paths, code, origins)
    what = "of which an earlier version kept no record" if changes is None else ", ".join(changes)
    return f"{name_set(paths)} was made by other code{' ' if changes is None else ': '}{what}"


if __name__ == "__main__":
    main()
