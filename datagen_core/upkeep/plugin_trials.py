"""One batch of each generator, in a process of its own: which of them work here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from datagen_core.generators.installed import GROUP, providers_of, title_of
from datagen_core.scheduling.trials import Attempt, Fault, Trial

State = Literal["works", "needs", "slow", "broken"]


class Verdict(NamedTuple):
    """What a trial of a generator says.

    Attributes
    ----------
    name
        The generator.
    distribution, version
        What provides it; None for a generator of a file, or where several provide it.
    state
        "works" where a batch was made; "needs" where there is none with its defaults, and it says
        why; "slow" where it takes longer than it was given; else "broken".
    message
        One line that says what to do; empty where it works.
    seconds
        How long the trial took.
    """

    name: str
    distribution: str | None
    version: str | None
    state: State
    message: str
    seconds: float


def try_generators(sources: Iterable[tuple[str, str]], seconds: float) -> Iterator[Verdict]:
    """Make one batch of each generator with its defaults; yield what becomes of it.

    Parameters
    ----------
    sources
        Pairs of a generator's name, and of what it is loaded by.
    seconds
        How long a batch may take.
    """
    for name, source in sources:
        begun = time.monotonic()
        state, message = _judge(name, _try(source, seconds), seconds)
        known = providers_of(name) if source == name else []
        here = known[0] if len(known) == 1 else None
        took = round(time.monotonic() - begun, 1)
        message = _titled(name, source, message)
        yield Verdict(name, here and here.name, here and here.version, state, message, took)


def _titled(name: str, source: str, message: str) -> str:
    """Return a line that begins with the plugin and its distribution, or with its file."""
    if not message or message.startswith(("plugin ", "generator ")):  # the registry's own words
        return message
    title = title_of(GROUP, name) if source == name else name
    return f"{title}: {message.removeprefix(f'{name}: ')}"


def _try(source: str, seconds: float) -> Attempt:
    with Trial(source, seconds) as trial:
        return trial.make()


def _judge(name: str, attempt: Attempt, seconds: float) -> tuple[State, str]:
    fault = attempt.fault
    if fault is None or fault.kind == "refused":  # a draw that cannot be made is no defect
        return "works", ""
    if fault.kind == "needs":
        return "needs", _need(name, fault)
    if fault.kind == "slow" and fault.stage != "load":
        return "slow", f"no batch in {seconds:g} s with its defaults; try a longer --timeout"
    return "broken", _explain(name, fault)


def _need(name: str, fault: Fault) -> str:
    _, has_none, rest = fault.message.partition(f"{name}: parameter ")
    if fault.stage != "params" or not has_none or "has no default" not in rest:
        return fault.message
    missing = rest.split()[0]
    return f"needs {missing}: datagen generate {name} -n 1 -p {missing}=VALUE"


def _explain(name: str, fault: Fault) -> str:
    if fault.stage == "load":
        is_said = fault.kind not in {"died", "slow"}
        return fault.message if is_said else f"while it is loaded, {fault.message}"
    if fault.stage == "batch":
        return f"its first batch: {fault.message}; see it: datagen generate {name} -n 1"
    return fault.message
