"""Whole numbers on the command line, as people write them."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.cli.options import WholeNumber

DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("1_000_000", 10**6), ("1e6", 10**6), ("1E12", 10**12), ("1.5e3", 1500), (" 5 ", 5)],
)
def test_whole_numbers_are_read_in_all_forms(text, number):
    assert WholeNumber(1).convert(text, None, None) == number


@given(st.integers(1, 2**63 - 1))
def test_every_index_is_read_exactly(number):
    assert WholeNumber(1).convert(str(number), None, None) == number


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((text, "is not a whole number") for text in ("1.5e0", "nan", "inf", "", "0x10", "1,000")),
        *((text, "is above 9223372036854775807") for text in ("1e30", "1e400000000", DIGITS)),
        *((text, "is below 1") for text in ("0", "-3", "-1e400000000")),
        ("1e-400000000", "is not a whole number"),
    ],
)
def test_anything_else_is_refused_in_a_short_line(text, words):
    with pytest.raises(click.BadParameter, match=words) as caught:
        WholeNumber(1).convert(text, None, None)
    assert len(caught.value.message) < 150
