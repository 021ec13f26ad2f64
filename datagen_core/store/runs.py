"""Runs: reserved index ranges, and plans to fill them.

A run is one `generate` call. Its record is published before any work, so two calls never get the
same index. Each submission of its missing ranges is a *plan*, published before it is submitted.
Neither decides whether samples exist; only shard files do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store import forms
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.heartbeats import is_beating, owner_of
from datagen_core.store.journals import last_word, read_journal
from datagen_core.store.layout import RunPaths, SetPaths, following, numbered

if TYPE_CHECKING:
    from datagen_core.store.timings import Estimate

RUN_FORMAT = "1.1"
"""Format 1.1 has `former` and `behind` where the run was imported, and `gpus`, `account` and `qos`
among what a run asks for, where it does; all others have format 1.0."""

PLAN_FORMAT = "1.3"
"""Format 1.1 adds `code` and `probe`, format 1.2 `source` where it is not that of the run, format
1.3 `cluster` where the executor knows one."""
RECEIPT_FORMAT = "1.0"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The index range `[start, stop)` that run `number` makes, and how it was requested.

    Ranges of runs that were imported may overlap with others, which is why `behind` counts.

    Attributes
    ----------
    former
        The id that it had in the cache where it was begun, which its samples have; empty where it
        is `id`. No job of an executor is called by the new one.
    behind
        Where the next run begins: behind this one, and all that have lower numbers.
    """

    number: int
    id: str
    start: int
    stop: int
    source: str
    details: Mapping[str, Any] = field(default_factory=dict)
    former: str = ""
    behind: int = 0

    @property
    def account(self) -> dict[str, Any]:
        """What all samples up to `stop` cost together; empty if the generator counts no cost."""
        return dict(self.details.get("account", {}))

    @property
    def interval(self) -> Interval:
        """The reserved index range."""
        return Interval(self.start, self.stop)

    @property
    def maker(self) -> str:
        """The id that samples have which it made."""
        return self.former or self.id


def publish_run(paths: SetPaths, record: RunRecord) -> bool:
    """Publish the record of a run; return False if its number was taken."""
    imported = {"former": record.former, "behind": record.behind} if record.former else {}
    asks_more = _LATER & (record.details.get("resources") or {}).keys()
    content = {
        "format": RUN_FORMAT if imported or asks_more else "1.0",
        "id": record.id,
        "start": record.start,
        "stop": record.stop,
        "source": record.source,
        "details": dict(record.details),
        **imported,
    }
    run = paths.run(record.number)
    return publish_document(run.record, content, paths.temporary, beside=[run.folder.name])


def read_run(paths: SetPaths, number: int, *, strict: bool = False) -> RunRecord:
    """Return the record of one run; `strict` is that of `read_document`."""
    parse = partial(_parse_run, number)
    return read_document(paths.run(number).record, RUN_FORMAT, parse, strict=strict)


_LATER = {"gpus", "account", "qos"}

_RUN: Mapping[str, forms.Form] = {
    "id": forms.job, "start": forms.whole, "stop": forms.whole, "source": forms.text,
    "details": forms.tree,
}  # fmt: skip
_IMPORTED: Mapping[str, forms.Form] = {"former": forms.job, "behind": forms.whole}
_cost = forms.mapping(lambda value: value if isinstance(value, str) else forms.number(value))
_place = forms.maybe(forms.text)
_DETAILS: Mapping[str, forms.Form] = {
    "executor": forms.text, "njobs": forms.positive, "resources": forms.tree,
    "threads": forms.maybe(forms.positive), "account": _cost, "working_directory": _place,
    "pythonpath": _place, "code": forms.maybe(forms.code_id),
}  # fmt: skip
"""Of what datagen goes by; the rest is told to people."""


def _parse_run(number: int, content: Mapping[str, Any]) -> RunRecord:
    record = RunRecord(number, **forms.take(content, _RUN, _IMPORTED))
    forms.take(record.details, {}, _DETAILS)
    if record.start >= record.stop:
        raise forms.wrong([record.start, record.stop], "an index range")
    return record


def list_runs(paths: SetPaths) -> list[RunRecord]:
    """Return the records of a parameter set's runs, by number."""
    return [read_run(paths, number) for number in numbered(paths.runs)]


