"""From what was asked for to a plan; nothing is written."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.errors import ConfigurationError, GeneratorError, ParamsError
from datagen_core.executors.base import Resources
from datagen_core.executors.inline import InlineExecutor
from datagen_core.executors.local import LocalExecutor
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.plan import (
    MOST_PROBED,
    Settings,
    check_loadable,
    combine_resources,
    divide_jobs,
    make_plan,
)
from datagen_core.store.journals import BatchTimes, Journal
from demands import demand_for
from generators_for_tests import count, sine


class ShortPartition(LocalExecutor):
    """Jobs of at most ten minutes, as Slurm would have them."""

    needs_time_limit = True

    def max_minutes(self, resources):
        return 10

    def max_tasks(self):
        return 1000


class Pool(LocalExecutor):
    """Processes of this machine that end after ten minutes, as a plugin may have them."""

    name = "pool"

    def max_minutes(self, resources):
        return 10


def bound(tmp_path, generator=sine, samples=1, *, total=False, **params):
    return demand_for(generator, tmp_path / "cache", samples, params, total=total)


def timed(tmp_path, seconds, batches=9):
    """Return a demand, as if a job had made batches that took this long before."""
    demand = bound(tmp_path)
    demand.paths.root.mkdir(parents=True)
    times = BatchTimes(Journal(demand.paths.run(0).journal(0, 0)), born=0.0)
    for _ in range(batches):
        times.add(seconds)
    times._line["startup"] = 1.0
    times.write(0)
    return demand


def plan_of(demand, samples, executor, **settings):
    missing = IntervalSet([(0, samples)])
    return make_plan(demand, demand.paths.run(0), missing, executor, Settings(**settings))


def test_a_demand_is_a_parameter_set_to_be(tmp_path):
    demand = bound(tmp_path, left=0)

    assert demand.record.params == {"left": 0.0, "right": 1.0, "noise": 0.1, "label": "none"}
    assert demand.record.changed == {"left": 0.0}
    assert demand.paths.root.parent == tmp_path / "cache" / "sine"
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("sine", {}, 0), GeneratorError),
        ((sine, {"lefft": 0}, 0), ParamsError),
        ((sine, {}, -1), ConfigurationError),
        ((replace(sine, name="a/b"), {}, 0), ConfigurationError),
    ],
)
def test_wrong_requests_are_refused(tmp_path, arguments, error):
    with pytest.raises(error):
        demand_for(arguments[0], tmp_path, 1, *arguments[1:])
    assert list(tmp_path.iterdir()) == []


@given(st.integers(1, 500), st.integers(1, 60))
def test_work_is_shared_among_as_many_tasks_as_jobs(tmp_path_factory, samples, njobs):
    plan = plan_of(bound(tmp_path_factory.mktemp("plan")), samples, LocalExecutor(), njobs=njobs)

    assert len(plan.tasks) == min(njobs, math.ceil(samples / 10))
    assert plan.samples == IntervalSet([(0, samples)])


@pytest.mark.parametrize(("njobs", "runs", "share"), [(5, 1, 5), (5, 2, 3), (4, 2, 2), (3, 100, 1)])
def test_runs_that_share_a_job_share_its_tasks(njobs, runs, share):
    settings = Settings(njobs, "local", probe=True)

    assert divide_jobs(settings, runs) == replace(settings, njobs=share)


def test_an_inline_run_has_one_task(tmp_path):
    assert len(plan_of(bound(tmp_path), 500, InlineExecutor(), njobs=9).tasks) == 1


class Boundless(LocalExecutor):
    """Any number of tasks at once, as a scheduler without limits would have them."""

    def max_parallel(self):
        return None


def test_a_million_million_samples_are_shared_by_arithmetic(tmp_path):
    holes = IntervalSet([(0, 10**12)]) - IntervalSet([(5, 7), (10**11, 10**11 + 3)])
    demand = timed(tmp_path, 1e-6)
    plan = make_plan(demand, demand.paths.run(0), holes, ShortPartition(), Settings(njobs=3))

    assert plan.samples == holes
    assert 100 < len(plan.tasks) < 1000


@pytest.mark.parametrize("njobs", [1, 10**12])
def test_an_absurd_number_of_tasks_is_refused(tmp_path, njobs):
    executor = Boundless() if njobs > 1 else Pool()
    with pytest.raises(ConfigurationError, match="tasks, more than 1,000,000; ask for fewer"):
        plan_of(timed(tmp_path, 1.0), 10**12, executor, njobs=njobs)


def test_too_many_tasks_at_once_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="65 jobs at once are more than the 64"):
        plan_of(bound(tmp_path), 650, Crowd(), njobs=80)
    assert len(plan_of(bound(tmp_path), 640, Crowd(), njobs=80).tasks) == 64


class Crowd(LocalExecutor):
    """At most 64 tasks at once."""

    def max_parallel(self):
        return 64


def test_a_time_limit_on_slurm_must_be_known(tmp_path):
    with pytest.raises(
        ConfigurationError, match=r"no run of this parameter set was timed yet.*--time"
    ):
        plan_of(bound(tmp_path), 10, ShortPartition())


def test_a_set_that_was_never_timed_is_begun_with_one_batch_here(tmp_path):
    with pytest.raises(ConfigurationError) as told:
        plan_of(bound(tmp_path), 10, ShortPartition())

    command = str(told.value).partition("first run a few: ")[2]
    assert command.startswith("datagen generate ")
    assert " -n 10 " in f"{command} "
    assert " --executor local" in command


def test_an_executor_with_a_longest_limit_has_one_without_being_asked(tmp_path):
    plan = plan_of(bound(tmp_path), 10, Pool())

    assert (plan.executor, plan.minutes) == ("pool", 10)
    assert plan_of(timed(tmp_path, 1.0), 100, Pool()).minutes == 2


def test_a_time_limit_follows_from_past_runs(tmp_path):
    plan = plan_of(timed(tmp_path, 1.0), 100, ShortPartition())

    assert plan.minutes == plan.estimate.limit_minutes
    assert plan.estimate.mean_seconds == pytest.approx(11.0)


@pytest.mark.parametrize("samples", [100, 2000])  # in one task, and in as many as fit
def test_a_plan_has_time_for_the_batches_that_are_compared_first(tmp_path, samples):
    demand = replace(timed(tmp_path, 10.0), probe="compare")
    plan = plan_of(demand, samples, ShortPartition())

    assert plan.probe == "compare"
    batches = math.ceil(samples / 10 / len(plan.tasks)) + MOST_PROBED
    assert plan.estimate.mean_seconds == pytest.approx(1.0 + 10 * batches)


def test_a_time_limit_that_is_given_wins(tmp_path):
    plan = plan_of(timed(tmp_path, 1.0), 100, ShortPartition(), resources=Resources(minutes=7))

    assert plan.minutes == 7


def test_more_tasks_are_made_when_one_would_take_too_long(tmp_path):
    plan = plan_of(timed(tmp_path, 10.0), 2000, ShortPartition())

    assert len(plan.tasks) > 1
    assert plan.minutes <= 10
    assert plan.samples == IntervalSet([(0, 2000)])


def test_a_batch_that_takes_too_long_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="above the maximum of 00:10:00"):
        plan_of(timed(tmp_path, 3600.0), 10, ShortPartition())


@pytest.mark.parametrize(("seconds", "fits"), [(590.0, True), (604.0, False)])
def test_a_batch_that_mostly_ends_in_time_is_tried(tmp_path, seconds, fits):
    with nullcontext() if fits else pytest.raises(ConfigurationError, match="above the maximum"):
        assert plan_of(timed(tmp_path, seconds), 10, ShortPartition()).minutes == 10


def test_a_limit_above_the_partitions_is_refused(tmp_path):
    settings = {"resources": Resources(minutes=11)}

    with pytest.raises(
        ConfigurationError, match="00:11:00 is above the maximum of 00:10:00 of executor"
    ):
        plan_of(bound(tmp_path), 10, ShortPartition(), **settings)


def test_the_user_overrules_the_generator():
    asked = Resources(memory="2GB", options={"qos": "long"})
    combined = combine_resources(sine, asked)

    assert combined.memory == "2GB"
    assert combined.options == {"qos": "long", "exclusive": True}
    assert combine_resources(sine, Resources()).memory == "1GB"


def test_other_processes_must_be_able_to_load_a_generator(tmp_path):
    typed = replace(bound(tmp_path), source="")

    check_loadable(typed, InlineExecutor())
    with pytest.raises(GeneratorError, match=r"defined interactively.*put it into a file"):
        check_loadable(typed, LocalExecutor())


@pytest.mark.parametrize("samples", [0, -5])
def test_at_least_one_sample_is_asked_for(tmp_path, samples):
    with pytest.raises(ConfigurationError, match="ask for at least one"):
        bound(tmp_path, samples=samples)


@pytest.mark.parametrize(
    ("samples", "total", "reserved", "expected"),
    [(5, False, 0, (0, 5)), (5, False, 3, (3, 8)), (5, True, 3, (3, 5)), (5, True, 7, (7, 7))],
)
def test_a_demand_is_for_more_or_for_a_total(tmp_path, samples, total, reserved, expected):
    demand = bound(tmp_path, samples=samples, total=total)

    assert demand.interval(reserved) == expected


@pytest.mark.parametrize(("samples", "total"), [(13, False), (30, True)])
def test_a_generator_may_have_a_limit(tmp_path, samples, total):
    demand = bound(tmp_path, count, samples, total=total, stop=12)

    with pytest.raises(ConfigurationError, match=r"there are 12 samples.*at most 12 more"):
        demand.interval(0)


def test_the_limit_itself_can_be_reached(tmp_path):
    assert bound(tmp_path, count, 12, stop=12).interval(0) == (0, 12)
    assert bound(tmp_path, count, 12, total=True, stop=12).interval(5) == (5, 12)
