"""Driving runs: submit what is missing and not alive, wait, look again, until all is there.

There is one loop for `generate`, its retries and `resume`. Killing it loses nothing; the next
one goes on from the files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

from datagen_core.batches import is_one_batch
from datagen_core.errors import (
    CacheError,
    ExecutionError,
    IncompleteRunError,
    RemovedSetError,
    SchedulerFullError,
    count_of,
)
from datagen_core.executors.base import Executor, Job
from datagen_core.scheduling.claims import check_ahead, look_again, withdraw
from datagen_core.scheduling.judging import RangeStatus, merge_alike
from datagen_core.scheduling.offering import submit_in_parts
from datagen_core.scheduling.patience import ask_patiently
from datagen_core.scheduling.run import Run, ignore
from datagen_core.scheduling.status import ACCEPT_CODE, Look, RunStatus, advise
from datagen_core.scheduling.submission import group_alike, plan_jobs, submit_job
from datagen_core.store.advice import command_for, command_for_all
from datagen_core.store.compaction import compact, wants_compaction
from datagen_core.store.folders import remove_litter
from datagen_core.store.runs import Plan, list_plans
from datagen_core.store.sets import read_schema

T = TypeVar("T")

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_LOOKS_APART, _LONGEST_REST = 3, 60.0
_SHORTEST_REST = 1.0
_REPORT_SECONDS = 0.2
_FAREWELL_SECONDS = 5.0


class Progress(NamedTuple):
    """Where a run is: samples made, asked for, failed so far; and in one line what holds it up."""

    done: int
    total: int
    failed: int = 0
    note: str = ""


Observer = Callable[[Progress], None]


def drive(runs: Sequence[Run], observer: Observer = ignore) -> list[RunStatus]:
    """Submit what is missing until all is done, or nothing more can be; return the statuses.

    Ctrl-C ends the processes of this machine, which publish what they have; Slurm jobs go on.
    """
    try:
        statuses = _loop(runs, observer)
    except KeyboardInterrupt:
        ours = [run for run in runs if run.executor.ends_with_caller]
        for executor in {run.executor.name: run.executor for run in ours}.values():
            with suppress(ExecutionError):  # what is another user's goes on
                executor.cancel([each for run in ours for each in list_plans(run.paths)])
        raise
    except RemovedSetError:
        raise
    except OSError as error:
        if error.filename is None:  # no file, but a closed terminal perhaps
            raise
        raise CacheError(_explain_stop(runs, error)) from error
    _end_leftovers([run for run, each in zip(runs, statuses, strict=True) if not each.missing])
    for run, status in zip(runs, statuses, strict=True):
        _tidy(run, status)
    return statuses


def _loop(runs: Sequence[Run], observer: Observer) -> list[RunStatus]:
    pause = _SHORTEST_PAUSE
    statuses: dict[int, RunStatus] = {}
    stopped: set[int] = set()
    while True:
        begun = time.monotonic()
        unfinished = [place for place in range(len(runs)) if _is_open(statuses.get(place))]
        statuses |= zip(unfinished, inspect([runs[place] for place in unfinished]), strict=True)
        # A look at thousands of runs takes seconds, which their processes could use.
        rest = min(_LOOKS_APART * (time.monotonic() - begun), _LONGEST_REST)
        found = [statuses[place] for place in range(len(runs))]
        observer(progress_of(found))
        for place in unfinished:
            if found[place].stopped and place not in stopped:
                stopped.add(place)
                _cancel(runs[place])
        if any(status.submittable for status in found):
            if submit(runs, found, observer):
                pause = _SHORTEST_PAUSE
        elif not any(status.alive for status in found):
            return found
        time.sleep(max(pause, rest))
        pause = min(1.3 * pause, _LONGEST_PAUSE)


def _end_leftovers(complete: Sequence[Run]) -> None:
    """End what lives of complete runs, as tasks do that were taken for dead: nobody needs it."""
    plans: dict[str, list[Plan]] = {}
    executors = {run.executor.name: run.executor for run in complete}
    for run in complete:
        found = list_plans(run.paths)
        if len(found) > 1 and not run.executor.in_process:
            plans.setdefault(run.executor.name, []).extend(p for p in found if not p.is_shared)
    for name, some in plans.items():
        with suppress(ExecutionError):  # it ends by itself, as soon as it finds nothing to make
            _end_living(executors[name], some)


def _end_living(executor: Executor, plans: Sequence[Plan]) -> None:
    """End the tasks of plans, except those that are about to end, having made the last samples."""
    deadline = time.monotonic() + _FAREWELL_SECONDS
    while living := executor.poll(plans):
        if time.monotonic() > deadline:
            executor.cancel([plan for plan in plans if not living.keys().isdisjoint(plan.keys)])
            return
        time.sleep(_SHORTEST_REST)


def _cancel(run: Run) -> None:
    """End what lives of a run; not of jobs that it shares, which may have others' processes."""
    own = [plan for plan in list_plans(run.paths) if not plan.is_shared]
    if own and not run.executor.in_process:
        run.executor.cancel(own)


