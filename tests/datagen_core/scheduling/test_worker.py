"""What one job does: publish as it goes, leave a last word, hide nothing."""

from __future__ import annotations

import errno
import os
import signal
import time
from dataclasses import replace

import pytest

import datagen_core
from datagen_core.batches import deal
from datagen_core.errors import RefusedSampleError, SchemaError
from datagen_core.executors.local import LocalExecutor
from datagen_core.generators.registry import Loaded
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling import worker
from datagen_core.scheduling.batches import BatchMaker
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import begin
from datagen_core.scheduling.worker import address_of, run_task
from datagen_core.scheduling.worker_process import run_job
from datagen_core.store import shard_writer
from datagen_core.store.journals import read_journal
from datagen_core.store.layout import list_shards
from datagen_core.store.reservations import reserve
from datagen_core.store.sets import existing_samples, read_schema, read_set
from demands import demand_for, more, open_set, plan_for, publish_job
from generators_for_tests import broken, sine, unsteady


@pytest.fixture
def make_plan(tmp_path):
    """Return `make_plan(generator, samples, tasks, minutes)`: a set, a reservation, a plan."""

    def planned(generator, samples=30, tasks=1, minutes=None):
        demand = demand_for(generator, tmp_path)
        paths, _ = open_set(tmp_path, demand.record)
        record = reserve(paths, more(samples), demand.source, {})
        shares = deal(IntervalSet([record.interval]), generator.batch_size, tasks)
        run = paths.run(record.number)
        return plan_for(run, record.id, "inline", shares, minutes)

    return planned


def do(plan, task, generator, *report):
    """Do a task in this process, which has the generator at hand."""
    maker = BatchMaker.of(generator, read_set(plan.run.set))
    return run_task(address_of(plan), task, maker, *report)


def events_of(plan, task=0):
    return read_journal(plan.run.journal(plan.number, task))


def generator_of(function, batch_size=10):
    return datagen_core.generator(batch_size, name="made")(function)


def failing(errors):
    """Return a generator that raises errors at some starts of batches."""

    def fail(size, start):
        if start in errors:
            raise errors[start]
        return [(1.0, 1.0)] * size

    return generator_of(fail)


def errors_of(plan):
    return [event for event in events_of(plan) if event["event"] == "error"]


def test_a_task_makes_its_samples_and_says_done(make_plan):
    plan = make_plan(sine, 30, tasks=2)
    word = do(plan, 0, sine)

    assert word == "done"
    assert existing_samples(plan.run.set) == plan.tasks[0]
    words = [event["event"] for event in events_of(plan)]
    assert words == ["start", "schema", "machine", "batches", "end"]
    assert events_of(plan)[-1]["reason"] == "done"


def test_a_task_finds_its_generator_by_itself(make_plan):
    plan = make_plan(sine)

    assert run_task(address_of(plan), 0) == "done"


def test_a_finished_task_makes_nothing_again(make_plan):
    plan = make_plan(sine)
    do(plan, 0, sine)
    (shard,) = plan.run.set.shards.iterdir()
    before = shard.stat().st_mtime_ns
    made = []

    assert do(plan, 0, sine, made.append) == "done"
    assert made == []
    assert shard.stat().st_mtime_ns == before


def test_progress_is_reported_batch_by_batch(make_plan):
    made = []
    do(make_plan(sine, 25), 0, sine, made.append)

    assert made == [10, 10, 5]


def test_a_batch_that_fails_is_a_hole_and_the_rest_is_made(make_plan, capsys):
    plan = make_plan(broken, 30)

    assert do(plan, 0, broken) == "failed"
    assert existing_samples(plan.run.set) == IntervalSet([(0, 10), (15, 30)])
    (error,) = [event for event in events_of(plan) if event["event"] == "error"]
    assert (error["range"], error["final"]) == ([10, 15], False)
    assert error["message"] == "RuntimeError: there is no sample 10"


def test_the_traceback_is_in_the_log(make_plan, capsys):
    plan = make_plan(broken, 30)
    do(plan, 0, broken)

    assert "there is no sample 10" in plan.run.log(0, 0).read_text()
    assert capsys.readouterr().err == ""


