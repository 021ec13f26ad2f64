"""Sets of indices, batches, tasks and random streams."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.batches import batch_stream, count_batches, deal, round_quotas
from datagen_core.ranges import Interval, IntervalList, IntervalSet, cut_into_batches
from strategies import batch_sizes, indices, interval_sets, intervals, pairs

DIGEST = "0123456789abcdef" * 4
PINNED_WORDS = [577045408, 868132954, 2905303095, 2524134334]


def members(intervals):
    return {index for start, stop in intervals for index in range(start, stop)}


@given(st.lists(pairs, max_size=8))
def test_interval_set_holds_what_it_was_made_of(given_pairs):
    assert members(IntervalSet(given_pairs)) == members(given_pairs)


@given(interval_sets)
def test_intervals_are_sorted_and_never_touch(samples):
    edges = [edge for interval in samples for edge in interval]

    assert edges == sorted(set(edges))


@given(interval_sets, interval_sets)
def test_operations_are_those_of_sets(left, right):
    assert members(left | right) == members(left) | members(right)
    assert members(left & right) == members(left) & members(right)
    assert members(left - right) == members(left) - members(right)


@given(interval_sets, intervals)
def test_the_parts_in_an_interval_are_those_of_an_intersection(samples, interval):
    assert tuple(samples.clip(interval)) == (samples & IntervalSet([interval])).intervals


@given(interval_sets, interval_sets, st.randoms())
def test_indices_are_taken_out_without_a_change_of_order(samples, removed, random):
    shuffled = list(samples)
    random.shuffle(shuffled)
    kept = list(IntervalList(shuffled).without(removed))

    wanted = [i for part in shuffled for i in range(*part) if i not in removed]
    assert [i for part in kept for i in range(*part)] == wanted
    assert all(part.size for part in kept)


@given(interval_sets, interval_sets)
def test_equal_sets_are_equal_however_they_were_made(left, right):
    assert (left - right) | (left & right) == left
    assert hash(left | right) == hash(right | left)


@given(interval_sets, indices)
def test_membership_and_size_are_those_of_sets(samples, index):
    assert (index in samples) == (index in members(samples))
    assert len(samples) == len(members(samples))
    assert bool(samples) == bool(members(samples))


@given(interval_sets, st.integers(-2, 300))
def test_lowest_takes_from_the_bottom(samples, count):
    assert members(samples.lowest(count)) == set(sorted(members(samples))[: max(count, 0)])


def test_interval_set_reads_as_ranges():
    assert str(IntervalSet([(5, 7), (0, 2), (2, 3)])) == "0-2, 5-6"
    assert str(IntervalSet()) == "none"


def test_operations_cost_nothing_for_huge_ranges():
    huge = IntervalSet([(0, 10**15)])

    assert len(huge - IntervalSet([(1, 2)])) == 10**15 - 1
    assert huge.lowest(10**14).intervals == (Interval(0, 10**14),)


@given(interval_sets, batch_sizes)
def test_pieces_cover_and_stay_inside_a_batch(samples, size):
    pieces = list(cut_into_batches(samples, size))

    assert IntervalSet(pieces) == samples
    assert sum(piece.size for piece in pieces) == len(samples)
    assert all(piece.start // size == (piece.stop - 1) // size for piece in pieces)


@given(interval_sets, batch_sizes)
def test_batches_are_counted_as_they_are_cut(samples, size):
    assert count_batches(samples, size) == len(list(cut_into_batches(samples, size)))


@given(interval_sets, batch_sizes, st.integers(1, 40))
def test_deal_is_what_a_list_of_batches_gives(missing, size, tasks):
    pieces = list(cut_into_batches(missing, size))
    tasks = min(tasks, len(pieces))
    sizes = [len(pieces) // tasks + (task < len(pieces) % tasks) for task in range(tasks)]
    ends = list(accumulate(sizes, initial=0))

    expected = [IntervalSet(pieces[low:high]) for low, high in pairwise(ends)]
    assert deal(missing, size, tasks or 3) == expected


def test_dealing_costs_nothing_for_huge_ranges():
    missing = IntervalSet([(0, 10**12)]) - IntervalSet([(5, 7), (10**11, 2 * 10**11)])
    shares = deal(missing, 1, 3)

    assert count_batches(missing, 1) == 9 * 10**11 - 2
    assert [len(share) for share in shares] == [3 * 10**11, 3 * 10**11 - 1, 3 * 10**11 - 1]
    assert IntervalSet(part for share in shares for part in share) == missing


@given(interval_sets, batch_sizes, st.integers(1, 9))
def test_deal_gives_every_sample_to_one_task(missing, size, tasks):
    shares = deal(missing, size, tasks)

    assert sum(map(len, shares)) == len(missing)
    assert IntervalSet(part for share in shares for part in share) == missing
    assert all(shares)
    assert len(shares) <= tasks


@given(interval_sets, batch_sizes, st.integers(1, 9))
def test_deal_is_even_in_batches_and_in_order(missing, size, tasks):
    shares = deal(missing, size, tasks)
    counts = [sum(1 for _ in cut_into_batches(share, size)) for share in shares]

    assert counts == sorted(counts, reverse=True)
    assert max(counts, default=0) - min(counts, default=0) <= 1
    assert [part for share in shares for part in share] == sorted(p for s in shares for p in s)


def test_deal_never_divides_a_batch_of_a_fresh_run():
    assert [str(share) for share in deal(IntervalSet([(0, 100)]), 30, 3)] == [
        "0-59",
        "60-89",
        "90-99",
    ]


def test_batch_stream_is_pinned():
    words = batch_stream(7, DIGEST, 3).generate_state(4)

    assert words.tolist() == PINNED_WORDS


@given(st.integers(0, 2**200), st.binary(min_size=32, max_size=32), st.integers(0, 10**12))
def test_a_batch_stream_is_that_of_seed_and_words_as_a_list(seed, digest, batch):
    words = [int.from_bytes(digest[place : place + 4], "big") for place in range(0, 32, 4)]
    expected = np.random.SeedSequence([seed, *words], spawn_key=(batch,))

    found = batch_stream(seed, digest.hex(), batch)

    assert found.generate_state(4).tolist() == expected.generate_state(4).tolist()


@given(st.integers(0, 2**64), st.integers(0, 10**6))
def test_batch_streams_differ_by_seed_and_batch(seed, batch):
    states = {
        tuple(batch_stream(s, DIGEST, b).generate_state(4))
        for s, b in [(seed, batch), (seed + 1, batch), (seed, batch + 1)]
    }

    assert len(states) == 3


@pytest.mark.parametrize("place", [0, 8, 31, 63])
def test_every_part_of_the_digest_changes_the_stream(place):
    other = DIGEST[:place] + ("0" if DIGEST[place] != "0" else "1") + DIGEST[place + 1 :]

    assert not np.array_equal(
        batch_stream(0, DIGEST, 0).generate_state(4), batch_stream(0, other, 0).generate_state(4)
    )


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=9), st.integers(0, 10**6), st.integers(0, 9)
)
def test_rounded_quotas_sum_to_their_total(weights, total, seed):
    weights = np.array(weights) + 1e-9
    quotas = total * weights / weights.sum()

    for ties in (None, np.random.default_rng(seed).random(len(weights))):
        parts = round_quotas(quotas, total, ties)
        assert parts.sum() == total
        assert (np.abs(parts - quotas) < 1 + 1e-6).all()


def test_of_equal_remainders_the_least_tie_is_rounded_up():
    quotas = np.array([1.5, 2.5, 3.0])

    assert round_quotas(quotas, 7).tolist() == [2, 2, 3]
    assert round_quotas(quotas, 7, np.array([0.9, 0.1, 0.0])).tolist() == [1, 3, 3]
