"""Looks at samples: bounded, the same each time, and right about what they saw."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_core import Field, Ragged, Schema, generate
from datagen_core.reading.distributions import describe_values
from datagen_core.reading.looks import describe_value, look_at
from generators_for_tests import sine


class Endless:
    """A billion samples, which count how often they are read."""

    def __init__(self, rows=1):
        self.schema = Schema({"n": Field("float64", (rows,), ragged=True)})
        self.read, self.rows = [], rows

    def __len__(self):
        return 10**9

    def __copy__(self):
        return self

    def indices_at(self, positions):
        return positions

    def take(self, positions):
        self.read += positions.tolist()
        count = len(positions)
        values = np.repeat(positions.astype(float), self.rows).reshape(count, self.rows)
        return {"n": Ragged(values, np.arange(count + 1))}


def test_of_a_billion_samples_a_few_thousand_are_read_all_over_the_set():
    samples = Endless()

    look = look_at(samples)

    assert look.seen == len(samples.read) == len(set(samples.read)) == 2048
    assert samples.read == sorted(samples.read)
    assert samples.read[:128] == list(range(128))
    assert samples.read[-1] > 8 * 10**8
    assert look.extent == "2,048 of 1,000,000,000 samples, from places all over the set"


def test_of_large_samples_fewer_are_read():
    samples = Endless(rows=200_000)  # 1.6 MB each

    look = look_at(samples)

    assert 16 <= look.seen == len(samples.read) <= 16 * 4


def test_a_look_is_the_same_each_time(cache):
    made = generate(sine, 60, executor="inline", cache=cache)
    first, again = look_at(made.samples, 3, 5), look_at(made.samples, 3, 5)

    assert first.seen == again.seen == 15
    assert [each.members for each in first.fields] == [each.members for each in again.fields]


@pytest.mark.parametrize(
    ("values", "words", "counts"),
    [
        (np.array([1.0, 3.0, np.nan]), "1 to 3, mean 2, 1 of 3 not finite", [1, *[0] * 28, 1]),
        (np.array([-1e308, 1e308]), "-1e+308 to 1e+308, mean 0", [1, *[0] * 28, 1]),
        (np.array([np.inf]), "no finite value", None),
        (np.arange(10), "0 to 9, mean 4.5", [1] * 10),
        (np.array([2**62, -(2**63)]), f"{-(2**63)} to {2**62}", {str(-(2**63)): 1}),
        (np.array([7, 7]), "always 7", None),
        (np.array([True, False, True, True]), "75% true", {"False": 1, "True": 3}),
        (np.array(["b", "a", "b"], object), "1 character, 2 different", {"b": 2, "a": 1}),
        (np.array([b"", b"ab"], object), "0 to 2 bytes", None),
        (np.array([b"a", b"b"], object), "1 byte", None),
        (np.zeros(2, "V1"), "1 byte each", None),
        (np.array([np.longdouble("1e4000"), 1]), "always 1, 1 of 2 not finite", None),
        (np.array([3 + 4j, 0j]), "absolute value 0 to 5, mean 2.5", [1, *[0] * 28, 1]),
        (np.array([np.nan + 1j]), "no finite value", None),
        (np.array(["2020-01-01", "NaT"], "M8[D]"), "always 2020-01-01, 1 missing", None),
        (np.array([], np.int64), "no values", None),
    ],
)  # fmt: skip
def test_values_are_described_by_their_kind(values, words, counts):
    found = describe_values(values)

    assert found.words == words
    if isinstance(counts, list):
        assert list(found.chart.counts) == counts
    elif counts:
        assert found.chart.counts.items() >= counts.items()
    else:
        assert found.chart is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.23456789, "1.235"),
        (np.int64(3), "3"),
        ("a" * 50, "a" * 40 + "…"),
        (b"\0", "b'\\x00'"),
        (np.array([0.5, 1.0]), "0.5, 1"),
        (np.arange(12).reshape(3, 4), "0, 1, 2, … (3 x 4)"),
        (np.zeros((0, 3)), "none (0 x 3)"),
        (np.zeros(5, [("a", "f8")]), "5 records"),
        (np.array((0.5, (1, 2)), [("p", "f8"), ("q", "i4", (2,))]), "p: 0.5; q: 1, 2"),
    ],
)
def test_values_are_shown_in_a_few_words(value, words):
    assert describe_value(value) == words