class TaskKey(NamedTuple):
    """The identity of a task for executors: the name of its job, and its place in the job."""

    job: str
    place: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One submission of a run, whose task t makes the ranges `tasks[t]`.

    Attributes
    ----------
    run
        The files of its run.
    executor
        The name of its executor.
    tasks
        The index ranges of each task.
    minutes
        The time limit of a task, or None for no limit.
    estimate
        The predicted duration of a task; not written to disk.
    number
        The number of the plan in its run, from 0.
    name
        The name of its job for executors, unique among all runs of all caches.
    created
        The time of its publication, in seconds since the epoch.
    first
        The place of task 0 in the job; None if the job belongs to this plan only. Plans of several
        runs may share a job, one after the other, and then have the same name.
    code
        The id of the code that its samples are to be made by; None in plans of before 0.2.
    probe
        What a task does before its first batch, since other code made the set: "compare" existing
        samples with such as it makes anew, or "accept" the code as it is; None for nothing.
    source
        The name of the generator where its file was moved after the run was begun.
    cluster
        The name of the cluster to which its executor submitted it; None where there is only one.
    """

    run: RunPaths
    executor: str
    tasks: tuple[IntervalSet, ...]
    minutes: int | None = None
    estimate: Estimate | None = field(default=None, compare=False)
    number: int = 0
    name: str = "datagen-plan.0"
    created: float = 0.0
    first: int | None = None
    code: str | None = None
    probe: str | None = None
    source: str | None = None
    cluster: str | None = None

    @property
    def samples(self) -> IntervalSet:
        """The samples of all tasks."""
        return IntervalSet(part for task in self.tasks for part in task)

    @property
    def is_shared(self) -> bool:
        """Whether the job is shared with plans of other runs."""
        return self.first is not None

    @property
    def has_own_name(self) -> bool:
        """Whether its job is called as datagen calls those of its run, or shared ones beside it.

        Who may write into a cache may give it the name of any job, which is not to be ended then.
        """
        generator, digest = self.run.set.root.parent.name, self.run.set.root.name[-8:]
        own = (
            rf"{re.escape(f'{generator}-{digest}-{self.run.number}')}-[0-9a-f]{{6}}\.{self.number}"
        )
        shared = (
            rf"{re.escape(generator)}-[0-9a-f]{{8}}-\d+-[0-9a-f]{{6}}-and-\d+-more\.[0-9a-f]{{6}}"
        )
        return re.fullmatch(shared if self.is_shared else own, self.name) is not None

    def key(self, task: int) -> TaskKey:
        """Return the identity of one of its tasks for executors."""
        return TaskKey(self.name, (self.first or 0) + task)

    @property
    def keys(self) -> list[TaskKey]:
        """The identities of its tasks for executors, in order."""
        return [self.key(task) for task in range(len(self.tasks))]

    @property
    def job_folder(self) -> Path:
        """The folder that all processes of the job touch as a sign of life."""
        return self.run.set.job(self.name).folder if self.is_shared else self.run.folder

    def log(self, task: int) -> Path:
        """Return the path of a task's output."""
        if self.first is None:
            return self.run.log(self.number, task)
        return self.run.set.job(self.name).log(self.first + task)

    def events(self, task: int, *, strict: bool = False) -> list[dict[str, Any]]:
        """Return what a task's worker has written into its journal so far, oldest first.

        Without `strict`, a line that is damaged is left out.

        An event is a dict with `event` ("start", "batches", "error" or "end"), `time`, and what
        belongs to the event: a start has `host`, `pid` and `started`, an end has its `reason`.
        """
        return read_journal(self.run.journal(self.number, task), strict=strict)

    def last_word(self, task: int) -> str:
        """Return why a task ended, in its worker's own words; empty while it has not said so.

        The words are "done", "failed", "time limit", "terminated" or "interrupted"; "died: …" and
        "ended by …" are of who waited for its process. A task that started once more has no last
        word yet.
        """
        return last_word(self.run.journal(self.number, task))

    def start(self, task: int) -> dict[str, Any] | None:
        """Return the latest `start` in the journal of a task; None while it has not begun."""
        starts = [event for event in self.events(task) if event["event"] == "start"]
        return starts[-1] if starts else None

    def is_beating(self, task: int) -> bool:
        """Return whether a task has begun whose worker still gives signs of life.

        A worker that says nothing for five minutes is dead, or stopped.
        """
        start, folder = self.start(task), self.run.set.root.parent
        journal = self.run.journal(self.number, task)
        return start is not None and is_beating(journal, folder, start)

    @property
    def owner(self) -> int | None:
        """Which other user submitted it; None for this user, and for root, who sees everything."""
        return owner_of(self.run.plan(self.number), self.run.set.root.parent)

    @property
    def process(self) -> Path:
        """The journal of a process that does all tasks of the job one after another."""
        if self.first is None:
            return self.run.process(self.number)
        return self.run.set.job(self.name).process

    def keep_receipt(self, content: Mapping[str, Any]) -> None:
        """Keep, beside the run, what an executor needs to find the tasks again, as JSON.

        There is one receipt for a plan: only the first one is kept.
        """
        stamped = {"format": RECEIPT_FORMAT, **content}
        publish_document(self._receipt, stamped, self.run.set.temporary)

    def read_receipt(
        self, parse: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    ) -> dict[str, Any] | None:
        """Return what the executor of the plan has kept; None where it kept nothing.

        The file may hold anything: what `parse` raises of ValueError, KeyError and the like becomes
        an error that names it.
        """
        with suppress(FileNotFoundError):
            return read_document(self._receipt, RECEIPT_FORMAT, parse or forms.tree)
        return None

    @property
    def _receipt(self) -> Path:
        return self.run.folder / "workers" / f"{self.number}.json"


