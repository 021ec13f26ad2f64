"""Checks of samples: they can be made, of one form, and are the same wherever that is."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import SkipTest

from datagen_core.ranges import IntervalSet
from datagen_core.reading.param_set import ParamSet
from datagen_core.scheduling.comparing import KeptSamples
from datagen_core.scheduling.generate import generate
from datagen_core.scheduling.trials import Attempt, Fault, Imprint, Question, digest_samples
from datagen_core.testing.effects import find_difference
from datagen_core.testing.subject import Subject
from datagen_core.upkeep.verify import verify


def check_batches(subject: Subject) -> None:
    """Check that batches can be made."""
    fault = subject.try_forward().fault
    if fault is None or fault.kind in {"schema", "refused"}:
        return
    if fault.stage == "preflight" and fault.kind == "error":
        raise SkipTest("check preflight fails, see there")
    advice = {
        "load": "see check loading", "params": "pass others by params={...}",
        "preflight": "pass others by params={...}", "batch": "mend it, or pass other parameters",
    }  # fmt: skip
    raise subject.fail(f"{_name_batch(subject, fault)}: {fault.message}; {advice[fault.stage]}")


def _name_batch(subject: Subject, fault: Fault) -> str:
    if fault.start is None:
        return f"it makes no batch ({fault.stage})"
    size = subject.generator.batch_size
    return f"it does not make batch {fault.start // size} (samples from {fault.start})"


def check_schema(subject: Subject) -> None:
    """Check that several batches have the same fields."""
    fault = subject.try_forward().fault
    if fault is not None and fault.kind == "schema":
        raise subject.fail(
            f"{_name_batch(subject, fault)}: {fault.message}; give each field one type and shape, "
            "and declare them: schema=Schema({...})"
        )


def check_size(subject: Subject) -> None:
    """Check that a batch has as many samples as `size` says."""
    half = subject.generator.batch_size // 2
    if not half:
        return  # a batch is one sample
    with subject.open_trial() as trial:
        fault = trial.make(Question([0], subject.given, size=half)).fault
    if fault is not None and fault.kind != "refused":
        raise subject.fail(
            f"a batch of {half} samples instead of {subject.generator.batch_size}, as the last one "
            f"may be: {fault.message}; make as many as the argument `size` says"
        )


def check_repeatable(subject: Subject) -> None:
    """Check that another process makes the same bytes."""
    _require_bits(subject)
    first = subject.try_forward()
    second = subject.try_backward(first) if first.batches else first
    if not find_difference(first, second):
        return
    if found := find_difference(first, subject.try_forward(again=1)):
        raise subject.fail(
            f"{found} differs in another process; draw from `rng` only, and use no clock, no "
            "process number, no random generator of a module and no order of a set"
        )


def check_order(subject: Subject) -> None:
    """Check that what a process has made before does not matter."""
    first = subject.try_forward()
    found = find_difference(first, subject.try_backward(first)) if first.batches else ""
    if found:
        raise subject.fail(
            f"{found} depends on which batches its process made before; keep nothing between "
            "batches: no global variable, no random generator of a module, no argument with a "
            "changing default"
        )


def _require_bits(subject: Subject) -> None:
    declared = subject.generator.reproducible
    if declared == "no":
        raise SkipTest('it is declared reproducible="no"')


def check_jobs(subject: Subject) -> None:
    """Check that several jobs, and batches that are cut, give the same bytes."""
    _require_bits(subject)
    _refuse_private(subject)
    first, size = subject.try_forward().batches, subject.generator.batch_size
    there = sum(len(each) for imprint in first for each in list(imprint.digests.values())[:1])
    some = max(1, there - size // 2)  # which cuts the last batch
    cache = subject.folder / "jobs"
    with subject.own_configuration():
        generate(subject.source, some, subject.given, executor="local", njobs=2, cache=cache)
        made = generate(
            subject.source, there, subject.given, total=True, executor="inline", cache=cache
        )
    found = find_difference(Attempt(first), Attempt(tuple(_read_imprints(made, first))))
    if found:
        raise subject.fail(
            f"{found} depends on the job that makes it; let samples follow from parameters, `rng` "
            "and `start` alone, and declare variables of the environment: environment=[...]"
        )


def _read_imprints(made: ParamSet, first: tuple[Imprint, ...]) -> Iterator[Imprint]:
    kept = KeptSamples(made.paths, made.schema)
    for imprint in first:
        count = len(next(iter(imprint.digests.values())))
        rows = kept.read(IntervalSet([(imprint.start, imprint.start + count)]))
        digests: dict[str, list[str]] = {name: [] for name in imprint.digests}
        for part in rows:
            for name, found in digest_samples(part.columns).items():
                digests[name] += found
        yield imprint._replace(digests=digests)


def _refuse_private(subject: Subject) -> None:
    if subject.generator.is_private(subject.params):
        raise SkipTest("its samples are private, so none is made twice")


def check_verify(subject: Subject) -> None:
    """Check that `datagen verify --resample` finds the same samples."""
    _require_bits(subject)
    _refuse_private(subject)
    most = 2 * subject.generator.batch_size
    samples = min(most, subject.generator.limit_of(subject.params) or most)
    with subject.own_configuration():
        cache = subject.folder / "verify"
        made = generate(subject.source, samples, subject.given, executor="inline", cache=cache)
        found = verify(made, lambda: subject.generator, samples)
    if found.problems:
        raise subject.fail(
            f"datagen verify --resample {samples} fails in the process that made the samples: "
            f"{found.problems[0]}"
        )
