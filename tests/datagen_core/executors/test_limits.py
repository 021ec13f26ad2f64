"""Time limits and memory are read as sbatch reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_core.errors import ConfigurationError
from datagen_core.executors.limits import format_minutes, parse_memory, parse_time_limit


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("30:00", 30),
        ("1:30", 2),
        ("0:01", 1),
        ("1:00:00", 60),
        ("01:00:01", 61),
        ("2-12", 3600),
        ("0-1:30", 90),
        ("2-12:30", 3630),
        ("2-12:30:00", 3630),
        ("2-12:30:01", 3631),
    ],
)
def test_every_form_of_sbatch_is_a_number_of_minutes(text, minutes):
    assert parse_time_limit(text) == minutes


@pytest.mark.parametrize(
    "text", ["", "0", "0:00", "0-0", "-5", "1.5", "1h", "1:2:3:4", "1-", "-1:00", "٣", "UNLIMITED"]
)
def test_anything_else_is_refused_with_the_forms(text):
    with pytest.raises(ConfigurationError, match="DAYS-HOURS:MINUTES:SECONDS") as caught:
        parse_time_limit(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["99999999999", "999999-0", "999999999:00:00"])
def test_a_time_limit_beyond_a_life_is_refused(text):
    with pytest.raises(ConfigurationError, match=f"time limit {text} is above fifty years"):
        parse_time_limit(text)


@pytest.mark.parametrize("text", [f"{10**30}G", "9999999999T", "9" * 40])
def test_more_memory_than_there_is_is_refused(text):
    with pytest.raises(ConfigurationError, match="above a million TB"):
        parse_memory(text)


@pytest.mark.parametrize("parse", [parse_time_limit, parse_memory])
def test_thousands_of_digits_are_one_short_line(parse):
    with pytest.raises(ConfigurationError) as caught:
        parse("9" * 5000)
    assert len(str(caught.value)) < 250


@given(st.integers(min_value=1, max_value=10**7))
def test_formatted_minutes_are_read_back(minutes):
    assert parse_time_limit(format_minutes(minutes)) == minutes


@given(st.integers(min_value=1, max_value=10**7), st.integers(min_value=0, max_value=59))
def test_seconds_only_ever_lengthen_a_limit(minutes, seconds):
    assert parse_time_limit(f"{minutes}:{seconds:02}") == minutes + (seconds > 0)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(1, "00:01:00"), (90, "01:30:00"), (1440, "1-00:00:00"), (3630, "2-12:30:00")],
)
def test_minutes_are_shown_as_squeue_shows_them(minutes, text):
    assert format_minutes(minutes) == text


@pytest.mark.parametrize(
    ("text", "mebibytes"),
    [
        ("1024", 1024),
        ("500M", 500),
        ("500mb", 500),
        ("1G", 1024),
        ("1GB", 1024),
        ("2T", 2 * 1024**2),
        ("2048K", 2),
        ("1K", 1),
        ("0", 0),
    ],
)
def test_memory_is_a_number_of_mebibytes(text, mebibytes):
    assert parse_memory(text) == mebibytes


@pytest.mark.parametrize("text", ["", "G", "-1G", "1.5G", "1P", "1GiB", "1G2"])
def test_other_memory_is_refused(text):
    with pytest.raises(ConfigurationError, match="such as 4G"):
        parse_memory(text)
