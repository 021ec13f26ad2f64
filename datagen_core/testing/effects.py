"""Whether each parameter changes something: with other values, and the same random stream."""

from __future__ import annotations

from typing import Any

from datagen_core.errors import shorten
from datagen_core.scheduling.trials import Attempt, Imprint, Question, Trial
from datagen_core.testing.other_values import Parameter
from datagen_core.testing.subject import Subject


def check_parameters(subject: Subject) -> None:
    """Check that each parameter changes something, or is declared as ignored."""
    known = {parameter.name for parameter in subject.parameters}
    if unknown := sorted({*subject.ignored, *subject.others} - known):
        has = ", ".join(sorted(known))
        raise subject.fail(f"it has no parameter {unknown[0]!r}; it has: {has}")
    base = subject.try_forward().batches
    with subject.open_trial() as trial:
        for parameter in subject.parameters:
            _check_parameter(subject, parameter, base, trial)


def _check_parameter(
    subject: Subject, parameter: Parameter, base: tuple[Imprint, ...], trial: Trial
) -> None:
    name, is_ignored = parameter.name, parameter.name in subject.ignored
    same, faults = [parameter.value], list[str]()
    for value, changed, _ in subject.alternatives(parameter):
        attempt = _change(subject, changed, base, trial)
        found = find_difference(Attempt(base), attempt) if attempt.fault is None else ""
        if found and is_ignored:
            raise subject.fail(
                f"{parameter.show(value)} changes {found}, although it is declared as ignored; "
                "take it out of `ignored`"
            )
        if found:
            return
        if attempt.fault is None:
            same.append(value)
        else:
            faults.append(f"{parameter.show(value)}: {attempt.fault.message}")
    if not is_ignored:
        raise subject.fail(_complain(name, same, faults))


def _change(
    subject: Subject, changed: dict[str, Any], base: tuple[Imprint, ...], trial: Trial
) -> Attempt:
    """Return batches with another value of a parameter, up to one that differs."""
    attempt = Attempt()
    for batches in ([0], subject.batches[1:]):
        attempt = trial.make(Question(batches, subject.given, changed))
        if attempt.fault is not None or find_difference(Attempt(base), attempt):
            break
    return attempt


def _complain(name: str, same: list[Any], faults: list[str]) -> str:
    declare = f"declare that it changes nothing: ignored={{{name!r}}}"
    if len(same) > 1:
        values = " and ".join(shorten(repr(value)) for value in same)
        return (
            f"parameter {name} changes no sample: {values} give the same; use it, remove it, or "
            f"{declare}"
        )
    if faults:
        return (
            f"{faults[0]}; refuse that value in `Params.check`, give another one: "
            f"others={{{name!r}: ...}}, or {declare}"
        )
    return (
        f"parameter {name}: no other value is found that it accepts; give one: "
        f"others={{{name!r}: ...}}, or {declare}"
    )


def find_difference(one: Attempt, other: Attempt) -> str:
    """Return the first difference between the batches of two attempts."""
    faults = [each.fault.message if each.fault else "" for each in (one, other)]
    if faults[0] != faults[1]:
        return f"a batch ({' and '.join(each or 'none' for each in faults)})"
    made = {imprint.start: imprint for imprint in other.batches}
    pairs = ((each, made[each.start]) for each in one.batches if each.start in made)
    return next(filter(None, (_compare(*pair) for pair in pairs)), "")


def _compare(one: Imprint, other: Imprint) -> str:
    """Return the first sample and field that differ, with both values; empty if none does."""
    for name, digests in one.digests.items():
        pairs = zip(digests, other.digests.get(name, []), strict=False)
        places = [place for place, (left, right) in enumerate(pairs) if left != right]
        if places:
            place = places[0]
            left, right = one.values[name][place], other.values[name][place]
            told = f"{left} and {right}" if left != right else f"{left} and another one like it"
            return f"field {name} of sample {one.start + place} ({told})"
    if one.schema != other.schema or one.digests.keys() != other.digests.keys():
        return f"the fields of batch {one.start} ({', '.join(one.digests)})"
    return ""
