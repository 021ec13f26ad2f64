"""Runs: planned, begun, cancelled. Nothing is submitted here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from datagen_core.errors import ConfigurationError, ExecutionError, IncompleteRunError, count_of
from datagen_core.executors.base import Executor, Job, Resources
from datagen_core.executors.choice import find_executor
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.params import Params
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling import worker, worker_process
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.scheduling.demands import Demand, check_owner, refuse_seconds
from datagen_core.scheduling.judging import record_verdict
from datagen_core.scheduling.known_sets import bind_record
from datagen_core.scheduling.liveness import is_elsewhere
from datagen_core.scheduling.nodes import BadNode
from datagen_core.scheduling.plan import (
    Limits,
    Settings,
    check_loadable,
    combine_resources,
    divide_jobs,
    make_plan,
)
from datagen_core.scheduling.probing import settle
from datagen_core.scheduling.status import (
    Existing,
    Poll,
    RunStatus,
    advise,
    inspect_run,
    never_submitted,
    statuses,
)
from datagen_core.scheduling.surroundings import (
    describe_surroundings,
    make_recipe,
    seal,
    threads_of,
    threads_of_run,
)
from datagen_core.scheduling.trusting import trust_call
from datagen_core.store.advice import command_for
from datagen_core.store.codes import keep_code
from datagen_core.store.keys import draw_key
from datagen_core.store.layout import RunPaths
from datagen_core.store.publishing import in_parallel
from datagen_core.store.reservations import reserve, reserved_samples
from datagen_core.store.runs import Plan, RunRecord, list_plans
from datagen_core.store.set_records import SetRecord
from datagen_core.store.sets import (
    check_known,
    existing_samples,
    keep_inputs,
    list_sets,
    open_sets,
    publish_schema,
    read_set,
)

_BEGUN_AT_ONCE = 250
"""Parameter sets that are begun together: a call that is interrupted has begun the first ones."""


def ignore(news: object) -> None:
    """Observe nothing."""


@dataclass
class Run:
    """A run that this process looks after.

    Attributes
    ----------
    record
        The reserved index range.
    maker
        Makes its batches in this process.
    since
        The first plan that counts; failures before it are forgiven.
    plan
        What to submit first, where that was planned before the run was begun.
    announce
        Called with what the user should know once, such as an estimated time limit.
    bad_nodes
        The nodes that its jobs do not get.
    """

    record: RunRecord
    demand: Demand
    maker: BatchMaker
    executor: Executor
    settings: Settings
    since: int = 0
    plan: Plan | None = None
    announce: Callable[[str], None] = ignore
    bad_nodes: Mapping[str, BadNode] = field(default_factory=dict)

    @property
    def paths(self) -> RunPaths:
        """The files of the run."""
        return self.demand.paths.run(self.record.number)

    @property
    def resources(self) -> Resources:
        """What a task gets; a processor for each thread, unless another number was asked for."""
        resources = combine_resources(self.demand.generator, self.settings.resources)
        return resources if resources.cpus > 1 else replace(resources, cpus=self.threads)

    @cached_property
    def threads(self) -> int:
        """The number of threads that make its samples, which all runs of the set have."""
        return threads_of_run(self.paths.set, self.record)

    def inspect(self, poll: Poll | None = None, existing: Existing = existing_samples) -> RunStatus:
        """Return the run's status; `poll` and `existing` are those of `inspect_run`."""
        if self.plan is not None:
            return never_submitted(self.record)
        return inspect_run(
            self.paths, self.record, self.executor, self.since, poll, existing,
            resources=self.resources,
        )  # fmt: skip


def complete(executor: Executor, settings: Settings, earlier: Sequence[Plan] = ()) -> Settings:
    """Return settings with what an executor adds to them, which may follow from earlier plans.

    Raises
    ------
    ConfigurationError
        When it cannot give what is asked for.
    """
    if settings.resources.gpus and not executor.gives_gpus:
        raise ConfigurationError(
            f"executor {executor.name} cannot give GPUs to jobs; leave out --gpus, or use another "
            "--executor, such as slurm or local"
        )
    return replace(settings, resources=executor.complete(settings.resources, earlier))


