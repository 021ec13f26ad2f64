"""Votes become labels: by hand, by simulation, and never more than was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_pate.privacy.voting import (
    Answers,
    Votes,
    ask_by_threshold,
    ask_confident_gnmax,
    ask_gnmax,
    ask_plurality,
    limit_classes,
)


def votes_of(rows, probabilities=None):
    counts = np.array(rows, np.int64)
    if probabilities is None:
        probabilities = counts / counts.sum(axis=1, keepdims=True)
    return Votes(counts, np.asarray(probabilities, np.float32))


TWENTY = votes_of([[14, 6, 0], [13, 7, 0], [0, 0, 20], [10, 10, 0]])


def rng(seed=0):
    return np.random.default_rng(seed)


def test_most_votes_win_and_ties_go_to_the_likelier_class():
    tie = votes_of([[5, 5, 0], [5, 5, 0]], [[0.2, 0.7, 0.1], [0.7, 0.2, 0.1]])

    assert ask_plurality(TWENTY).labels.tolist()[:3] == [0, 0, 2]
    assert ask_plurality(tie).labels.tolist() == [1, 0]


def test_a_threshold_is_a_share_that_counts_when_it_is_met():
    answers = ask_by_threshold(TWENTY, 0.7)

    assert answers.places.tolist() == [0, 2]
    assert answers.labels.tolist() == [0, 2]


@pytest.mark.parametrize("share", [k / 20 for k in range(1, 21)])
def test_shares_of_twenty_are_whole_votes(share):
    k = round(20 * share)
    row = [k, 20 - k] if k >= 10 else [20 - k, k]

    assert (0 in ask_by_threshold(votes_of([row]), share).places) == (max(row) >= k)


def test_without_noise_gnmax_is_the_plurality():
    assert ask_gnmax(TWENTY, 1e-9, 3, rng()).labels.tolist() == [0, 0, 2]


def test_noise_is_right_as_often_as_the_normal_law_says():
    votes = votes_of([[60, 40]] * 40_000)
    right = (ask_gnmax(votes, 20.0, 40_000, rng()).labels == 0).mean()

    # The difference of two counts has noise of 20 * sqrt(2) around 20.
    assert right == pytest.approx(0.7602, abs=0.01)


def test_only_the_queries_asked_for_are_answered():
    assert ask_gnmax(TWENTY, 1.0, 2, rng()).places.tolist() == [0, 1]


def test_confident_answers_pass_a_noisy_threshold():
    votes = votes_of([[90, 10]] * 20_000 + [[50, 50]] * 20_000)
    answers = ask_confident_gnmax(votes, 0.7, 20.0, 1e-9, 40_000, rng())
    passed = np.bincount(answers.places // 20_000) / 20_000

    assert passed == pytest.approx([0.8413, 0.1587], abs=0.01)
    assert (answers.labels[answers.places < 20_000] == 0).all()


def test_confident_answers_stop_at_the_number_of_queries():
    votes = votes_of([[100, 0]] * 50)

    assert len(ask_confident_gnmax(votes, 0.5, 1e-9, 1e-9, 7, rng()).places) == 7


def test_answers_follow_from_the_stream():
    first, second = (ask_gnmax(TWENTY, 10.0, 4, rng(3)) for _ in range(2))

    assert first.labels.tolist() == second.labels.tolist()


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), max_size=30), st.integers(0, 5))
def test_classes_are_limited_to_their_best(pairs, most):
    labels = np.array([label for label, _ in pairs], np.uint8)
    scores = np.array([score for _, score in pairs])
    answers = Answers(np.arange(len(pairs)), labels)
    kept = limit_classes(answers, most, scores)

    assert (
        np.bincount(kept.labels, minlength=4) == np.minimum(np.bincount(labels, minlength=4), most)
    ).all()
    for label in range(4):
        inside = scores[kept.places[kept.labels == label]]
        outside = np.delete(scores, kept.places)[np.delete(labels, kept.places) == label]
        assert not len(inside) or not len(outside) or inside.min() >= outside.max()


def test_no_limit_keeps_all():
    answers = ask_plurality(TWENTY)

    assert limit_classes(answers, None, np.zeros(4)) is answers
