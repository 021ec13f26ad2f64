"""Time limits follow from past timings; jobs rarely exceed them."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.scheduling.estimation import estimate
from datagen_core.store.timings import JobTimings, mean_batch_seconds


def timings(startup, *batches):
    first, *later = batches
    squares = math.fsum(seconds**2 for seconds in later)
    return JobTimings(startup, first, len(later), math.fsum(later), squares)


seconds = st.floats(min_value=0.001, max_value=1e4)
jobs = st.builds(
    lambda startup, batches: timings(startup, *batches),
    seconds,
    st.lists(seconds, min_size=1, max_size=6),
)
histories = st.lists(jobs, min_size=1, max_size=6)


def test_without_history_there_is_no_estimate():
    assert estimate([], 10) is None
    assert mean_batch_seconds([]) is None


def test_the_formula_for_one_job():
    # overhead 20 + 3, later batches 1, 3: mean 2, variance within 2, prior 0.25 between
    found = estimate([timings(20, 5, 1, 3)], 10)
    variance = 11.5**2 * 2 + 10 * 2 * (1 + 10 / 2) + 100 * 0.25 * 2
    assert found.mean_seconds == pytest.approx(20 + 3 + 10 * 2)
    assert found.deviation == pytest.approx(math.sqrt(variance))
    assert found.limit_minutes == math.ceil((43 + 3 * math.sqrt(variance) + 30) / 60)


def test_the_formula_for_two_jobs():
    found = estimate([timings(10, 1, 1, 1), timings(20, 3, 3, 3)], 10)
    between = (4 * (0.25 * 2) ** 2 + 2) / 5
    variance = 50 * 1.5 + 100 * between * 1.5
    assert found.mean_seconds == pytest.approx(15 + 20)
    assert found.deviation == pytest.approx(math.sqrt(variance))


def test_a_start_up_that_is_not_known_is_left_out():
    known = [timings(10, 2, 2, 2), timings(20, 2, 2, 2)]
    found = estimate([*known, timings(None, 2, 2, 2)], 10)
    assert found.mean_seconds == pytest.approx(estimate(known, 10).mean_seconds)
    assert estimate([timings(None, 2, 2, 2)], 10).mean_seconds == pytest.approx(20)


def test_the_mean_time_of_a_batch_has_no_start_up():
    assert mean_batch_seconds([timings(100, 5, 1, 3)]) == pytest.approx(2)


def test_jobs_of_one_batch_count_every_batch_as_a_first_one():
    history = [timings(10, 4), timings(10, 4)]
    found = estimate(history, 10)
    assert found.mean_seconds == pytest.approx(10 + 40)
    assert found.deviation > 0.5 * 4
    assert mean_batch_seconds(history) == pytest.approx(4)


def test_a_job_of_one_batch_does_not_hide_what_others_know():
    long = timings(10, 8, 2, 2, 2)
    assert mean_batch_seconds([long, timings(10, 8)]) == pytest.approx(2)
    assert estimate([long, timings(10, 8)], 10).mean_seconds == pytest.approx(16 + 20)


def test_the_shortest_limit_is_two_minutes():
    assert estimate([timings(0, 0.001, 0.001)], 1).limit_minutes == 2


@given(histories, st.integers(min_value=1, max_value=1000))
def test_a_limit_covers_the_mean_and_a_margin(history, batches):
    found = estimate(history, batches)
    assert found.limit_minutes * 60 >= found.mean_seconds + 3 * found.deviation + 29


@given(histories, st.integers(min_value=1, max_value=1000))
def test_more_batches_never_take_less(history, batches):
    fewer, more = estimate(history, batches), estimate(history, batches + 1)
    assert more.mean_seconds > fewer.mean_seconds
    assert more.limit_minutes >= fewer.limit_minutes


@given(histories, st.randoms())
def test_the_order_of_history_is_of_no_account(history, shuffler):
    shuffled = shuffler.sample(history, len(history))
    assert estimate(shuffled, 7).mean_seconds == pytest.approx(estimate(history, 7).mean_seconds)
    assert estimate(shuffled, 7).deviation == pytest.approx(estimate(history, 7).deviation)


def steady_job(rng, batches):
    return 5.0, [rng.lognormvariate(2.0, 0.5) for _ in range(batches)]


def uneven_nodes_job(rng, batches):
    node = rng.lognormvariate(0.0, 0.3)
    return 5.0, [node * rng.lognormvariate(2.0, 0.2) for _ in range(batches)]


def slow_start_job(rng, batches):
    first, *later = [rng.lognormvariate(1.0, 0.5) for _ in range(batches)]
    return rng.uniform(30.0, 90.0), [first + rng.uniform(5.0, 20.0), *later]


@pytest.mark.parametrize("world", [steady_job, uneven_nodes_job, slow_start_job])
@pytest.mark.parametrize("batches", [20, 200])
def test_few_jobs_exceed_the_limit(world, batches):
    rng = random.Random(f"{world.__name__}{batches}")
    exceeded = 0
    for _ in range(1000):
        history = [timings(startup, *made) for startup, made in (world(rng, 10) for _ in range(4))]
        startup, made = world(rng, batches)
        exceeded += startup + math.fsum(made) > estimate(history, batches).limit_minutes * 60
    assert exceeded <= 30
