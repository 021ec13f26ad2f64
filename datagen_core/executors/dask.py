"""The dask executor: tasks are futures of a `distributed` scheduler, for clusters without Slurm.

A future does a share of a job's tasks. It starts a worker process, since a dask worker is threads,
and only the main thread of a process hears SIGTERM. Keys, the scheduler's address, and which task
is in which share are written down beside the run, so that every later process finds them.

Messages of dask are pickles, so that a scheduler runs what it likes in the process that asks it. An
address that is found beside a run is used only by who has given it: by the option or variable of
this call, or of one before.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from datagen_core.errors import (
    ConfigurationError,
    MissingPackageError,
    SchedulerUnavailableError,
    UntrustedError,
    count_of,
)
from datagen_core.executors.base import DIED, Executor, Job, Resources, TaskState
from datagen_core.executors.processes import death_in_log, read_tasks, record_end
from datagen_core.files import require
from datagen_core.store import forms
from datagen_core.store.documents import one_line
from datagen_core.store.folders import make_folder, open_to_append
from datagen_core.store.runs import Plan, TaskKey
from datagen_core.store.trust import approve, is_approved

if TYPE_CHECKING:
    from distributed import Client

VARIABLE = "DASK_SCHEDULER_ADDRESS"
"""The environment variable with the scheduler's address, as dask itself has it."""

OPTION = "scheduler"
"""The option with the address."""

_ADDRESS = re.compile(r"(\w+://)?[^/\s]+:\d+(/\S*)?")
_ANSWER_SECONDS = 5.0
_LOOK_SECONDS = 0.2
_KILL_SECONDS = 30.0

_REASONS = {
    "no-worker": "the dask scheduler has no workers",
    "queued": "waiting for a free dask worker",
    "waiting": "waiting for a free dask worker",
    "processing": "waiting for a free thread of its dask worker",
}
"""The scheduler's states of futures that may still run, and what they wait for."""