def publish_plan(plan: Plan, run_id: str, shared: TaskKey | None = None) -> Plan | None:
    """Publish a plan under its number; return it with its name, or None where the number is taken.

    Who publishes a plan is the only one to submit it. Of several processes that have seen the same
    plans, and so want the next number, one gets it; the others look again.

    The plan gets a job of its own, named after run and number, unless `shared` is the place of its
    first task in a shared job.
    """
    name, first = shared or (f"{run_id}.{plan.number}", None)
    plan = replace(plan, name=name, created=time.time(), first=first)
    return plan if _write_plan(plan) else None


def next_plan(run: RunPaths) -> int:
    """Return the number that the next plan of a run gets."""
    return following(numbered(run.plans), run.plans)


def _write_plan(plan: Plan) -> bool:
    content = {
        "format": "1.3" if plan.cluster else "1.2" if plan.source else "1.1",
        "name": plan.name,
        "executor": plan.executor,
        "tasks": [[list(interval) for interval in task] for task in plan.tasks],
        "minutes": plan.minutes,
        "created": plan.created,
        "first": plan.first,
        "code": plan.code,
        "probe": plan.probe,
        **({} if plan.source is None else {"source": plan.source}),
        **({} if plan.cluster is None else {"cluster": plan.cluster}),
    }
    return publish_document(plan.run.plan(plan.number), content, plan.run.set.temporary)


def read_plan(run: RunPaths, number: int, *, strict: bool = False) -> Plan:
    """Return one plan of a run; `strict` is that of `read_document`."""
    parse = partial(_parse_plan, run, number)
    return read_document(run.plan(number), PLAN_FORMAT, parse, strict=strict)


_PLAN: Mapping[str, forms.Form] = {
    "executor": forms.text,
    "tasks": forms.each(forms.samples),
}
_PLAN_MORE: Mapping[str, forms.Form] = {
    "minutes": forms.maybe(forms.whole), "name": forms.job, "created": forms.moment,
    "first": forms.maybe(forms.whole), "code": forms.maybe(forms.code_id),
    "probe": forms.maybe(forms.matching("compare|accept", "what a task does first")),
    "source": forms.maybe(forms.text), "cluster": forms.maybe(forms.text),
}  # fmt: skip


def _parse_plan(run: RunPaths, number: int, content: Mapping[str, Any]) -> Plan:
    found = forms.take(content, _PLAN, _PLAN_MORE)
    return Plan(run, found.pop("executor"), tuple(found.pop("tasks")), number=number, **found)


def list_plans(run: RunPaths) -> list[Plan]:
    """Return the plans of a run, oldest first."""
    return [read_plan(run, number) for number in numbered(run.plans)]


def list_refusals(run: RunPaths) -> list[dict[str, Any]]:
    """Return the events in which workers of a run said that the generator refuses samples."""
    journals = (plan.events(task) for plan in list_plans(run) for task in range(len(plan.tasks)))
    return [event for events in journals for event in events if event.get("refused")]
