"""Errors cross the borders of processes, and say how the command line ends."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from datagen_core import errors
from datagen_core.errors import (
    DatagenError,
    InsufficientSamplesError,
    RefusedSampleError,
    SchemaError,
    SelectionError,
    as_line,
    in_one_line,
)

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, DatagenError)
]


def example(kind):
    if kind is InsufficientSamplesError:
        return kind("too few", 3, 1.5, "datagen generate …")
    return kind("a line")


@pytest.mark.parametrize("kind", CLASSES)
def test_errors_survive_pickling(kind):
    error = example(kind)
    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize("kind", CLASSES)
def test_the_module_shows_every_error_in_its_place(kind):
    lines = errors.__doc__.splitlines()
    (line,) = [line for line in lines if re.match(rf" *{kind.__name__} ", line)]
    depth = [base for base in kind.__mro__ if base in CLASSES].index(DatagenError)

    assert len(line) - len(line.lstrip()) == 4 * depth
    assert line.split()[1] == str(kind.exit_code)


@pytest.mark.parametrize("kind", CLASSES)
def test_exit_codes_are_the_documented_ones(kind):
    assert kind.exit_code in {1, 2, 3, 4, 5, 6}


def test_a_missing_key_reads_without_quotes():
    assert str(SelectionError("no such set")) == "no such set"
    assert isinstance(SelectionError("no such set"), KeyError)


def test_missing_samples_are_told_apart_from_words():
    error = example(InsufficientSamplesError)

    assert (str(error), error.missing, error.seconds) == ("too few", 3, 1.5)
    assert error.command == "datagen generate …"


def test_a_schema_error_says_whether_it_concerns_the_whole_set():
    error = pickle.loads(pickle.dumps(SchemaError("no schema", whole_set=True)))

    assert (str(error), error.whole_set) == ("no schema", True)
    assert not SchemaError("one value").whole_set


class UnspeakableError(Exception):
    def __str__(self):
        raise ValueError("not to be said")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("\nfirst\r\nsecond"), "ValueError: first second"),
        (ValueError(), "ValueError"),
        (ValueError("\x1b[31mred\x07\udc80"), r"ValueError: \x1b[31mred\x07\udc80"),
        (ValueError("A" * 1_000_000), f"ValueError: {'A' * 500}..."),
        (UnspeakableError(), "UnspeakableError"),
    ],
)
def test_whatever_a_users_code_raises_is_one_short_line(error, line):
    assert in_one_line(error) == line


def test_a_refusal_needs_no_reason():
    assert str(RefusedSampleError()) == ""


@pytest.mark.parametrize("text", ["a" * 700, "\x1b[2J" * 300, "\u202e\x9b\n\0 a", "\ud800" * 600])
def test_a_line_for_people_is_short_and_printable(text):
    line = as_line(f"no {text}; do that")

    assert len(line) <= 500
    assert line.isprintable()
    assert line.startswith("no ")
    assert line.endswith("do that")


def test_a_line_keeps_the_bytes_of_a_name_that_is_not_utf_8():
    assert as_line("no file a\udcff") == "no file a\udcff"