def plan_demands(
    demands: Sequence[Demand], executor: Executor, settings: Settings
) -> list[tuple[Interval, Plan]]:
    """Return the indices that demands would reserve, and a plan for each. Nothing is written.

    All of them share the jobs that may run at once, and each gets at least one task. A plan has no
    tasks where a total that is asked for is reached.

    Raises
    ------
    DatagenError
        When anything about them is to be refused.
    """
    for demand in demands:
        check_known(demand.paths)
        check_loadable(demand, executor)
    intervals = [demand.interval(reserved_samples(demand.paths)) for demand in demands]
    active = [demand for demand, each in zip(demands, intervals, strict=True) if each.size]
    for demand in active:
        check_owner(demand)
    settings = complete(executor, settings)
    share = divide_jobs(settings, len(active))
    limits = _ask_limits(active, executor, settings)
    accounts = _Accounts()
    plans = []
    for demand, interval in zip(demands, intervals, strict=True):
        run = demand.paths.run(0)
        plans.append(make_plan(demand, run, IntervalSet([interval]), executor, share, limits))
        if interval.size:
            accounts.count(demand, interval.stop)
    limits.check_tasks(executor, settings.njobs, sum(len(plan.tasks) for plan in plans))
    return list(zip(intervals, plans, strict=True))


def _ask_limits(demands: Sequence[Demand], executor: Executor, settings: Settings) -> Limits:
    if not demands:
        return Limits(None, None, None)
    return Limits.of(executor, combine_resources(demands[0].generator, settings.resources))


def begin(
    demands: Sequence[Demand],
    executor: Executor,
    settings: Settings,
    observe: Callable[[int], None] = ignore,
) -> list[Run]:
    """Reserve runs of one generator, none where the total is reached. Nothing is submitted yet.

    Everything that can be refused is refused before anything is written. What another process
    reserves in the same moment gets no run; see `check_made`. `observe` is told now and then how
    many of the demands are dealt with.
    """
    planned = plan_demands(demands, executor, settings)
    work = [plan.samples for _, plan in planned]
    demands = settle(demands, work, executor, settings)
    if any(demand.probe for demand in demands):
        planned = plan_demands(demands, executor, settings)
    plans = [plan for _, plan in planned]
    check_made([demand for demand, plan in zip(demands, plans, strict=True) if not plan.tasks])
    if not demands:
        return []
    trust_call(demands[0].source, _describe_call(executor, settings))
    cache, completed = demands[0].cache, complete(executor, settings)
    keep_code(demands[0].paths, demands[0].code)
    for demand in demands:
        keep_inputs(cache, demand.record.params)
        if demand.record.private and not demand.paths.params.exists():
            draw_key(demand.record)
    start = _Start(executor, settings, completed, _Accounts())
    runs: list[Run] = []
    for first in range(0, len(demands), _BEGUN_AT_ONCE):
        some = slice(first, first + _BEGUN_AT_ONCE)
        runs += start.begin(demands[some], plans[some])
        observe(min(some.stop, len(demands)))
    return runs


@dataclass(frozen=True)
class _Start:
    """Begins runs, many at once: the settings as they were given, and completed by the executor."""

    executor: Executor
    settings: Settings
    completed: Settings
    accounts: _Accounts

    def begin(self, demands: Sequence[Demand], plans: Sequence[Plan]) -> list[Run]:
        begun = open_sets([(demand.paths, demand.record) for demand in demands])
        refuse_seconds(demands)
        parts = list(zip(demands, plans, begun, strict=True))
        # What costs add up to follows from the order of the sets.
        adds_up = demands[0].generator.account is not None
        found = (
            [self._begin(*part) for part in parts]
            if adds_up
            else in_parallel(lambda part: self._begin(*part), parts)
        )
        return [run for run in found if run is not None]

    def _begin(self, demand: Demand, plan: Plan, begun: SetRecord) -> Run | None:
        paths = demand.paths
        if begun.private and not plan.tasks:  # it may be another user's, and has enough samples
            return None
        maker = BatchMaker.of(demand.generator, begun, demand.params)
        if maker.declared_schema is not None:
            publish_schema(paths, maker.declared_schema)
        run = _reserve(demand, self.executor, self.settings, self.accounts)
        if run is None:
            return None
        is_planned = plan.samples == IntervalSet([run.interval])
        first = replace(plan, run=paths.run(run.number)) if is_planned else None
        return Run(run, demand, maker.growing(paths), self.executor, self.completed, plan=first)


def _reserve(
    demand: Demand, executor: Executor, settings: Settings, accounts: _Accounts
) -> RunRecord | None:
    threads = threads_of(demand.paths, settings.resources.cpus)
    details = {**_describe_call(executor, settings), "threads": threads, **demand.provenance}
    account = partial(accounts.count, demand)
    return reserve(demand.paths, demand.interval, demand.source, details, account)