def _is_open(status: RunStatus | None) -> bool:
    """Whether another look can find anything new."""
    return status is None or bool(status.missing)


def inspect(runs: Sequence[Run]) -> list[RunStatus]:
    """Return the statuses of runs, asking each executor once."""
    look = Look([(run.paths, run.record) for run in runs])
    return [run.inspect(look.poll(run.executor), look.existing) for run in runs]


def submit(runs: Sequence[Run], statuses: Sequence[RunStatus], observer: Observer = ignore) -> bool:
    """Submit everything that is missing and not alive, without waiting for it.

    Runs of one kind share jobs, so that hundreds of parameter sets are one submission. Return
    whether all of it was submitted; it was not where another process has submitted some since the
    look.
    """
    report = _Reporter(observer, progress_of(statuses))
    for run, status in zip(runs, statuses, strict=True):
        _announce_deaths(run, status)
    _announce_bad_nodes(runs, statuses)
    states = [item.state for status in statuses for item in status.ranges]
    busy = states.count("running") + states.count("queued")
    open_places = [place for place, status in enumerate(statuses) if status.submittable]
    done = True
    for group in group_alike([runs[place] for place in open_places]):
        chosen = [open_places[place] for place in group]
        these, those = [runs[place] for place in chosen], [statuses[place] for place in chosen]
        patience = _Patience(runs, observer)
        hand_over = partial(patience.submit, these[0])
        for parts in patience.ask(these[0], partial(plan_jobs, these, those)):
            done &= submit_job(parts, report, busy, hand_over)
    return done


class _Patience:
    """Asks the scheduler again for ten minutes while it gives no answer."""

    def __init__(self, runs: Sequence[Run], observer: Observer) -> None:
        self._runs, self._observer = runs, observer
        self._rest = _SHORTEST_REST

    def submit(self, run: Run, job: Job) -> None:
        """Submit a job, if nobody else has submitted its samples while this process waited."""

        def submit(part: Job) -> None:
            check_ahead(job.plans)
            run.executor.submit(part)
            self._rest = _SHORTEST_REST

        def find_living() -> Collection[int]:
            living = run.executor.poll(job.plans)
            return job.places if living is None else [key.place for key in living]

        look_again(run.executor, job.plans)
        self._rest = _SHORTEST_REST
        offer = partial(self.ask, run)
        wait = partial(self._wait_for_places, run, job)
        submit_in_parts(job, lambda part: offer(partial(submit, part)), wait, find_living)

    def _wait_for_places(self, run: Run, job: Job, error: SchedulerFullError, left: int) -> bool:
        """Wait for a while; return whether the rest of a job is still wanted.

        Raises
        ------
        IncompleteRunError
            When nobody waits for the run.
        """
        if not run.settings.wait:
            withdraw(job.tasks_at(range(job.size - left, job.size)))
            raise IncompleteRunError(
                f"{job.size - left} of {job.size} tasks are submitted, {left} are not: {error}; "
                f"a smaller --njobs makes fewer; go on with: {_resume_command(self._runs)}"
            )
        statuses = inspect(self._runs)
        note = f"{error}; {left} of {job.size} tasks wait for places; a smaller --njobs makes fewer"
        self._observer(progress_of(statuses)._replace(note=note))
        time.sleep(self._rest)
        self._rest = min(1.5 * self._rest, _LONGEST_REST)
        return not any(status.stopped for status in statuses)

    def ask(self, run: Run, question: Callable[[], T]) -> T:
        """Return what the scheduler says, once it answers."""
        return ask_patiently(question, self._note, waits=run.settings.wait)

    def _note(self, note: str) -> None:
        self._observer(progress_of(inspect(self._runs))._replace(note=note))


