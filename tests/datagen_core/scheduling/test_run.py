"""Runs from beginning to end: the same bytes whatever the jobs, and nothing made twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datagen_core
from datagen_core import Cache, generate, sweep
from datagen_core.errors import ConfigurationError, IncompleteRunError, ParamsError
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.scheduling import run as run_module
from datagen_core.scheduling.driving import drive
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.resuming import take_up
from datagen_core.scheduling.run import cancel
from datagen_core.scheduling.status import status_of, statuses
from datagen_core.store import shards
from datagen_core.store.columns import ColumnReader
from datagen_core.store.compaction import compact
from datagen_core.store.layout import list_shards, shard_name
from datagen_core.store.reservations import reserve
from datagen_core.store.runs import list_plans, list_runs
from datagen_core.store.sets import open_sets
from datagen_core.store.shards import columns_checksum
from generators_for_tests import SineParams, broken, count, images, sine, squeezed, walks

GENERATORS = [sine, walks, images, squeezed]


def make(cache, n, generator=sine, **options):
    return generate(generator, n, cache=cache, **{"executor": "inline", **options})


def checksum(param_set):
    reader = ColumnReader((param_set.paths.packs, param_set.paths.shards), param_set.schema)
    return columns_checksum(reader.read(param_set.existing))


@settings(max_examples=15)
@given(st.sampled_from(GENERATORS), st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_topping_up_makes_what_one_run_makes(tmp_path_factory, generator, steps):
    caches = [tmp_path_factory.mktemp("steps"), tmp_path_factory.mktemp("once")]
    for step in steps:
        stepwise = make(caches[0], step, generator)
    at_once = make(caches[1], sum(steps), generator)

    assert stepwise.existing == at_once.existing == IntervalSet([(0, sum(steps))])
    assert checksum(stepwise) == checksum(at_once)


@settings(max_examples=15)
@given(st.sampled_from(GENERATORS), st.integers(1, 60), st.data())
def test_holes_are_filled_with_the_same_samples(tmp_path_factory, generator, n, data):
    cache = tmp_path_factory.mktemp("holes")
    for step in (n, 7):
        param_set = make(cache, step, generator)
    before = checksum(param_set)
    lost = data.draw(st.sampled_from(list_shards(param_set.paths.shards)))
    (param_set.paths.shards / shard_name(lost)).unlink()
    assert len(param_set.existing) == n + 7 - lost.size

    for reservation in list_runs(param_set.paths):
        drive([take_up(param_set.paths, reservation, Settings(executor="inline"))])
    assert checksum(param_set) == before


@settings(max_examples=4)
@given(
    st.sampled_from(GENERATORS),
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 5)), min_size=1, max_size=2),
)
def test_processes_make_what_one_process_makes(tmp_path_factory, generator, steps):
    caches = [tmp_path_factory.mktemp("local"), tmp_path_factory.mktemp("inline")]
    for n, njobs in steps:
        param_set = make(caches[0], n, generator, executor="local", njobs=njobs)
    expected = make(caches[1], sum(n for n, _ in steps), generator)

    assert param_set.existing == expected.existing
    assert checksum(param_set) == checksum(expected)


def test_compaction_and_more_runs_go_together(tmp_path):
    for _ in range(3):
        param_set = make(tmp_path / "a", 13)
        compact(param_set.paths, param_set.record, param_set.schema, grace=0)
    expected = make(tmp_path / "b", 39)

    assert checksum(param_set) == checksum(expected)
    assert len(list_shards(param_set.paths.packs)) > 0


def test_different_params_and_seeds_are_different_sets(tmp_path):
    made = [make(tmp_path, 5), make(tmp_path, 5, params={"left": 0}), make(tmp_path, 5, seed=1)]

    assert len({checksum(param_set) for param_set in made}) == 3
    assert [param_set.number for param_set in made] == [0, 1, 2]


@pytest.mark.parametrize("params", [{"left": 0}, SineParams(left=0), {"left": 0.0, "noise": 0.1}])
def test_params_in_all_forms_mean_one_set(tmp_path, params):
    make(tmp_path, 5, params={"left": 0})
    again = make(tmp_path, 5, params=params)

    assert len(Cache(tmp_path)["sine"]) == 1
    assert again.counts == {"raw": 10}


def test_total_makes_what_is_missing_and_then_nothing(tmp_path):
    assert make(tmp_path, 10, total=True).counts == {"raw": 10}
    assert make(tmp_path, 25, total=True).counts == {"raw": 25}
    assert make(tmp_path, 25, total=True).counts == {"raw": 25}
    assert len(list_runs(make(tmp_path, 20, total=True).paths)) == 2


def test_a_limit_is_kept(tmp_path):
    made = make(tmp_path, 25, count)

    assert made["raw"].get()["value"].tolist() == list(range(25))
    with pytest.raises(ConfigurationError, match="there are 25 samples"):
        make(tmp_path, 1, count)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"n": 0}, ConfigurationError),
        ({"n": 5, "params": {"lefft": 1}}, ParamsError),
        ({"n": 5, "seed": -1}, ConfigurationError),
        ({"n": 5, "executor": "nimbus"}, ConfigurationError),
        ({"n": 5, "time": "soon"}, ConfigurationError),
        ({"n": 5, "njobs": 0}, ConfigurationError),
        ({"n": 5, "memory": "much"}, ConfigurationError),
    ],
)
def test_what_is_refused_leaves_nothing_behind(tmp_path, options, error):
    with pytest.raises(error) as caught:
        make(tmp_path / "cache", **options)

    assert "\n" not in str(caught.value)
    assert not (tmp_path / "cache").exists()


def test_a_failing_batch_is_tried_three_times_and_the_rest_is_kept(tmp_path):
    with pytest.raises(IncompleteRunError, match="samples 10-14 failed: RuntimeError: there is no"):
        make(tmp_path, 30, broken)
    (param_set,) = Cache(tmp_path)["broken"].values()
    (reservation,) = list_runs(param_set.paths)

    assert param_set.existing == IntervalSet([(0, 10), (15, 30)])
    assert len(list_plans(param_set.paths.run(0))) == 3
    status = status_of(param_set.paths, reservation)
    assert (status.state, status.missing) == ("holes", IntervalSet([(10, 15)]))


def test_total_is_not_reached_while_samples_are_missing(tmp_path):
    for _ in range(2):
        with pytest.raises(IncompleteRunError, match="5 of 30 samples are missing"):
            make(tmp_path, 30, broken, total=True)


def test_a_sweep_over_missing_samples_is_refused_before_anything_is_written(tmp_path):
    (shard,) = make(tmp_path, 30).paths.shards.iterdir()
    shard.unlink()

    with pytest.raises(IncompleteRunError, match="30 of 30 samples are missing"):
        sweep(sine, 30, [{"left": 0}, {}], total=True, executor="inline", cache=tmp_path)
    assert len(Cache(tmp_path)["sine"]) == 1


def test_a_sweep_makes_what_no_other_process_reserves_meanwhile(tmp_path, monkeypatch):
    def reserve_and_open(sets):
        opened = open_sets(sets)
        reserve(sets[0][0], lambda _: Interval(0, 30), "", {"executor": "inline"})
        return opened

    monkeypatch.setattr(run_module, "open_sets", reserve_and_open)
    with pytest.raises(IncompleteRunError, match="30 of 30 samples are missing"):
        sweep(sine, 30, [{}, {"left": 0}], total=True, executor="inline", cache=tmp_path)
    assert [len(made.existing) for made in Cache(tmp_path)["sine"].values()] == [0, 30]


def test_later_runs_follow_the_holes_of_earlier_ones(tmp_path):
    with pytest.raises(IncompleteRunError):
        make(tmp_path, 30, broken)
    make(tmp_path, 10, broken)

    assert Cache(tmp_path)["broken"][0].existing == IntervalSet([(0, 10), (15, 40)])


def test_a_complete_run_is_resumed_for_nothing(tmp_path):
    param_set = make(tmp_path, 30)
    (reservation,) = list_runs(param_set.paths)
    [status] = drive([take_up(param_set.paths, reservation, Settings())])

    assert status.state == "complete"
    assert len(list_plans(param_set.paths.run(0))) == 1


def test_a_run_that_is_over_cannot_be_cancelled(tmp_path):
    param_set = make(tmp_path, 30)
    (reservation,) = list_runs(param_set.paths)

    cancel([param_set.paths.run(reservation.number)], "somebody")
    assert [status.state for status in statuses(param_set.paths)] == ["complete"]


def test_runs_tell_how_far_they_are(tmp_path):
    moments = []
    make(tmp_path, 30, observer=moments.append)

    assert (moments[0].done, moments[0].total) == (0, 30)
    assert (moments[-1].done, moments[-1].failed) == (30, 0)


def test_nothing_is_left_in_the_temporary_folder(tmp_path):
    param_set = make(tmp_path, 30)

    assert [path for path in param_set.paths.temporary.iterdir() if path.suffix == ".tmp"] == []
    assert param_set.existing.intervals == (Interval(0, 30),)


class WideParams(datagen_core.Params):
    width: int = 2


def schema_of(params):
    return datagen_core.Schema({"x": datagen_core.Field("float64", (params.width,))})


def look(params):
    if params.width > 9:
        raise datagen_core.DatagenError("too wide; take 9 at most")
    return [f"{params.width} wide"]


@datagen_core.generator(2, WideParams, schema=schema_of, preflight=look)
def wide(size, params, rng):
    """Make vectors whose length is a parameter."""
    return {"x": rng.normal(size=(size, params.width))}


def test_a_schema_may_follow_from_the_parameters(tmp_path):
    made = datagen_core.sweep(
        wide, 3, [{"width": 1}, {"width": 4}], executor="inline", cache=tmp_path
    )

    assert [each["raw"].get(3)["x"].shape for each in made] == [(3, 1), (3, 4)]


def test_a_preflight_refuses_before_anything_is_written(tmp_path):
    with pytest.raises(datagen_core.DatagenError, match="too wide; take 9"):
        datagen_core.generate(wide, 3, {"width": 10}, executor="inline", cache=tmp_path)

    assert not list(tmp_path.iterdir())


def test_the_user_reads_what_a_preflight_says(run_cli):
    answer = run_cli("generate", f"{__file__}:wide", "-n", 2, "--sweep", "width=3,4",
                     "--executor", "inline")  # fmt: skip

    assert (answer.code, answer.err.splitlines()[:2]) == (0, ["datagen: 3 wide", "datagen: 4 wide"])


def test_a_run_is_complete_whatever_keeps_its_set_from_being_compacted(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_RETRIES", 1)
    for _ in range(3):
        made = generate(sine, 5, executor="inline", cache=tmp_path)
    damaged = min(made.paths.shards.iterdir())
    damaged.write_bytes(damaged.read_bytes()[:100])

    made = generate(sine, 5, executor="inline", cache=tmp_path)

    assert len(made.existing) == 20
    assert not made.paths.packs.exists()
