"""Grids of sweeps are exact in decimal numbers, include their ends, and are never endless."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.errors import ParamsError
from datagen_core.scheduling.grids import read_grid


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("-1:1:0.5", ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        ("0.1:0.5:0.1", ["0.1", "0.2", "0.3", "0.4", "0.5"]),
        ("1:-1:-1", ["1", "0", "-1"]),
        ("0:10:4", ["0", "4", "8"]),
        ("1:1:1", ["1"]),
        ("1e3:3e3:1e3", ["1000.0", "2000.0", "3000.0"]),
        ("1E-10:2E-10:.5e-10", ["1e-10", "1.5e-10", "2e-10"]),
        ("5e-324:1e-323:5e-324", ["5e-324", "1e-323"]),
        ("12345678901234567890:12345678901234567891:1",
         ["12345678901234567890", "12345678901234567891"]),
        ("log:1e-4:1e-1:4", ["0.0001", "0.001", "0.01", "0.1"]),
        ("log:-1:-100:3", ["-1.0", "-10.0", "-100.0"]),
        ("log:1e300:1e-300:3", ["1e+300", "1.0", "1e-300"]),
        ("lin:0:1:5", ["0.0", "0.25", "0.5", "0.75", "1.0"]),
        ("lin:1:0:2", ["1.0", "0.0"]),
        ("lin:2:2:2", ["2.0", "2.0"]),
    ],
)  # fmt: skip
def test_grids_have_these_numbers(text, values):
    assert read_grid(text) == values


@pytest.mark.parametrize("text", ["", "1", "1:2", "a:b:c", "log:x", "1:2:3:4", "12:30:ab", "lin"])
def test_other_texts_are_no_grids(text):
    assert read_grid(text) is None


@given(st.integers(-999, 999), st.integers(-999, 999), st.integers(1, 400), st.integers(0, 3))
def test_every_value_is_a_decimal_step_from_the_start(start, stop, step, digits):
    unit = Decimal(1).scaleb(-digits)
    start, stop, step = (each * unit for each in (start, stop, step if start <= stop else -step))
    values = [Decimal(value) for value in read_grid(f"{start}:{stop}:{step}")]

    assert values == [start + number * step for number in range(len(values))]
    assert abs(stop - values[-1]) < abs(step)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0:1:0", "its step is 0"),
        ("1:30:00", r'its step is 0; .* a JSON list, \["1:30:00"\], for the text itself$'),
        ("0:1:-0.1", "its step leads away from 1"),
        ("nan:1:1", "'nan' is not a finite number"),
        ("0:inf:1", "'inf' is not a finite number"),
        ("0:1:1e-9", "it has 1,000,000,001 numbers, more than 100,000"),
        ("0:1e308:1e-308", "it has over 10\\*\\*12 numbers"),
        ("1e999:1:1", "1e999 is beyond floating point"),
        ("0:1:1e-400", "1e-400 is beyond floating point"),
        ("log:0:1:3", "the ends of log are both above 0, or both below"),
        ("log:-1:1:3", "both above 0"),
        ("log:a:1:3", "'a' is not a finite number"),
        ("log:1:2:1", "'1' is not a number of points, 2 or more"),
        ("lin:0:1:1e9", "'1e9' is not a number of points"),
        ("lin:0:1:", "'' is not a number of points"),
        ("lin:0:1:1000000000", "it has 1,000,000,000 numbers"),
        (f"0:1:{'9' * 500}", "beyond floating point"),
    ],
)
def test_what_cannot_be_swept_is_one_line(text, reason):
    with pytest.raises(ParamsError, match=reason) as caught:
        read_grid(text)
    assert len(str(caught.value)) < 400