def test_a_task_gives_up_after_some_failures(make_plan):
    calls = []

    def fail(start):
        calls.append(start)
        if start:
            message = "no"
            raise ValueError(message)
        return [(1.0, 1.0)] * 10

    made = generator_of(fail)
    assert do(make_plan(made, 100), 0, made) == "failed"
    assert calls[-3:] == [10, 20, 30]


def test_wrong_samples_fail_for_good(make_plan):
    made = generator_of(lambda size, start: [(1.0, "a" if start else 1.0)] * size)
    plan = make_plan(made, 20)
    do(plan, 0, made)
    (error,) = [event for event in events_of(plan) if event["event"] == "error"]

    assert error["final"] is True
    assert existing_samples(plan.run.set) == IntervalSet([(0, 10)])


def test_the_schema_comes_from_batch_0_whoever_comes_first(make_plan):
    made = generator_of(lambda size, start: [{"a": 1 if start else 0.5}] * size)
    plan = make_plan(made, 30, tasks=3)
    do(plan, 2, made)

    assert str(next(iter(read_schema(plan.run.set).fields.values()))) == "float64"


def test_another_version_is_refused(make_plan, monkeypatch):
    plan = make_plan(sine)
    loaded = Loaded(replace(sine, version="2"), "")
    monkeypatch.setattr(worker, "load_recorded", lambda _: loaded)

    assert run_task(address_of(plan), 0) == "failed"
    assert "raise `version`" in events_of(plan)[1]["message"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_final_and_shows_nothing(make_plan, monkeypatch, code):
    def refuse(*_: object, **__: object):
        raise OSError(code, os.strerror(code))

    plan = make_plan(sine)
    monkeypatch.setattr(shard_writer, "publish_shard", refuse)

    assert do(plan, 0, sine) == "failed"
    assert list_shards(plan.run.set.shards) == []
    assert errors_of(plan)[0]["final"] is True


def test_sigterm_publishes_what_is_made(make_plan):
    def slow(size, start):
        if start == 20:
            os.kill(os.getpid(), signal.SIGTERM)
        return [(1.0, 1.0)] * size

    made = generator_of(slow)
    plan = make_plan(made, 100)

    assert do(plan, 0, made) == "terminated"
    assert existing_samples(plan.run.set) == IntervalSet([(0, 20)])
    assert events_of(plan)[-1]["reason"] == "terminated"


def test_sigterm_waits_until_a_shard_is_published(make_plan, monkeypatch):
    publish = shard_writer.publish_shard

    def interrupted(*arguments, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        return publish(*arguments, **options)

    monkeypatch.setattr(shard_writer, "publish_shard", interrupted)
    monkeypatch.setattr(shard_writer, "PUBLISH_SECONDS", 0.0)
    plan = make_plan(sine, 100)

    assert do(plan, 0, sine) == "terminated"
    assert existing_samples(plan.run.set) == IntervalSet([(0, 10)])


def test_sigterm_is_not_swallowed_by_a_careless_generator(make_plan):
    def careless(size, start):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Exception:
            return [(1.0, 1.0)] * size

    made = generator_of(careless)
    assert do(make_plan(made, 100), 0, made) == "terminated"


def test_the_handler_of_before_is_back_afterwards(make_plan):
    before = signal.getsignal(signal.SIGTERM)
    do(make_plan(sine), 0, sine)

    assert signal.getsignal(signal.SIGTERM) is before


def test_a_task_stops_before_its_time_limit(make_plan, monkeypatch):
    plan = make_plan(sine, 100, minutes=1)
    clock, later = time.monotonic, iter(range(0, 10_000, 10))
    monkeypatch.setattr(worker.time, "monotonic", lambda: clock() + next(later))

    assert do(plan, 0, sine) == "time limit"
    made = existing_samples(plan.run.set)
    assert 0 < len(made) < 100


def test_ctrl_c_publishes_too_and_goes_on_up(make_plan):
    def interrupt(size, start):
        if start == 10:
            os.kill(os.getpid(), signal.SIGINT)
        return [(1.0, 1.0)] * size

    made = generator_of(interrupt)
    plan = make_plan(made, 30)
    with pytest.raises(KeyboardInterrupt):
        do(plan, 0, made)

    assert existing_samples(plan.run.set) == IntervalSet([(0, 10)])
    assert events_of(plan)[-1]["reason"] == "interrupted"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SystemExit(3), "the generator called sys.exit(3)"),
        (SystemExit("enough"), "the generator called sys.exit('enough')"),
        (SystemExit(), "the generator called sys.exit()"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit("odd"), "GeneratorExit: odd"),
        (BaseException("odd"), "BaseException: odd"),
    ],
)
def test_whatever_a_generator_raises_is_a_failure_of_its_batch(make_plan, error, message):
    made = failing({10: error})
    plan = make_plan(made, 30)

    assert do(plan, 0, made) == "failed"
    assert existing_samples(plan.run.set) == IntervalSet([(0, 10), (20, 30)])
    assert [(e["message"], e["final"]) for e in errors_of(plan)] == [(message, False)]


