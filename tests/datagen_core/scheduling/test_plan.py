"""From what was asked for to a plan; nothing is written."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core import generate
from datagen_core.errors import ConfigurationError, GeneratorError, ParamsError
from datagen_core.executors.base import Resources
from datagen_core.executors.inline import InlineExecutor
from datagen_core.executors.local import LocalExecutor
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling.plan import (
    Settings,
    bind_generator,
    check_loadable,
    combine_resources,
    demand_of,
    share_out,
)
from datagen_core.store.journals import BatchTimes, Journal
from generators_for_tests import count, sine


class ShortPartition(LocalExecutor):
    """Jobs of at most ten minutes, as Slurm would have them."""

    name = "slurm"

    def max_minutes(self, resources):
        return 10

    def max_tasks(self):
        return 1000


def bound(tmp_path, generator=sine, **params):
    return bind_generator(generator, None, params, 0, tmp_path / "cache")


def timed(tmp_path, seconds, batches=9):
    """Bind, as if a job had made batches of so many seconds before."""
    binding = bound(tmp_path)
    times = BatchTimes(Journal(binding.paths.run(0).journal(0, 0)), born=0.0)
    for _ in range(batches):
        times.add(seconds)
    times._line["startup"] = 1.0
    times.write(0)
    return binding


def shares_of(binding, samples, executor, **settings):
    return share_out(binding, IntervalSet([(0, samples)]), executor, Settings(**settings))


def test_a_binding_is_a_parameter_set_to_be(tmp_path):
    binding = bound(tmp_path, left=0)

    assert binding.record.params == {"left": 0.0, "right": 1.0, "noise": 0.1, "label": "none"}
    assert binding.record.changed == {"left": 0.0}
    assert binding.paths.root.parent == tmp_path / "cache" / "sine"
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("sine", None, {}, 0), GeneratorError),
        ((sine, None, {"lefft": 0}, 0), ParamsError),
        ((sine, None, {}, -1), ConfigurationError),
        ((replace(sine, name="a/b"), None, {}, 0), ConfigurationError),
    ],
)
def test_wrong_requests_are_refused(tmp_path, arguments, error):
    with pytest.raises(error):
        bind_generator(*arguments, tmp_path)
    assert list(tmp_path.iterdir()) == []


@given(st.integers(1, 500), st.integers(1, 60))
def test_work_is_shared_among_as_many_tasks_as_jobs(tmp_path_factory, samples, njobs):
    shares = shares_of(
        bound(tmp_path_factory.mktemp("plan")), samples, LocalExecutor(), njobs=njobs
    )

    assert len(shares.tasks) == min(njobs, math.ceil(samples / 10))
    assert IntervalSet(part for task in shares.tasks for part in task) == IntervalSet(
        [(0, samples)]
    )


def test_an_inline_run_has_one_task(tmp_path):
    assert len(shares_of(bound(tmp_path), 500, InlineExecutor(), njobs=9).tasks) == 1


def test_a_time_limit_on_slurm_must_be_known(tmp_path):
    with pytest.raises(
        ConfigurationError, match=r"no run of this parameter set was timed yet.*--time"
    ):
        shares_of(bound(tmp_path), 10, ShortPartition())


def test_a_time_limit_follows_from_past_runs(tmp_path):
    shares = shares_of(timed(tmp_path, 1.0), 100, ShortPartition())

    assert shares.minutes == shares.estimate.limit_minutes
    assert shares.estimate.mean_seconds == pytest.approx(11.0)


def test_a_time_limit_that_is_given_wins(tmp_path):
    shares = shares_of(timed(tmp_path, 1.0), 100, ShortPartition(), resources=Resources(minutes=7))

    assert shares.minutes == 7


def test_more_tasks_are_made_when_one_would_take_too_long(tmp_path):
    shares = shares_of(timed(tmp_path, 10.0), 2000, ShortPartition())

    assert len(shares.tasks) > 1
    assert shares.minutes <= 10
    assert IntervalSet(part for task in shares.tasks for part in task) == IntervalSet([(0, 2000)])


def test_a_batch_that_takes_too_long_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="above the partition's maximum of 00:10:00"):
        shares_of(timed(tmp_path, 3600.0), 10, ShortPartition())


def test_a_limit_above_the_partitions_is_refused(tmp_path):
    settings = {"resources": Resources(minutes=11)}

    with pytest.raises(ConfigurationError, match="00:11:00 is above the partition's maximum"):
        shares_of(bound(tmp_path), 10, ShortPartition(), **settings)


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
        demand_of(bound(tmp_path), samples, total=False)


def test_a_generator_may_have_only_so_many_samples(tmp_path):
    demand = demand_of(bound(tmp_path, count, stop=12), 13, total=False)

    with pytest.raises(ConfigurationError, match="there are 12 samples"):
        demand.interval(0)


def test_changed_code_is_noticed(tmp_path):
    generate(sine, 3, executor="inline", cache=tmp_path / "cache")
    other = replace(sine, function=lambda size, rng: [(1.0, 2.0)] * size)

    assert bound(tmp_path).changed_code() == ""
    assert "raise `version`" in bound(tmp_path, other).changed_code()
