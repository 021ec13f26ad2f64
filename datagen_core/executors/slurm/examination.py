"""What `datagen doctor` tells of Slurm: what it allows to this user, and what it would refuse.

Nothing is submitted. What is not understood, as of a version still to come, is left out.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial

from datagen_core.executors.base import Finding
from datagen_core.executors.limits import format_minutes
from datagen_core.executors.slurm.queue import (
    Partition,
    ask,
    parse_configuration,
    parse_table,
    read_partitions,
)
from datagen_core.store.access import user_named

_ask = partial(ask, seconds=8.0)  # of several that hang, something is told in half a minute

_MOST_NAMED = 12
_USABLE = ("alloc", "comp", "idle", "mix", "plan", "resv")
"""How states of nodes begin on which jobs run, sooner or later."""

_LIMITS = ("jobs at once", "jobs in the queue", "time")


def examine(partitions: set[str], account: str, qos: str) -> Iterator[Finding]:
    """Yield findings about a controller that answers.

    Parameters
    ----------
    partitions, account, qos
        What a job would ask for; empty for the user's defaults.
    """
    configuration = dict(parse_configuration(_ask("scontrol", "show", "config") or ""))
    arrays, jobs = (configuration.get(name, "?") for name in ("MaxArraySize", "MaxJobCount"))
    version, cluster = (configuration.get(name, "?") for name in ("SLURM_VERSION", "ClusterName"))
    told = (
        f"version {version}, cluster {cluster}; arrays have {arrays} tasks, the queue {jobs} jobs"
    )
    yield Finding("slurm", "ok", told)
    yield from _examine_partitions(read_partitions(), partitions)
    if "none" in configuration.get("AccountingStorageType", "none"):
        told = "none: logs and the queue say why jobs ended, for as long as they know"
        yield Finding("slurm accounts", "absent", told)
    else:
        yield from _examine_accounts(configuration, account, qos)


def _examine_partitions(known: Mapping[str, Partition], chosen: set[str]) -> Iterator[Finding]:
    names = chosen or {each.name for each in known.values() if each.default}
    told = _shorten([_describe(each) for each in known.values()])
    if unknown := ", ".join(sorted(names - set(known))):
        yield Finding("slurm partitions", "error", f"there is no {unknown}; choose from: {told}")
    elif not names:
        told = f"none is the default: name one with --partition, or in a profile: {told}"
        yield Finding("slurm partitions", "error", told)
    else:
        yield Finding("slurm partitions", "ok", told)
        yield from _examine_nodes(names)


def _describe(partition: Partition) -> str:
    limit = format_minutes(partition.max_minutes) if partition.max_minutes else "no limit"
    return f"{partition.name}{' (default)' if partition.default else ''} {limit}"


def _shorten(words: list[str]) -> str:
    more = f" and {len(words) - _MOST_NAMED} more" if len(words) > _MOST_NAMED else ""
    return ", ".join(words[:_MOST_NAMED]) + more


def _examine_nodes(names: set[str]) -> Iterator[Finding]:
    """Yield whether nodes of the partitions can run a job, now or later."""
    states: Counter[str] = Counter()
    closed = set()
    for name, state, count, is_open in parse_table(_ask("sinfo", "-h", "-o", "%R|%t|%D|%a"), 4):
        if name in names and count.isdecimal():
            states[state] += int(count)
            closed |= set() if is_open == "up" else {name}
    told = f"of {', '.join(sorted(names))}: " + _shorten([f"{n} {s}" for s, n in states.items()])
    if closed == names:
        yield Finding(
            "slurm nodes", "error", f"{told}; the partition is not up: choose another one"
        )
    elif states and not any(state.startswith(_USABLE) for state in states):
        yield Finding(
            "slurm nodes", "warning", f"{told}; none of them runs jobs now: jobs will wait"
        )
    elif states:
        yield Finding("slurm nodes", "ok", told)


def _examine_accounts(
    configuration: Mapping[str, str], account: str, qos: str
) -> Iterator[Finding]:
    """Yield the accounts and the qualities of service of this user, with their limits."""
    user = user_named(os.geteuid())
    where = (f"user={user}", f"cluster={configuration.get('ClusterName', '')}")
    columns = "format=Account,Partition,QOS,MaxJobs,MaxSubmit,MaxWall"
    text = _ask("sacctmgr", "-n", "-P", "show", "assoc", "where", *where, columns)
    if text is None:
        told = "sacctmgr does not answer, so that limits are not known; jobs run without it"
        yield Finding("slurm accounts", "warning", told)
        return
    rows = parse_table(text, 6)
    enforced = configuration.get("AccountingStorageEnforce", "").split(",")
    qualities = {name for row in rows for name in row[2].split(",") if name}
    if "associations" in enforced and not rows:
        told = f"{user} has no account on this cluster, and it wants one: ask its administrators"
        yield Finding("slurm accounts", "error", told)
    elif "associations" in enforced and account not in {"", *(row[0] for row in rows)}:
        yield _refuse("slurm accounts", account, {row[0] for row in rows})
    elif rows:
        told = _shorten([row[0] + _limits(row[3:]) for row in rows])
        yield Finding("slurm accounts", "ok", told)
    if "qos" in enforced and qos not in {"", *qualities}:
        yield _refuse("slurm qos", qos, qualities)
    else:
        yield from _examine_qualities(qualities)


def _refuse(check: str, asked: str, known: set[str]) -> Finding:
    told = f"{asked} is none of yours; choose from: {', '.join(sorted(known)) or 'nothing'}"
    return Finding(check, "error", told)


def _examine_qualities(names: set[str]) -> Iterator[Finding]:
    columns = "format=Name,MaxJobsPU,MaxSubmitPU,MaxWall"
    rows = parse_table(_ask("sacctmgr", "-n", "-P", "show", "qos", columns) if names else "", 4)
    told = [row[0] + _limits(row[1:]) for row in rows if row[0] in names]
    if told:
        yield Finding("slurm qos", "ok", _shorten(told))


def _limits(values: list[str]) -> str:
    told = [f"{value} {what}" for value, what in zip(values, _LIMITS, strict=True) if value]
    return f" ({', '.join(told)})" if told else ""