class DaskExecutor(Executor):
    """Runs tasks on the workers of a dask scheduler, which see the cache at the same path."""

    name = "dask"

    def __init__(self) -> None:
        self._address = ""

    def available(self) -> str:
        """Return the command that installs `distributed` where it is missing."""
        try:
            require("distributed", "dask")
        except MissingPackageError as error:
            return str(error)
        return ""

    def complete(self, resources: Resources, earlier: Sequence[Plan] = ()) -> Resources:
        """Return the resources with the scheduler's address.

        It is the option that was given, else `$DASK_SCHEDULER_ADDRESS`, else that of earlier plans
        if it was given by this user. The scheduler of a new run is asked whether it is there.

        Raises
        ------
        ConfigurationError
            When there is no address, or something else.
        SchedulerUnavailableError
            When a new run's scheduler does not answer.
        """
        known = resources.options.get(OPTION) or os.environ.get(VARIABLE)
        trusted = [each for each in _by_scheduler(earlier) if self._is_trusted(each)]
        address = str(known or ["", *trusted][-1])
        if not _ADDRESS.fullmatch(address):
            raise ConfigurationError(
                f"the dask scheduler's address is {address or 'not given'}; set ${VARIABLE} to one "
                "such as tcp://HOST:8786, or give --executor-option scheduler=tcp://HOST:8786"
            )
        self._address = address
        self._is_trusted(address)
        if not earlier and _read_states(address, ()) is None:
            raise SchedulerUnavailableError(
                f"{_silent(address)}; start it, give another address, or try --executor local"
            )
        return replace(resources, options={**resources.options, OPTION: address})

    def describe(self, job: Job) -> str:
        """Return what would be submitted, for people."""
        count = len(job.divide())
        address = job.resources.options[OPTION]
        return (
            f"{count_of(count, 'future')} of the dask scheduler {address}, one worker process each"
        )

    def submit(self, job: Job) -> None:
        """Submit at most `parallel` futures, each for an equal share of the tasks."""
        address = str(job.resources.options[OPTION])
        shares = {f"{job.name}-{number}": places for number, places in enumerate(job.divide())}
        receipts: dict[TaskKey, dict[str, list[int]]] = {plan.key(0): {} for plan in job.plans}
        for key, places in shares.items():
            for plan, tasks in job.tasks_at(places):
                receipts[plan.key(0)][key] = tasks
        for plan in job.plans:
            plan.keep_receipt({OPTION: address, "shares": receipts[plan.key(0)]})
            make_folder(plan.log(0).parent)
        firsts = [job.tasks_at(places[:1])[0] for places in shares.values()]
        with _connected(address) as client:
            futures = client.map(
                run_share,
                list(shares),
                [job.command(places)[1:] for places in shares.values()],
                [str(plan.log(tasks[0])) for plan, tasks in firsts],
                environment=job.environment,
                key=list(shares),
                pure=False,
            )
            # The scheduler would drop what no client waits for.
            require("distributed", "dask").fire_and_forget(futures)

    def poll(self, plans: Sequence[Plan]) -> Mapping[TaskKey, TaskState] | None:
        """Return the living tasks, as the scheduler has them; None when it does not answer.

        Those of a scheduler that this user has not given may be waiting. Somebody who resumes runs
        with another scheduler has given up the former one: what it does not say is not waited for.
        """
        living: dict[TaskKey, TaskState] = {}
        for address, receipts in _by_scheduler(plans).items():
            if not self._is_trusted(address):
                living |= {} if self._address else _hidden_tasks(address, receipts)
                continue
            states = _read_states(address, [key for _, shares in receipts for key in shares])
            if states is None and self._address in {"", address}:
                return None
            for plan, shares in receipts:
                living |= _living_tasks(plan, shares, states or {})
        return living

    def cancel(self, plans: Sequence[Plan]) -> None:
        """End worker processes by SIGTERM, after 30 s by SIGKILL, and drop what has not begun.

        Raises
        ------
        SchedulerUnavailableError
            When the scheduler does not answer.
        UntrustedError
            When this user has not given it.
        """
        found = _by_scheduler(plans)
        for address, receipts in found.items():
            if not self._is_trusted(address):
                continue
            keys = [key for plan, shares in receipts for key in shares if _is_own(plan, key)]
            if _read_states(address, keys) != {}:
                _cancel(address, keys)
        if others := [address for address in found if not self._is_trusted(address)]:
            raise UntrustedError(f"nothing of it was cancelled: {_explain(others[0])}")

    def _is_trusted(self, address: str) -> bool:
        """Whether a scheduler may be asked: this user has given its address, now or before."""
        if address and address in {self._address, os.environ.get(VARIABLE)}:
            approve("address", {OPTION: address})
            return True
        return is_approved("address", {OPTION: address})

    def diagnose(self, plan: Plan, task: int) -> str:
        """Return what the journal says of a task whose process ended without being done."""
        if not plan.events(task):
            return (
                "its worker process did not begin: do the dask scheduler and its workers have "
                f"datagen, and the cache at {plan.run.set.root.parent.parent}?"
            )
        if plan.last_word(task) == "terminated":
            return "its dask worker was lost"
        if plan.last_word(task):
            return ""
        killed = f"{DIED}killed, or lost with its dask worker"
        return death_in_log(plan.log(task)) or killed


_receipt = forms.keys({}, {OPTION: forms.text, "shares": forms.mapping(forms.each(forms.whole))})

Receipt = tuple[Plan, Mapping[str, list[int]]]
"""A plan, and the tasks of its shares by key."""


def _by_scheduler(plans: Sequence[Plan]) -> dict[str, list[Receipt]]:
    """Return what was submitted of plans, by the address of its scheduler."""
    found: dict[str, list[Receipt]] = {}
    for plan in plans:
        receipt = plan.read_receipt(_receipt) or {}
        if OPTION in receipt:
            found.setdefault(receipt[OPTION], []).append((plan, receipt.get("shares", {})))
    return found


def _explain(address: str) -> str:
    name = one_line(address)
    return (
        f"its dask scheduler, {name}, is none that you have given, and could run anything here; if "
        f"it is the right one, set {VARIABLE}={name}"
    )


def _hidden_tasks(address: str, receipts: Sequence[Receipt]) -> dict[TaskKey, TaskState]:
    """Return all tasks that may be alive at a scheduler that is not to be asked."""
    state = TaskState("queued", _explain(address))
    found = [(plan, task) for plan, shares in receipts for part in shares.values() for task in part]
    return {plan.key(task): state for plan, task in found if not plan.last_word(task)}


def _living_tasks(
    plan: Plan, shares: Mapping[str, list[int]], states: Mapping[str, str]
) -> Iterator[tuple[TaskKey, TaskState]]:
    for key in shares.keys() & states.keys():
        for task in shares[key]:
            # After the loss of a dask worker, which ends its processes, shares begin elsewhere.
            if plan.last_word(task) not in {"", "terminated"}:
                continue
            if states[key] == "processing" and plan.events(task):
                yield plan.key(task), TaskState("running")
            else:
                yield plan.key(task), TaskState("queued", _REASONS[states[key]])


