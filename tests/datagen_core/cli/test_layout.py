"""Text in the width of a terminal."""

from __future__ import annotations

import pytest

from datagen_core.cli.layout import first_line, fit, width_of, wrap

PATH = "/scratch/somebody/cache/noisy_sine/left=0-3bec39c0/runs/0/logs/2-0.log"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two three", ["one two", "three"]),
        ("initial_conditions=[0.1,0.2]", ["initial_conditions=", "[0.1,0.2]"]),
        ("a_name_without_an_end b", ["a_name_without_an_end", "b"]),
        ("木材の棒 木材", ["木材の棒", "木材"]),
    ],
)
def test_text_is_cut_between_words(text, lines):
    assert wrap(text, 10) == lines


def test_words_may_have_blanks():
    assert wrap(["a b |", "c |", "d"], 7) == ["a b |", "c | d"]


def test_letters_that_take_two_places_are_counted_so():
    assert [width_of(text) for text in ("abc", "é", "木材", "e\u0301")] == [3, 1, 4, 1]


def test_the_first_line_ends_at_a_word():
    assert first_line("short", 10) == ("short", False)
    assert first_line("some words, and others", 14) == ("some words …", True)


@pytest.mark.parametrize(
    ("room", "widths"),
    [(None, [5, 27]), (40, [5, 27]), (33, [5, 26]), (27, [5, 20]), (26, None)],
)
def test_columns_are_narrowed_as_far_as_their_words_allow(room, widths):
    assert fit([["state", "reason"], ["lost", "a node of the cluster ended"]], room) == widths


def test_a_path_is_never_cut():
    assert fit([[PATH]], 40) is None
    assert wrap(f"log: {PATH.replace('=', '')}", 40)[-1] == PATH.replace("=", "")
