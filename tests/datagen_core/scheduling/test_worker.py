"""What one job does: publish as it goes, leave a last word, hide nothing."""

from __future__ import annotations

import errno
import os
import signal
import time
from dataclasses import replace

import pytest

import datagen_core
from datagen_core.ranges import IntervalSet, deal
from datagen_core.scheduling import worker
from datagen_core.scheduling.plan import bind_generator
from datagen_core.scheduling.worker import run_job, run_task
from datagen_core.store import shard_writer
from datagen_core.store.journals import read_journal
from datagen_core.store.layout import list_shards
from datagen_core.store.runs import Demand, publish_attempt, reserve
from datagen_core.store.sets import existing_samples, open_set, read_schema
from generators_for_tests import broken, sine, unsteady


@pytest.fixture
def plan(tmp_path):
    """Return `plan(generator, samples, tasks, minutes)`: a set, a reservation, an attempt."""

    def planned(generator, samples=30, tasks=1, minutes=None):
        binding = bind_generator(generator, None, None, 0, tmp_path)
        paths, _ = open_set(tmp_path, binding.record)
        reservation = reserve(paths, Demand(samples), binding.source, {})
        shares = deal(IntervalSet([reservation.interval]), generator.batch_size, tasks)
        run = paths.run(reservation.number)
        return publish_attempt(run, reservation.id, "inline", shares, minutes)

    return planned


def place_of(attempt):
    return str(attempt.run.set.root), attempt.run.number, attempt.number


def events_of(attempt, task=0):
    return read_journal(attempt.run.journal(attempt.number, task))


def generator_of(function, batch_size=10):
    return datagen_core.generator(batch_size, name="made")(function)


def test_a_task_makes_its_samples_and_says_done(plan):
    attempt = plan(sine, 30, tasks=2)
    word = run_task(place_of(attempt), 0, sine)

    assert word == "done"
    assert existing_samples(attempt.run.set) == attempt.tasks[0]
    assert [event["event"] for event in events_of(attempt)] == ["start", "batches", "end"]
    assert events_of(attempt)[-1]["reason"] == "done"


def test_a_task_finds_its_generator_by_itself(plan):
    attempt = plan(sine)

    assert run_task(place_of(attempt), 0) == "done"


def test_a_finished_task_makes_nothing_again(plan):
    attempt = plan(sine)
    run_task(place_of(attempt), 0, sine)
    (shard,) = attempt.run.set.shards.iterdir()
    before = shard.stat().st_mtime_ns
    made = []

    assert run_task(place_of(attempt), 0, sine, made.append) == "done"
    assert made == []
    assert shard.stat().st_mtime_ns == before


def test_progress_is_reported_batch_by_batch(plan):
    made = []
    run_task(place_of(plan(sine, 25)), 0, sine, made.append)

    assert made == [10, 10, 5]


def test_a_batch_that_fails_is_a_hole_and_the_rest_is_made(plan, capsys):
    attempt = plan(broken, 30)

    assert run_task(place_of(attempt), 0, broken) == "failed"
    assert existing_samples(attempt.run.set) == IntervalSet([(0, 10), (15, 30)])
    (error,) = [event for event in events_of(attempt) if event["event"] == "error"]
    assert (error["range"], error["final"]) == ([10, 15], False)
    assert error["message"] == "RuntimeError: there is no sample 10"


def test_the_traceback_is_in_the_log(plan, capsys):
    attempt = plan(broken, 30)
    run_task(place_of(attempt), 0, broken)

    assert "there is no sample 10" in attempt.run.log(0, 0).read_text()
    assert capsys.readouterr().err == ""


def test_a_task_gives_up_after_some_failures(plan):
    calls = []

    def fail(start):
        calls.append(start)
        if start:
            message = "no"
            raise ValueError(message)
        return [(1.0, 1.0)] * 10

    made = generator_of(fail)
    assert run_task(place_of(plan(made, 100)), 0, made) == "failed"
    assert calls[-3:] == [10, 20, 30]


def test_wrong_samples_fail_for_good(plan):
    made = generator_of(lambda size, start: [(1.0, "a" if start else 1.0)] * size)
    attempt = plan(made, 20)
    run_task(place_of(attempt), 0, made)
    (error,) = [event for event in events_of(attempt) if event["event"] == "error"]

    assert error["final"] is True
    assert existing_samples(attempt.run.set) == IntervalSet([(0, 10)])


def test_the_schema_comes_from_batch_0_whoever_comes_first(plan):
    made = generator_of(lambda size, start: [{"a": 1 if start else 0.5}] * size)
    attempt = plan(made, 30, tasks=3)
    run_task(place_of(attempt), 2, made)

    assert read_schema(attempt.run.set)[0]["dtype"] == "<f8"


def test_another_version_is_refused(plan):
    attempt = plan(sine)

    assert run_task(place_of(attempt), 0, replace(sine, version="2")) == "failed"
    assert "raise `version`" in events_of(attempt)[1]["message"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_final_and_shows_nothing(plan, monkeypatch, code):
    def refuse(*_: object, **__: object):
        raise OSError(code, os.strerror(code))

    attempt = plan(sine)
    monkeypatch.setattr(shard_writer, "publish_shard", refuse)

    assert run_task(place_of(attempt), 0, sine) == "failed"
    assert list_shards(attempt.run.set.shards) == []
    assert events_of(attempt)[1]["final"] is True


def test_sigterm_publishes_what_is_made(plan):
    def slow(size, start):
        if start == 20:
            os.kill(os.getpid(), signal.SIGTERM)
        return [(1.0, 1.0)] * size

    made = generator_of(slow)
    attempt = plan(made, 100)

    assert run_task(place_of(attempt), 0, made) == "terminated"
    assert existing_samples(attempt.run.set) == IntervalSet([(0, 20)])
    assert events_of(attempt)[-1]["reason"] == "terminated"


def test_sigterm_is_not_swallowed_by_a_careless_generator(plan):
    def careless(size, start):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Exception:
            return [(1.0, 1.0)] * size

    made = generator_of(careless)
    assert run_task(place_of(plan(made, 100)), 0, made) == "terminated"


def test_the_handler_of_before_is_back_afterwards(plan):
    before = signal.getsignal(signal.SIGTERM)
    run_task(place_of(plan(sine)), 0, sine)

    assert signal.getsignal(signal.SIGTERM) is before


def test_a_task_stops_before_its_time_limit(plan, monkeypatch):
    attempt = plan(sine, 100, minutes=1)
    clock, later = time.monotonic, iter(range(0, 10_000, 10))
    monkeypatch.setattr(worker.time, "monotonic", lambda: clock() + next(later))

    assert run_task(place_of(attempt), 0, sine) == "time limit"
    made = existing_samples(attempt.run.set)
    assert 0 < len(made) < 100


def test_ctrl_c_publishes_too_and_goes_on_up(plan):
    def interrupt(size, start):
        if start == 10:
            raise KeyboardInterrupt
        return [(1.0, 1.0)] * size

    made = generator_of(interrupt)
    attempt = plan(made, 30)
    with pytest.raises(KeyboardInterrupt):
        run_task(place_of(attempt), 0, made)

    assert existing_samples(attempt.run.set) == IntervalSet([(0, 10)])
    assert events_of(attempt)[-1]["reason"] == "interrupted"


def test_a_job_exits_with_1_unless_it_is_done(plan):
    run_job([(place_of(plan(unsteady, 5)), 1)], 0)
    with pytest.raises(SystemExit) as end:
        run_job([(place_of(plan(broken, 15)), 1)], 0)

    assert end.value.code == 1