def test_refused_samples_do_not_count_as_failures(make_plan):
    made = failing({10 * batch: RefusedSampleError("no root") for batch in range(1, 20)})
    plan = make_plan(made, 300)

    assert do(plan, 0, made) == "failed"
    assert existing_samples(plan.run.set) == IntervalSet([(0, 10), (200, 300)])
    assert {(e["message"], e["refused"], e["final"]) for e in errors_of(plan)} == {
        ("no root", True, True)
    }
    assert {e["format"] for e in errors_of(plan)} == {"1.1"}


def test_a_task_whose_first_batches_are_all_refused_gives_up_the_rest(make_plan):
    made = failing({10 * batch: RefusedSampleError("no root") for batch in range(15)})
    plan = make_plan(made, 300)

    assert do(plan, 0, made) == "failed"
    assert len(errors_of(plan)) == worker.MAX_REFUSALS
    assert not existing_samples(plan.run.set)


@pytest.mark.parametrize("kind", [RefusedSampleError, SchemaError])
def test_a_refusal_of_the_whole_set_ends_a_task_at_once(make_plan, kind):
    made = failing({10: kind("there are no such samples", whole_set=True)})
    plan = make_plan(made, 300)
    do(plan, 0, made)

    assert existing_samples(plan.run.set) == IntervalSet([(0, 10)])
    assert [(e["refused"], e["whole_set"]) for e in errors_of(plan)] == [(True, True)]


def test_a_job_exits_with_1_unless_it_is_done(make_plan):
    run_job([(address_of(make_plan(unsteady, 5)), 1)], 0)
    with pytest.raises(SystemExit) as end:
        run_job([(address_of(make_plan(broken, 15)), 1)], 0)

    assert end.value.code == 1


EDITED = """
import datagen_core

def step():
    return 1.0

@datagen_core.generator()
def walk(size):
    yield 1.0, step()
"""


@pytest.mark.parametrize(("old", "word"), [("1.0", "failed"), ("def step", "done")])
def test_a_job_whose_code_changed_while_it_waited_makes_nothing(tmp_path, old, word):
    file = tmp_path / "walk.py"
    file.write_text(EDITED)
    demand = demand_for(f"{file}:walk", tmp_path)
    run = begin([demand], LocalExecutor(), Settings())[0]
    plan = publish_job([(run, run.plan)]).plans[0]
    file.write_text(EDITED.replace(old, "2.0" if word == "failed" else "# the same\ndef step"))

    assert run_task(address_of(plan), 0) == word
    messages = [error["message"] for error in errors_of(plan)]
    assert len(messages) == (word == "failed")
    words = "step (function), walk (function) changed since this job was submitted"
    assert all(words in each for each in messages)


def test_a_job_with_another_value_of_a_declared_variable_makes_nothing(tmp_path, monkeypatch):
    file = tmp_path / "walk.py"
    file.write_text(EDITED.replace("generator()", 'generator(environment=["SIM_DATA"])'))
    monkeypatch.setenv("SIM_DATA", "old")
    demand = demand_for(f"{file}:walk", tmp_path)
    run = begin([demand], LocalExecutor(), Settings())[0]
    plan = publish_job([(run, run.plan)]).plans[0]
    monkeypatch.setenv("SIM_DATA", "new")

    assert run_task(address_of(plan), 0) == "failed"
    assert "$SIM_DATA changed since" in errors_of(plan)[0]["message"]
