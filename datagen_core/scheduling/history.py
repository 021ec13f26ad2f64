"""What made the samples of a set, as its files say, and how that differs from here and now."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from datagen_core.errors import CacheError
from datagen_core.generators.fingerprint import Code
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.provenance import describe_machine
from datagen_core.store.codes import codes_of, read_code
from datagen_core.store.layout import SetPaths
from datagen_core.store.origins import Origin
from datagen_core.store.probes import Probe, read_probes
from datagen_core.store.runs import Plan, RunRecord, list_plans, list_runs, read_plan
from datagen_core.store.sets import list_sets, read_set


def name_set(paths: SetPaths) -> str:
    """Return generator and number of a set, `noisy_sine 0`."""
    numbers = (n for n, each in list_sets(paths.root.parent, []).items() if each == paths)
    return f"{paths.root.parent.name} {next(numbers, paths.root.name)}"


def changed_code(paths: SetPaths, code: Code, origins: list[Origin]) -> list[str] | None:
    """Return what of a code differs from those that made samples; None if these are not known."""
    begun = str(read_set(paths).provenance.get("code", ""))
    changes: dict[str, None] = {}
    for earlier in {origin.code or begun for origin in origins}:
        before = _find_code(paths, earlier)
        if before is None:
            return None
        changes |= dict.fromkeys(code.changes_since(before))
    return list(changes)


def changed_machine(paths: SetPaths, origin: Origin) -> list[str]:
    """Return what of this machine differs from the one that made samples, where that is known."""
    before, now = _machine_of(paths, origin), describe_machine()
    return [
        f"{name} {now[name] or 'none'} instead of {before[name] or 'none'}"
        for name in now
        if name in before and now[name] != before[name]
    ]


def _machine_of(paths: SetPaths, origin: Origin) -> dict[str, Any]:
    samples = IntervalSet([origin[:2]])
    with suppress(FileNotFoundError):
        for run in (run for run in list_runs(paths) if origin.run in {run.id, run.maker}):
            plan = read_plan(paths.run(run.number), origin.plan)
            tasks = [task for task, planned in enumerate(plan.tasks) if planned & samples]
            events = [event for task in tasks for event in plan.events(task)]
            return next((event for event in events if event["event"] == "machine"), {})
    return {}


def list_attempts(paths: SetPaths, most: int | None = None) -> list[dict[str, Any]]:
    """Return each plan of each run in plain JSON types: what made its samples, when and where.

    `code` has the first digits of fingerprints, more than one where a node has other versions.
    With `most`, only the plans that come last.
    """
    runs = list_runs(paths)[-(most or 0) :]
    plans = [(run, plan) for run in runs for plan in list_plans(paths.run(run.number))]
    return [_describe_attempt(paths, *each) for each in plans[-(most or 0) :]]


def _describe_attempt(paths: SetPaths, run: RunRecord, plan: Plan) -> dict[str, Any]:
    events = [event for task in range(len(plan.tasks)) for event in plan.events(task)]
    found = {event["id"] for event in events if event["event"] == "code"}
    codes = {each: _find_code(paths, each) for each in sorted(found or {plan.code or ""})}
    details, times = run.details, [event["time"] for event in events]
    return {
        "run": run.number,
        "plan": plan.number,
        "samples": [list(part) for part in plan.samples],
        "code": [code.fingerprint[:12] if code else None for code in codes.values()],
        "packages": {k: v for code in codes.values() if code for k, v in code.packages.items()},
        "plugin": details.get("plugin"),
        "python": details.get("python"),
        "user": details.get("user"),
        "created": datetime.fromtimestamp(plan.created, UTC).isoformat(timespec="seconds"),
        "executor": plan.executor,
        "hosts": sorted({event["host"] for event in events if "host" in event}),
        "seconds": round(max(times) - min(times), 1) if times else None,
    }


def _find_code(paths: SetPaths, code_id: str) -> Code | None:
    with suppress(FileNotFoundError, CacheError):  # it says nothing that a sample needs
        return read_code(paths, code_id)
    return None


def list_codes(paths: SetPaths) -> list[dict[str, Any]]:
    """Return each code that made samples of a set in plain JSON types, the first one first.

    `probe` says why it may: it is "first", "equal" in some samples to those of the codes before,
    "accepted" by a user, or "unknown" where there is no record of it.
    """
    probes = {probe.code: probe for probe in read_probes(paths)}
    made = codes_of(paths)
    # Not by its samples alone: other code may have filled holes before them.
    order = sorted(made, key=lambda code: (code in probes, made[code].intervals[0]))
    return [
        _describe_code(paths, code, made[code], probes.get(code), is_first=place == 0)
        for place, code in enumerate(order)
    ]


def _describe_code(
    paths: SetPaths, code_id: str, samples: IntervalSet, probe: Probe | None, *, is_first: bool
) -> dict[str, Any]:
    code = _find_code(paths, code_id)
    why = "first" if is_first else "unknown"
    if probe is not None:
        why = "accepted" if probe.accepted else "equal"
    return {
        "samples": [list(part) for part in samples],
        "code": code.fingerprint[:12] if code else None,
        "packages": dict(code.packages) if code else {},
        "probe": why,
        "compared": len(probe.samples) if probe is not None else 0,
        "by": probe.by if probe is not None else None,
        "created": probe.created if probe is not None else None,
    }