def _is_own(plan: Plan, key: str) -> bool:
    """Whether a future may be one of a plan: others who write here may name any future."""
    return plan.has_own_name and key.startswith(f"{plan.name}-")


_silences: dict[str, float] = {}
"""When schedulers gave no answer, by address."""


def _read_states(address: str, keys: Sequence[str]) -> dict[str, str] | None:
    """Return the states of futures that may still run; None when the scheduler does not answer."""
    if time.monotonic() - _silences.get(address, -_ANSWER_SECONDS) < _ANSWER_SECONDS:
        return None  # a cache may have many runs of a scheduler that is gone
    try:
        # Where an event loop runs in this thread, as in a notebook, there can be no other one.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, _ask(address, keys)).result()
    except (OSError, MissingPackageError):
        _silences[address] = time.monotonic()
        return None


async def _ask(address: str, keys: Sequence[str]) -> dict[str, str]:
    # Without a client: nothing stays open, and a look costs 5 ms.
    distributed = require("distributed", "dask")
    security = distributed.security.Security().get_connection_args("client")
    scheduler = distributed.rpc(address, timeout=_ANSWER_SECONDS, connection_args=security)
    async with asyncio.timeout(_ANSWER_SECONDS), scheduler:
        workers = await scheduler.ncores()
        states = await scheduler.get_task_status(keys=list(keys))
    return {
        key: state if workers else "no-worker" for key, state in states.items() if state in _REASONS
    }


def _cancel(address: str, keys: Sequence[str]) -> None:
    distributed = require("distributed", "dask")
    with _connected(address) as client:
        answers = client.run(end_shares, list(keys), on_error="ignore")
        running = {key for answer in answers.values() for key in answer}
        # What runs stays known to the scheduler until it has published.
        waiting = (_read_states(address, keys) or {}).keys() - running
        futures = [distributed.Future(key, client=client) for key in sorted(waiting)]
        client.cancel(futures, force=True)  # type: ignore[no-untyped-call]


def _silent(address: str) -> str:
    return f"the dask scheduler at {address} does not answer"


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Connect with a scheduler.

    Raises
    ------
    SchedulerUnavailableError
        When it does not answer.
    """
    distributed = require("distributed", "dask")
    unavailable = f"{_silent(address)}; try again later"
    # A client that never got through would say so again, with a traceback, when it is collected.
    if _read_states(address, ()) is None:
        raise SchedulerUnavailableError(unavailable)
    try:
        with warnings.catch_warnings():
            # Nothing but names and texts is passed on.
            warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
            client = distributed.Client(address, timeout=_ANSWER_SECONDS, set_as_default=False)
        with client:
            yield client
    except OSError as error:
        raise SchedulerUnavailableError(unavailable) from error


_running: set[str] = set()
_cancelled: set[str] = set()
"""What a dask worker knows of shares, by key."""


def run_share(
    key: str, command: Sequence[str], log: str, *, environment: Mapping[str, str]
) -> None:
    """Do a share of tasks in a process of its own. Called by dask, in a thread of its worker.

    Only files say what was done, so nothing is returned. The process publishes what it has and ends
    when the share is cancelled, when the dask worker closes, and when that dies.
    """
    _running.add(key)
    try:
        if key not in _cancelled:
            _work(key, command, Path(log), environment)
    finally:
        _running.discard(key)


def _work(key: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
    with open_to_append(log) as output:
        child = subprocess.Popen(  # noqa: S603 (our own module, no shell)
            [sys.executable, *command, "--attached"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **environment},
        )
    with child:
        _attend(child, key)


def _attend(child: subprocess.Popen[bytes], key: str) -> None:
    """Wait for a worker process, and end it when nobody wants it any more."""
    closing = {"closing", "closing_gracefully", "closed"}
    worker = require("distributed", "dask").get_worker()
    while worker.status.name not in closing and key not in _cancelled:
        with suppress(subprocess.TimeoutExpired):
            code = child.wait(_LOOK_SECONDS)
            record_end(read_tasks(cast("list[str]", child.args)), code)
            return
    child.terminate()
    try:
        child.wait(_KILL_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def end_shares(keys: Sequence[str]) -> list[str]:
    """End these shares where they run, now or later; return those that run. Called by dask."""
    _cancelled.update(keys)
    return [key for key in keys if key in _running]
