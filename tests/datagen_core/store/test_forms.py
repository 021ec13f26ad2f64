"""The forms that values in documents have."""

from __future__ import annotations

import pytest

from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store import forms


def nested(depth: int) -> dict:
    found: dict = {}
    for _ in range(depth):
        found = {"a": [found]}
    return found


HUGE = 10**400

GOOD = [
    (forms.text, ""), (forms.flag, False), (forms.whole, 0), (forms.whole, 2**63 - 1),
    (forms.positive, 1), (forms.seed, 2**200), (forms.number, -1.5), (forms.moment, 1.8e9),
    (forms.name, "A.b-c_9"), (forms.job, "noisy_sine-3bec39c0-0-12ab34.0"),
    (forms.folder, "left=0,std_dev=0.5-3bec39c0"), (forms.digest, "0" * 64),
    (forms.component, "_größe-0123"),
    (forms.code_id, ""), (forms.code_id, "0123456789abcdef"),
    (forms.maybe(forms.whole), None),
    (forms.each(forms.whole), [1, 2]), (forms.mapping(forms.whole), {"a": 1}),
    (forms.tree, {"a": [1, {"b": None}]}), (forms.tree, nested(20)), (forms.tree, {"a": HUGE}),
]  # fmt: skip

BAD = [
    (forms.text, 1), (forms.text, None), (forms.flag, 1), (forms.listing, {}), (forms.whole, True),
    (forms.whole, 1.0), (forms.whole, -1), (forms.whole, 2**63), (forms.whole, HUGE),
    (forms.whole, "1"), (forms.positive, 0), (forms.seed, -1), (forms.number, float("nan")),
    (forms.number, float("inf")), (forms.number, HUGE), (forms.number, "1"), (forms.number, True),
    (forms.moment, -1), (forms.moment, 1e15), (forms.name, "../x"), (forms.name, "a/b"),
    (forms.name, ".."), (forms.name, ""), (forms.name, "a\n"), (forms.name, "x" * 65),
    (forms.job, "../../jobs"), (forms.folder, "../../etc"), (forms.folder, "/etc"),
    (forms.folder, ".."), (forms.folder, "a/b"), (forms.folder, ".removed-a"), (forms.folder, ""),
    (forms.folder, "a\x1b-0"), (forms.component, "../x"), (forms.component, "a\x1b"),
    (forms.digest, "0" * 63), (forms.digest, "²" * 64),
    (forms.code_id, "../../x"), (forms.each(forms.whole), 3), (forms.each(forms.whole), [1, "a"]),
    (forms.mapping(forms.whole), [1]), (forms.mapping(forms.whole, forms.name), {"../x": 1}),
    (forms.tree, []), (forms.tree, nested(30)), (forms.intervals, [[2, 1]]),
    (forms.intervals, [[-1, 1]]), (forms.intervals, [[0, 1.0]]), (forms.intervals, [[0, True]]),
    (forms.intervals, [[0, 2**63]]), (forms.intervals, [["0", "1"]]), (forms.intervals, {}),
]  # fmt: skip


@pytest.mark.parametrize(("form", "value"), GOOD)
def test_what_fits_is_taken(form, value):
    assert form(value) == value


@pytest.mark.parametrize(("form", "value"), BAD)
def test_what_does_not_fit_is_described(form, value):
    with pytest.raises(ValueError, match=" is not ") as error:
        form(value)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("value", [[[0]], [[0, 1, 2]], [0], None])
def test_what_is_no_list_of_pairs_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        forms.intervals(value)


def test_ranges_become_intervals():
    assert forms.intervals([[5, 9], [0, 2]]) == (Interval(5, 9), Interval(0, 2))
    assert forms.samples([[5, 9], [0, 5]]) == IntervalSet([(0, 9)])


def test_keys_are_taken_with_their_forms():
    form = forms.keys({"a": forms.whole}, {"b": forms.text})

    assert form({"a": 1, "b": "x", "c": 2}) == {"a": 1, "b": "x"}
    assert form({"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [({}, KeyError, "a"), ({"a": "x"}, ValueError, "'a': 'x' is not a whole number"),
     ({"a": 1, "b": None}, ValueError, "'b': None is not text")],
)  # fmt: skip
def test_the_key_is_named(content, error, message):
    with pytest.raises(error, match=message):
        forms.take(content, {"a": forms.whole}, {"b": forms.text})
