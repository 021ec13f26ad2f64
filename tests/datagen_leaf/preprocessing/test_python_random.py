"""Our copy of Python's picks, against Python's own."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_leaf.preprocessing.operations import PythonRandom

seeds = st.integers(0, 2**64)


@given(seeds, st.lists(st.integers(), max_size=300))
def test_shuffle_is_that_of_python(seed, items):
    expected = list(items)
    random.Random(seed).shuffle(expected)
    PythonRandom(seed).shuffle(items)

    assert items == expected


@given(seeds, st.integers(0, 2000), st.data())
def test_sample_is_that_of_python(seed, stop, data):
    count = data.draw(st.integers(0, stop))

    assert PythonRandom(seed).sample(stop, count) == random.Random(seed).sample(range(stop), count)


@pytest.mark.parametrize(("stop", "count"), [(10**6, 10), (10**5, 10**5), (10**5, 70_000)])
def test_large_samples_are_those_of_python(stop, count):
    assert PythonRandom(5).sample(stop, count) == random.Random(5).sample(range(stop), count)


def test_picks_go_on_in_one_stream():
    ours, theirs = PythonRandom(1), random.Random(1)

    for stop in range(1, 200):
        assert ours.sample(stop, stop // 2) == theirs.sample(range(stop), stop // 2)


def test_picks_stay_what_they_are():
    picks = list(range(10))
    stream = PythonRandom(1549786595)
    stream.shuffle(picks)

    assert picks == [1, 0, 3, 4, 7, 6, 8, 2, 5, 9]
    assert stream.sample(100, 5) == [73, 77, 30, 24, 55]
