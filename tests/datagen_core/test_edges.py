"""Very many index ranges: what arrays of edges say is what intervals say."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core import edges, ranges
from datagen_core.batches import draw
from datagen_core.ranges import IntervalList, IntervalSet
from strategies import indices, interval_sets, intervals, pairs

DIGEST = "0123456789abcdef" * 4


@pytest.fixture(autouse=True, scope="module")
def _always_many():
    before, ranges.MANY = ranges.MANY, 1
    yield
    ranges.MANY = before


def many(samples):
    return IntervalSet.from_edges(samples.edges)


def members(samples):
    return {index for start, stop in samples for index in range(start, stop)}


@given(interval_sets, interval_sets)
def test_operations_are_those_of_sets(left, right):
    assert members(many(left) | many(right)) == members(left) | members(right)
    assert members(many(left) & many(right)) == members(left) & members(right)
    assert members(many(left) - many(right)) == members(left) - members(right)


@given(interval_sets, interval_sets)
def test_edges_rise(left, right):
    for made in (many(left) | right, many(left) & right, many(left) - right):
        assert (np.diff(made.edges) > 0).all()


@given(interval_sets, intervals, indices, st.integers(-2, 300))
def test_parts_are_those_of_intervals(samples, interval, index, count):
    found = many(samples)

    assert list(found.clip(interval)) == list(samples.clip(interval))
    assert (index in found) == (index in samples)
    assert members(found.lowest(count)) == set(sorted(members(samples))[: max(0, count)])
    assert (len(found), found.ranges, bool(found)) == (len(samples), samples.ranges, bool(samples))


@given(st.lists(pairs, max_size=8))
def test_any_ranges_are_joined(given_pairs):
    assert IntervalSet.from_edges(edges.join(given_pairs)) == IntervalSet(given_pairs)


@given(interval_sets)
def test_bits_and_indices_and_pickles_are_the_same_set(samples):
    found = many(samples)

    assert pickle.loads(pickle.dumps(found)) == samples
    assert (edges.edges_of(edges.indices_of(found.edges)) == found.edges).all()
    if samples:
        bits = edges.to_bits(found.edges)
        assert (edges.from_bits(bits, samples.span.start) == found.edges).all()
        assert str(found) == str(samples)


@given(st.lists(interval_sets, max_size=4), interval_sets, st.integers(0, 400))
def test_a_list_keeps_its_order(parts, removed, count):
    order = IntervalList.of(map(many, parts))
    wanted = [index for part in parts for each in part for index in range(*each)]

    assert [i for each in order.first(count) for i in range(*each)] == wanted[:count]
    kept = [i for i in wanted if i not in removed]
    assert [i for each in order.without(removed) for i in range(*each)] == kept
    assert edges.indices_of(order.bounds.reshape(-1)).tolist() == wanted


@given(interval_sets, st.integers(1, 400), st.integers(0, 2**70))
def test_a_draw_takes_so_many_of_these(samples, count, seed):
    if count := min(count, len(samples)):
        drawn = draw(seed, DIGEST, samples, count)

        assert len(drawn) == count
        assert not drawn - samples


def test_a_draw_is_pinned():
    assert str(draw(7, DIGEST, IntervalSet([(0, 10), (20, 30)]), 6)) == "7, 20-22, 25, 28"
    assert draw(7, "f" * 64, IntervalSet([(0, 20)]), 6) != draw(
        7, DIGEST, IntervalSet([(0, 20)]), 6
    )


def test_a_draw_can_be_worked_out_from_the_documentation():
    words = [7, *np.frombuffer(bytes.fromhex(DIGEST), ">u4").tolist()]
    lots = np.random.PCG64DXSM(np.random.SeedSequence(words)).random_raw(100)
    chosen = sorted(np.argsort(lots)[:30] + 5)

    drawn = draw(7, DIGEST, IntervalSet([(5, 105)]), 30)
    assert edges.indices_of(drawn.edges).tolist() == chosen
