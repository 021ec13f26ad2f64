"""Finding a parameter set by number, parameters or digest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.errors import SelectionError
from datagen_core.generators.identity import digest_of
from datagen_core.reading.selection import find, parse_assignment, select, select_only
from datagen_core.store.set_records import SetRecord
from strategies import json_values

DEFAULTS = {"left": -1, "right": 1, "label": "none", "sizes": [1, 2]}


def record_of(seed=0, **changes):
    params = {"left": -1.0, "right": 1.0, "label": "none", "sizes": [1, 2], **changes}
    digest = digest_of("sine", "1", params, seed)
    return SetRecord(digest, "sine", "1", params, seed, DEFAULTS, 10, None, {})


RECORDS = {
    0: record_of(),
    1: record_of(left=0.0),
    3: record_of(left=0.0, right=2.0),
    4: record_of(left=0.0, seed=7),
    5: record_of(label="a,b"),
    6: record_of(sizes=[3, 4]),
}


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        (3, 3),
        ("3", 3),
        ({}, 0),
        ({"left": 0}, 1),
        ({"left": 0.0, "right": 1}, 1),
        ({"right": 2}, 3),
        ("right=2", 3),
        ("left=0", 1),
        ("left=0,right=2", 3),
        ("left=0,seed=7", 4),
        ({"left": 0, "seed": 7}, 4),
        ({"seed": 7}, 4),
        ("label=a,b", 5),
        ("sizes=[3, 4]", 6),
        ({"sizes": (3, 4)}, 6),
        ({"left": np.float64(0)}, 1),
        ({"seed": np.int64(7)}, 4),
        (RECORDS[3].digest, 3),
        (RECORDS[3].digest[:10], 3),
    ],
)
def test_one_set_is_found(wanted, number):
    assert select(RECORDS, wanted) == number


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (2, "sine has no parameter set number 2; it has 0 (defaults), 1 (left=0), 3"),
        ("99", "number 99"),
        ({"left": 5}, "sine has no parameter set with left=5; it has 0"),
        ({"lefft": 0}, "no parameter set with lefft=0"),
        ({"left": float("nan")}, "left=nan"),
        ({"left": object}, "no parameter set with left="),
        ("0123456789abcdef", "whose digest begins with '0123456789abcdef'; it has"),
    ],
)
def test_what_is_not_there_is_refused_with_what_there_is(wanted, words):
    with pytest.raises(SelectionError) as caught:
        select(RECORDS, wanted)

    assert words in str(caught.value)
    assert str(caught.value).endswith("6 (sizes=[3,4]); choose one with -p NUMBER")
    assert "\n" not in str(caught.value)


def test_an_ambiguous_choice_lists_the_candidates():
    records = {0: record_of(left=0.0, right=2.0), 1: record_of(left=0.0, right=3.0)}

    candidates = r": 0 \(left=0 right=2\), 1 \(left=0 right=3\); choose one with -p NUMBER$"
    with pytest.raises(SelectionError, match=f"^sine has 2 parameter sets with left=0{candidates}"):
        select(records, {"left": 0})
    for choose in (lambda: select(records, {}), lambda: select_only(records)):
        with pytest.raises(SelectionError, match=f"^sine has 2 parameter sets{candidates}"):
            choose()


def test_the_only_set_needs_no_choice():
    assert select_only({3: RECORDS[3]}) == 3


def test_an_empty_data_set_says_so():
    with pytest.raises(SelectionError, match="no parameter set yet; `datagen generate`"):
        select({}, 0)


def test_a_long_list_is_cut():
    records = {number: record_of(left=-float(number)) for number in range(20)}

    with pytest.raises(SelectionError, match="and 12 more"):
        select(records, 99)


@given(st.dictionaries(st.integers(0, 99), st.floats(-9, -1), min_size=1, max_size=6))
def test_every_set_is_found_by_its_digest_and_parameters(lefts):
    records = {number: record_of(left=left) for number, left in lefts.items()}
    for number, record in records.items():
        twins = [n for n, other in records.items() if other.digest == record.digest]
        if twins == [number]:
            assert select(records, record.digest) == number
            assert select(records, record.params) == number


@given(json_values)
def test_json_values_come_back(value):
    from datagen_core.generators.identity import canonical_json

    key, parsed = parse_assignment(f"key={canonical_json(value)}")
    assert key == "key"
    assert canonical_json(parsed.value) == canonical_json(value)


@pytest.mark.parametrize("text", ["", "left", "=1"])
def test_what_is_no_assignment_is_refused(text):
    with pytest.raises(SelectionError, match="write key=value"):
        parse_assignment(text)


TEXTS = ["1", "1.0", "01", "1e5", "true", "null", "[1]", "{}", '"1"', "-0", "0x1", "é", ""]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_found_as_it_was_typed(text):
    records = {number: record_of(label=label) for number, label in enumerate(TEXTS)}

    found = select(records, dict([parse_assignment(f"label={text}")]))
    assert found == TEXTS.index("1" if text == '"1"' else text)


def test_a_number_comes_before_a_text_that_looks_like_it():
    records = {0: record_of(label="1"), 1: record_of(label=1)}

    assert select(records, "label=1") == 1
    assert select(records, 'label="1"') == 0


OLDER, LATER = {"steps": 20}, {"damping": 0.0}
GROWN = {
    0: record_of(),
    1: SetRecord("a1", "sine", "1", {"steps": 20}, 0, OLDER, 10, None, {}),
    2: SetRecord("a2", "sine", "1", {**OLDER, **LATER}, 0, {**OLDER, **LATER}, 10, None, {}),
    3: SetRecord("a3", "sine", "1", {"steps": 20}, 7, OLDER, 10, None, {}),
    4: SetRecord("a4", "sine", "2", {"steps": 30}, 0, {"steps": 30}, 10, None, {}),
}


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ("steps=20", 1),
        ({"steps": 20}, 1),
        ("steps=20,damping=0", 2),
        ("steps=20,seed=7", 3),
        ("steps=30", 4),
        ("version=2", 4),
        ("a2", 2),
    ],
)
def test_a_set_with_exactly_these_parameters_is_preferred(wanted, number):
    assert select(GROWN, wanted) == number


def test_a_parameter_that_a_set_has_not_counts_as_its_default():
    wanted = {"steps": 30, "damping": 0.0}
    with pytest.raises(SelectionError):
        select(GROWN, wanted)

    assert select(GROWN, wanted, {"damping": 0.0}) == 4
    with pytest.raises(SelectionError):
        select(GROWN, {**wanted, "damping": 1.0}, {"damping": 0.0})


def test_parameters_are_found_by_present_and_earlier_names():
    older = SetRecord("b0", "sine", "1", {"n": 5}, 0, {"n": 1}, 10, None, {})
    newer = SetRecord(
        "b1", "sine", "1", {"steps": 6}, 0, {"steps": 1}, 10, None, {},
        identity={"n": 6}, renamed={"n": "steps"},
    )  # fmt: skip
    records = {0: older, 1: newer}

    assert [select(records, f"{name}=5") for name in ("n", "steps")] == [0, 0]
    assert [select(records, f"{name}=6") for name in ("n", "steps")] == [1, 1]
    assert select({0: older}, {"steps": 5}, renamed={"n": "steps"}) == 0


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["left=0"], [1, 3, 4]),
        (["left=0", "right=2"], [3]),
        (["left=0,seed=0"], [1, 3]),
        (["label=a*"], [5]),
        (["sizes=[3, ?]"], [6]),
        (["seed=*"], [0, 1, 3, 4, 5, 6]),
        (["6", "0"], [6, 0]),
        (["6,0"], [6, 0]),
        ([RECORDS[3].digest[:10], "left=0"], [3]),
        (["0", "left=0"], []),
    ],
)
def test_all_sets_that_fit_are_found(texts, numbers):
    assert find({**RECORDS, 2: None}, texts) == numbers


def test_a_value_that_a_set_has_is_no_pattern():
    records = {0: record_of(label="ab"), 1: record_of(label="a*"), 2: record_of(label="a?")}

    assert [find(records, [text]) for text in ("label=a*", "label=?*")] == [[1], [0, 1, 2]]


@pytest.mark.parametrize("texts", [["lft=0"], ["99"], ["0", "no digest"], ["²"]])
def test_what_no_set_has_is_refused(texts):
    with pytest.raises(SelectionError):
        find(RECORDS, texts)