def _describe_call(executor: Executor, settings: Settings) -> dict[str, Any]:
    """Return what a run keeps of how it was asked for."""
    return {
        "executor": executor.name,
        "njobs": settings.njobs,
        "resources": settings.resources.described(),
        **describe_surroundings(),
    }


class _Accounts:
    """What the parameter sets of a call cost, where costs add up over a generator's sets."""

    def __init__(self) -> None:
        self._sets: dict[Path, dict[str, tuple[Params, int]]] = {}

    def count(self, demand: Demand, samples: int) -> dict[str, float | str]:
        """Return what the first `samples` samples cost; other sets of the call count, too."""
        digest, folder = demand.record.digest, demand.paths.root.parent

        def others() -> list[tuple[Params, int]]:
            if folder not in self._sets:
                self._sets[folder] = _reserved_sets(folder, demand.generator)
            return [each for name, each in self._sets[folder].items() if name != digest]

        cost = demand.generator.account_of(demand.params, samples, others)
        self._sets.get(folder, {})[digest] = demand.params, samples
        return cost


def _reserved_sets(folder: Path, generator: DatasetGenerator) -> dict[str, tuple[Params, int]]:
    """Return parameters and number of reserved samples of a generator's sets, by digest."""
    found: dict[str, tuple[Params, int]] = {}
    for paths in list_sets(folder).values():
        record = read_set(paths)
        params = bind_record(generator, record)
        found[record.digest] = params, reserved_samples(paths)
    return found


def check_made(demands: Sequence[Demand], runs: Sequence[Run] = ()) -> None:
    """Refuse to call a total reached that is reserved, by none of `runs`, and not all there."""
    own = {run.paths.set for run in runs}
    for demand in demands:
        missing = IntervalSet([(0, demand.samples)]) - existing_samples(demand.paths)
        if missing and demand.paths not in own:
            raise IncompleteRunError(_explain_total(demand, missing))


def _explain_total(demand: Demand, missing: IntervalSet) -> str:
    found = [status for status in statuses(demand.paths) if status.missing & missing]
    refused = [item for status in found for item in status.refused]
    why = "though other runs were to make them"
    if refused:
        samples = IntervalSet(part for item in refused for part in item.samples) & missing
        why = f"and the generator refuses samples {samples.brief()}: {refused[0].reason}"
    resume = command_for(demand.paths, "resume")
    others = [status for status in found if status.state != "refused"] or found
    advice = advise(others[0], resume) if others else f"go on with: {resume}"
    return (
        f"{len(missing)} of {count_of(demand.samples, 'sample')} are missing "
        f"({missing.brief()}), {why}; "
        f"{advice}"
    )


def describe_submission(demand: Demand, plan: Plan, executor: Executor, settings: Settings) -> str:
    """Return, for people, what the scheduler would be handed for a plan."""
    if not plan.tasks:
        return "nothing to do"
    settings = complete(executor, settings)
    resources = combine_resources(demand.generator, settings.resources)
    work = partial(worker_process.run_job, [(worker.address_of(plan), len(plan.tasks))])
    recipe = seal(make_recipe(describe_surroundings(), demand.source, demand.code.fingerprint))
    job = Job((plan,), resources, settings.njobs, settings.wait, work, recipe=recipe)
    return executor.describe(job)


def cancel(runs: Iterable[RunPaths], who: str) -> None:
    """Cancel the tasks of runs that are alive; they publish what they have.

    Raises
    ------
    ExecutionError
        When an executor does not end them, and when some may go on on another cluster. They count
        as cancelled all the same, so that `resume` makes their samples.
    """
    plans = [plan for run in runs for plan in list_plans(run)]
    executors = {name: find_executor(name) for name in {plan.executor for plan in plans}}
    in_parallel(partial(_record_cancelled, who), plans)
    elsewhere = [each for each in plans if is_elsewhere(each, executors[each.executor])]
    for name, executor in executors.items():
        executor.cancel([p for p in plans if p.executor == name and p not in elsewhere])
    unfinished = [
        (plan.name, plan.cluster)
        for plan in elsewhere
        if not all(plan.last_word(task) for task in range(len(plan.tasks)))
    ]
    if unfinished:
        job, cluster = unfinished[0]
        raise ExecutionError(
            f"job {job} was submitted on cluster {cluster} and may go on there; end it there with "
            f"`scancel --name={job}`. Here it counts as cancelled: `datagen resume` makes the rest"
        )


def _record_cancelled(who: str, plan: Plan) -> None:
    for task in range(len(plan.tasks)):
        record_verdict(plan, task, f"cancelled by {who}")
