"""Parts of pages: numbers and texts as people read them, and text that is never markup."""

from __future__ import annotations

import pytest

from datagen_core import cards
from datagen_core.cards import (
    Bars,
    Code,
    Facts,
    Fold,
    Histogram,
    Mark,
    Panel,
    Panels,
    Paragraph,
    Picture,
    Section,
    Shares,
    Table,
    write_page,
)
from datagen_core.pages.frame import write_fragment
from datagen_core.pages.parts import Link, Search
from planted_html import PLANTED, parse

PARTS = [
    Bars({PLANTED: 3}, 2), Code(PLANTED), Facts({PLANTED: PLANTED}),
    Histogram([1, 0, 3], PLANTED, PLANTED),
    Mark(PLANTED, PLANTED), Panels([Panel(PLANTED, PLANTED, [Code(PLANTED)])]), Paragraph(PLANTED),
    Picture(b"", PLANTED), Shares({PLANTED: 1}), Table([PLANTED], [[PLANTED], [Code(PLANTED)]]),
    Fold(PLANTED, [Code(PLANTED)]), Link(PLANTED, PLANTED, PLANTED), Search(PLANTED),
]  # fmt: skip
BREAKS = "a\nb\x1b[31m\u202e\udcff"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_whatever_a_part_shows_is_text(part):
    page = write_page(PLANTED, [Section(PLANTED, [part])], before=[part], footer=PLANTED)

    assert PLANTED in parse(page, {"svg"}).words
    assert PLANTED in parse(write_fragment(PLANTED, [part]), {"svg"}).words


def test_nothing_that_moves_text_reaches_a_page():
    page = write_page("a", [Section("b", [Code(BREAKS), Paragraph(BREAKS)])])

    assert "a\nb\\x1b[31m\\u202e\\udcff" in page
    assert page.encode("utf-8")


def test_cells_are_written_for_people():
    rows = [[1234567, 0.1234567, "1234567", None, True, Mark("good", "pass")]]

    words = parse(Table((), rows).to_html()).words

    assert words == ["1,234,567", "0.123457", "1234567", "True", "good"]


def test_a_page_runs_no_script_but_its_own():
    page = write_page("a", [Section("b", [Paragraph("<script>no</script>")])], script="let a = 1;")

    assert "script-src 'sha256-" in page
    assert page.count("<script") == 1
    assert "script-src" not in write_page("a", [])


def test_what_plugins_make_cards_of_is_described():
    assert all(getattr(cards, name).__doc__ for name in cards.__all__)