def _explain_stop(runs: Sequence[Run], error: OSError) -> str:
    """Return in one line why the cache cannot be written, what is safe, and what to do."""
    done = sum(len(run.inspect().done) for run in runs)
    size = sum(run.record.interval.size for run in runs)
    return (
        f"{error.strerror}: {error.filename}; {done} of {size} samples are made and safe; when "
        f"that is mended, go on with: {_resume_command(runs)}"
    )


def _tidy(run: Run, status: RunStatus) -> None:
    paths = run.paths.set
    remove_litter(paths.root.parent, *paths.all_temporary)
    if status.missing or not wants_compaction(paths):
        return
    try:
        schema = read_schema(paths)
        if schema is not None:
            compact(paths, run.maker.record, schema)
    except (CacheError, OSError) as error:  # the run is complete; packs would only read faster
        run.announce(f"its shards were not compacted: {error}")


class _Reporter:
    """Observes an inline run, which blocks the loop that would otherwise look at the files."""

    def __init__(self, observer: Observer, progress: Progress) -> None:
        self._observer, self._progress = observer, progress
        self._shown = time.monotonic()

    def __call__(self, samples: int) -> None:
        self._progress = self._progress._replace(done=self._progress.done + samples)
        if time.monotonic() - self._shown > _REPORT_SECONDS:
            self._shown = time.monotonic()
            self._observer(self._progress)


def progress_of(statuses: Sequence[RunStatus]) -> Progress:
    """Return what an observer of runs is told."""
    ranges = [item for status in statuses for item in status.ranges]
    waiting = sum(item.waiting for item in ranges)
    failed = sum(len(item.samples) for item in ranges if item.state in {"failed", "cancelled"})
    held = [_hold(item) for item in ranges if item.reason and item.state != "lost"]
    size = sum(status.record.interval.size for status in statuses)
    done = sum(len(status.done) for status in statuses)
    return Progress(min(done + waiting, size), size, failed, held[0] if held else "")


def _hold(item: RangeStatus) -> str:
    return f"refused: {item.reason}" if item.state == "refused" else item.reason


def _announce_deaths(run: Run, status: RunStatus) -> None:
    size = run.demand.record.batch_size
    for item in merge_alike(status.suspects):
        how = "it alone" if is_one_batch(item.samples, size) else "them in halves"
        run.announce(f"samples {item.samples.brief()}: {item.reason}; trying {how}")


def _announce_bad_nodes(runs: Sequence[Run], statuses: Sequence[RunStatus]) -> None:
    """Say once of each node that is bad what failed there; jobs do not get it from now on."""
    known = {name for run in runs for name in run.bad_nodes}
    for run, status in zip(runs, statuses, strict=True):
        for name, bad in status.bad_nodes.items():
            if name not in known:
                known.add(name)
                run.announce(f"{bad}; it is not used for what is submitted again")
        run.bad_nodes = status.bad_nodes


def explain(incomplete: Sequence[tuple[Run, RunStatus]]) -> str:
    """Return in one line what is missing of the first run, why, where its log is, and what to do.

    What to do concerns all runs that are given.
    """
    run, status = incomplete[0]
    size = run.record.interval.size
    verb = "is" if len(status.missing) == 1 else "are"
    kept = "the others are kept" if status.done else "none is made"
    found = merge_alike([*status.blocked, *status.ranges])
    told = [_describe(item) for item in found[:1]]
    told += [_describe(item) for item in found[1:] if item.state == "refused"][:1]
    more = len(found) - len(told)
    others = f" (and {more} more: {command_for(run.paths.set, 'status')})" if more else ""
    if further := len({run.paths.set for run, _ in incomplete}) - 1:
        others += f"; samples of {count_of(further, 'other parameter set')} are missing, too"
    return (
        f"{len(status.missing)} of {count_of(size, 'sample')} {verb} missing, {kept}: "
        f"{'; '.join(told)}{others}; "
        f"{advise(status, _resume_command([run for run, _ in incomplete]))}"
    )


def _describe(item: RangeStatus) -> str:
    log = f"; log: {item.log}" if item.log else ""
    if item.state == "refused" and ACCEPT_CODE not in item.reason:
        return f"the generator refuses samples {item.samples.brief()}: {item.reason}{log}"
    return f"samples {item.samples.brief()} {item.state}: {item.told}{log}"


def _resume_command(runs: Sequence[Run]) -> str:
    return command_for_all({run.paths.set for run in runs}, "resume")
