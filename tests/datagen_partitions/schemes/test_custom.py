"""Counts of samples for each client and label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_partitions.schemes import PartitionError
from partition_examples import DIGITS, count_labels, sizes, split

LARGE = np.repeat(np.arange(10), 2000)
REQUESTS = st.dictionaries(
    st.from_regex(r"[ab]{0,1}_?[0-9]{0,3}", fullmatch=True),
    st.dictionaries(st.integers(0, 9), st.integers(0, 7), max_size=4),
    min_size=1,
    max_size=8,
)


@given(REQUESTS, st.integers(0, 2**32))
def test_everybody_gets_what_is_asked_for(wanted, seed):
    params = {"clients": len(wanted), "distribution": wanted, "min_samples": 0}
    division = split("custom", DIGITS, seed, **params)

    assert sorted(division.names) == sorted(wanted)
    for name, mine in zip(division.names, count_labels(division), strict=True):
        assert mine.tolist() == [wanted[name].get(label, 0) for label in range(10)]


def test_clients_come_in_natural_order_whatever_the_order_of_the_file():
    wanted = {f"client_{i}": {0: i} for i in (10, 2, 1)}
    turned = dict(reversed(wanted.items()))
    first, second = (split("custom", clients=3, distribution=d) for d in (wanted, turned))

    assert first.names == second.names == ("client_1", "client_2", "client_10")
    assert all(map(np.array_equal, first.shares, second.shares))


def test_the_first_clients_in_natural_order_are_kept():
    wanted = {f"client_{i + 1}": {0: i + 1} for i in range(12)}
    division = split("custom", clients=3, distribution=wanted)

    assert division.names == ("client_1", "client_2", "client_3")
    assert division.notes[0] == "custom: 12 clients are given, and the first 3 are kept"


def test_missing_clients_get_a_hundred_of_each_label():
    division = split("custom", LARGE, clients=4, distribution={"a": {0: 5}, "b": {1: 6}})

    assert division.names == ("a", "b", "client_3", "client_4")
    assert sizes(division) == [5, 6, 1000, 1000]
    assert division.notes[0] == "custom: client_3, client_4 added, with 100 samples of each label"


def test_names_do_not_collide():
    wanted = {f"client_{i}": {0: 7} for i in (1, 2, 10)}
    division = split("custom", LARGE, clients=10, distribution=wanted)

    assert len(set(division.names)) == 10
    assert sizes(division)[division.names.index("client_10")] == 7
    assert division.names[-1] == "client_11"


def test_a_label_that_does_not_exist_is_refused_or_left_out():
    wanted = {"a": {0: 5, 11: 3}, "b": {11: 1, 12: 0, 1: 1}}
    with pytest.raises(PartitionError, match="no label 11, which a asks for, and 1 more; ask for"):
        split("custom", clients=2, distribution=wanted)
    division = split("custom", clients=2, distribution=wanted, on_shortage="clip")

    assert sizes(division) == [5, 1]
    assert division.notes[0] == "custom: there is no label 11, which a asks for, and 1 more"


def test_those_who_come_first_get_what_there_is():
    wanted = {"a": {0: 50}, "b": {0: 50}, "c": {0: 50}}
    division = split("custom", clients=3, distribution=wanted, on_shortage="clip", min_samples=0)

    assert sizes(division) == [50, 10, 0]
    assert division.notes[:2] == (
        "custom: 150 samples of label 0 are asked for, and there are 60",
        "without samples: c",
    )
