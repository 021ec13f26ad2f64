"""A test kit for executors. Public: a third party's test calls `check_executor` with its own one.

It makes real samples with the executor, cancels tasks and kills one, and needs no test framework.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datagen_core.executors.base import Executor, Finding, Resources, TaskState
from datagen_core.ranges import IntervalSet
from datagen_core.reading.cache import Cache
from datagen_core.scheduling.demands import Demand, load, make_demands
from datagen_core.scheduling.driving import drive, inspect, submit
from datagen_core.scheduling.generate import generate
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import Run, begin, describe_submission, plan_demands
from datagen_core.scheduling.status import RunStatus
from datagen_core.store.runs import Plan, TaskKey, list_plans, publish_plan

__all__ = ["ConformanceError", "check_executor"]

_STEPS = f"{Path(__file__).with_name('steps.py')}:steps"
_SAMPLES, _JOBS = 40, 2


class ConformanceError(AssertionError):
    """An executor that does not keep the contract; the message says what it did."""


def check_executor(
    executor: Executor,
    folder: Path,
    resources: Resources | None = None,
    patience: float = 60.0,
) -> None:
    """Check that an executor keeps the contract of `datagen_core.Executor`, by using it.

    Flags and limits are consistent; samples are the same bytes as those that are made inline, also
    those of several runs at once; `poll` shows living tasks, and none at the end; cancelled tasks
    publish what they have; a killed worker leaves a hole, which the next submission fills; a batch
    that always ends its process costs itself; plans that were never submitted are not an error.

    Parameters
    ----------
    executor
        The executor, with a name.
    folder
        An empty folder for caches. Where tasks run, it must have the same path.
    resources
        What a task may use. An executor that needs time limits needs `minutes` here.
    patience
        How long to wait for tasks to start or to end, in seconds.

    Raises
    ------
    ConformanceError
        When it does not keep the contract.
    """
    kit = _Kit(executor, folder, resources or Resources(), patience)
    kit.check_flags()
    kit.check_examination()
    kit.check_samples()
    kit.check_plans_never_submitted()
    if not executor.in_process:
        kit.check_cancelling()
        kit.check_killing()
        kit.check_deaths()


@dataclass
class _Kit:
    executor: Executor
    folder: Path
    resources: Resources
    patience: float

    def check_flags(self) -> None:
        """Check what the executor says of itself."""
        executor, resources = self.executor, self.resources
        flags = (
            "in_process", "ends_with_caller", "needs_time_limit", "gives_gpus",
            "shares_processors", "shares_jobs",
        )  # fmt: skip
        self._expect(isinstance(getattr(executor, "name", None), str), "has no name")
        for flag in flags:
            self._expect(isinstance(getattr(executor, flag), bool), f"{flag} is neither True nor "
                         "False")  # fmt: skip
        if executor.in_process:
            self._expect(executor.ends_with_caller, "works in_process, so it ends_with_caller")
        why_not = self._ask("available")
        self._expect(why_not == "", f"is not available here: {why_not}")
        full = self._ask("complete", resources)
        self._expect(isinstance(full, Resources), "complete does not return Resources")
        self._expect(self._ask("complete", full) == full, "complete changes what is complete")
        names = {"max_tasks": (), "max_parallel": (), "max_minutes": (full,)}
        for name, arguments in names.items():
            limit = self._ask(name, *arguments)
            is_limit = limit is None or (isinstance(limit, int) and limit >= 1)
            self._expect(is_limit, f"{name} returns {limit!r}, neither None nor a whole number "
                         "from 1")  # fmt: skip

    def check_examination(self) -> None:
        """Check that what `datagen doctor` is told are findings of one line; and names of nodes."""
        for finding in self._ask("examine", self.resources):
            self._expect(isinstance(finding, Finding), f"examine says {finding!r}")
            self._expect("\n" not in finding.message, f"examine says {finding.message!r}")
        nodes = self._ask("nodes", self.resources)
        are_names = isinstance(nodes, frozenset) and all(isinstance(each, str) for each in nodes)
        self._expect(are_names, f"nodes returns {nodes!r}, which is not a frozenset of names")

    def check_samples(self) -> None:
        """Check that runs make the same samples as inline, and that no task lives on."""
        # More runs than may work at once, so that one worker has tasks of several.
        demands = self._demands("samples", 1.0, 2.0, 3.0)
        (_, plan), *_ = plan_demands(demands, self.executor, self._settings)
        text = describe_submission(demands[0], plan, self.executor, self._settings)
        self._expect(text, "describe returns no text")
        self._expect(not demands[0].cache.exists(), "describe writes into the cache")
        runs = begin(demands, self.executor, self._settings)
        self._drive(runs)
        self._wait_for_end([plan for run in runs for plan in list_plans(run.paths)])
        for run in runs:
            self._compare(run)

    def check_plans_never_submitted(self) -> None:
        """Check that plans of which the executor never heard are not an error."""
        (run,) = self._begin("unknown")
        task = IntervalSet([run.record.interval])
        plan = publish_plan(Plan(run.paths, self.executor.name, (task,)), run.record.id)
        if plan is None:  # of a new run
            raise ConformanceError(f"{self.executor.name}: somebody else uses {self.folder}")
        for plans in ([], [replace(plan, created=0.0)]):
            self._expect(not self._poll(plans), "poll shows tasks that were never submitted")
            self._ask("cancel", plans)
        self._diagnose(plan)

    def check_cancelling(self) -> None:
        """Check that living tasks are shown, publish what they have when cancelled, and end."""
        (run,) = self._begin("cancelled")
        with self._ordered("wait") as order:
            submit([run], inspect([run]))
            plans = list_plans(run.paths)
            self._wait(order.with_suffix(".met").exists, "begin a task")
            self._expect(self._poll(plans) != {}, "poll does not show tasks that live")
            self._ask("cancel", plans)
            self._wait_for_end(plans)
            self._wait(lambda: run.inspect().done, "publish what cancelled tasks have made")
        self._ask("cancel", plans)
        self._drive([replace(run, since=len(plans))])
        self._compare(run)

    def check_killing(self) -> None:
        """Check that the samples of a killed worker are made by another one."""
        (run,) = self._begin("killed")
        with self._ordered("die"):
            self._drive([run])
        for plan in list_plans(run.paths):
            self._diagnose(plan)
        self._wait_for_end(list_plans(run.paths))
        self._compare(run)

    def check_deaths(self) -> None:
        """Check that a batch which ends its process by a signal costs itself, and is never done."""
        (run,) = self._begin("deadly")
        with self._ordered("crash"):
            (status,) = self._drive_to_end([run])
        self._wait_for_end(list_plans(run.paths))
        made = f"makes samples {status.done} where those from 5 to 9 end their process"
        self._expect(status.missing == IntervalSet([(5, 10)]), made)
        told = [(item.state, item.reason) for item in status.ranges]
        self._expect(all(state == "failed" for state, _ in told), f"says of a death: {told}")

    @property
    def _settings(self) -> Settings:
        return Settings(_JOBS, self.executor.name, self.resources)

    @property
    def _orders(self) -> Path:
        return self.folder / "orders"

    @contextmanager
    def _ordered(self, order: str) -> Iterator[Path]:
        """Give an order to the second batch."""
        path = self._orders / "5"
        self._orders.mkdir(exist_ok=True)
        path.write_text(order, encoding="utf-8")
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _demands(self, cache: str, *scales: float) -> list[Demand]:
        points = [{"orders": str(self._orders), "scale": scale} for scale in scales]
        return make_demands(load(_STEPS), points, 0, self.folder / cache, _SAMPLES)

    def _begin(self, cache: str) -> list[Run]:
        return begin(self._demands(cache, 1.0), self.executor, self._settings)

    def _drive(self, runs: Sequence[Run]) -> None:
        for status in self._drive_to_end(runs):
            self._expect(not status.missing, f"leaves samples out: {status.ranges}")

    def _drive_to_end(self, runs: Sequence[Run]) -> list[RunStatus]:
        deadline = time.monotonic() + self.patience

        def watch(news: object) -> None:
            self._expect(time.monotonic() < deadline, f"does not end: {news}")
            self._poll([plan for run in runs for plan in list_plans(run.paths)])

        return drive(runs, watch)

    def _poll(self, plans: Sequence[Plan]) -> dict[TaskKey, TaskState] | None:
        """Return what `poll` says, after a check of its form."""
        living = self._ask("poll", plans)
        if living is None:
            return None
        known = {key for plan in plans for key in plan.keys}
        self._expect(set(living) <= known, "poll shows tasks by others than their plans' keys")
        for state in living.values():
            is_state = isinstance(state, TaskState) and state.state in {"queued", "running"}
            self._expect(is_state, f"poll says {state!r} of a task")
        return dict(living)

    def _diagnose(self, plan: Plan) -> None:
        for task in range(len(plan.tasks)):
            why = self._ask("diagnose", plan, task)
            is_line = isinstance(why, str) and "\n" not in why
            self._expect(is_line, f"diagnose returns {why!r}, which is not one line of text")

    def _compare(self, run: Run) -> None:
        """Compare the samples of a run with those that are made inline."""
        record, reference = run.demand.record, self.folder / "reference"
        generate(
            _STEPS, _SAMPLES, run.demand.params, executor="inline", cache=reference, total=True
        )
        made, expected = (
            Cache(cache)["steps"][record.digest]["raw"].get()["step"].tobytes()
            for cache in (run.demand.cache, reference)
        )
        self._expect(made == expected, "makes other samples than the executor inline")

    def _wait_for_end(self, plans: Sequence[Plan]) -> None:
        self._wait(lambda: not self._poll(plans), "end tasks: poll still shows some")

    def _wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + self.patience
        while not condition():
            self._expect(time.monotonic() < deadline, f"does not {what} in {self.patience:g} s")
            time.sleep(0.05)

    def _ask(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self.executor, method)(*arguments)
        except Exception as error:
            raise ConformanceError(
                f"{self.executor.name}: {method} raises {type(error).__name__}: {error}"
            ) from error

    def _expect(self, condition: object, otherwise: str) -> None:
        if not condition:
            raise ConformanceError(f"{self.executor.name}: {otherwise}")
