"""Cards and catalogues in a browser, narrow and wide, light and dark."""

from __future__ import annotations

import numpy as np
import pytest

import datagen_core
import generators_for_tests as generators
from browser import browsing, check_page, list_requests, visit
from datagen_core import Cache, generate
from datagen_core.cards import (
    Bars,
    Mark,
    Paragraph,
    Picture,
    Section,
    Table,
    encode_png,
    write_page,
)
from datagen_core.cards.catalogue import write_catalogue
from planted_html import PLANTED


class Odd(datagen_core.Params):
    """A parameter that is any text, and one that nothing breaks."""

    label: str = ""
    long: str = "x" * 300


@datagen_core.generator(5, Odd)
def odd(size):
    """Make samples with texts of all kinds."""
    text = np.array([PLANTED] * size, object)
    return {"text": text, "times": np.full(size, "2026-11-30", "datetime64[D]")}


EVERY_PART = [
    Section("Marks", [Table(("a", "b"), [[Mark("good", "pass"), Mark("bad", "fail")],
                                         [Mark("what", "unknown"), Mark("that")]])]),
    Section("Others", [Paragraph("mind", is_note=True), Bars({"a": 3}, 2),
                       Picture(encode_png(np.zeros((900, 900), np.uint8)), "black")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    cache = folder / "cache"
    for left in (0, -2):
        sine = generate(generators.sine, 40, {"left": left}, executor="inline", cache=cache)
    sine.move(20, "train")
    sine.exclude([3], "the solver diverged")
    for each in (generators.walks, generators.images):
        generate(each, 20, executor="inline", cache=cache)
    generate(odd, 10, {"label": PLANTED}, executor="inline", cache=cache)
    write_catalogue(Cache(cache), folder / "catalogue")
    (folder / "parts.html").write_text(write_page("Parts", EVERY_PART))
    found = [folder / "parts.html", *sorted((folder / "catalogue").rglob("*.html"))]
    return [path.as_uri() for path in found]


@pytest.fixture(scope="module")
def browser():
    with browsing() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_pages_load_nothing_fit_and_can_be_read(browser, pages, width, scheme):
    assert len(pages) == 7
    for url in pages:
        visit(browser, url, width, scheme)
        browser.execute_script(
            "for (const d of document.querySelectorAll('details')) d.open = true"
        )
        check_page(browser, url)


def test_a_catalogue_is_searched_without_any_request(browser, pages):
    (index,) = (url for url in pages if url.endswith("index.html"))
    visit(browser, index, 1200, "light")
    list_requests(browser)

    browser.find_element("css selector", "input").send_keys("SINE left=-2")
    rows = browser.find_elements("css selector", "tbody tr")

    assert [row.text.split("\n")[0] for row in rows if row.is_displayed()] == ["sine 1"]
    assert browser.find_element("css selector", "output").text == "1 of 5"
    assert list_requests(browser) == []


def test_cards_are_where_the_catalogue_says(browser, pages):
    (index,) = (url for url in pages if url.endswith("index.html"))
    visit(browser, index, 1200, "light")

    links = browser.find_elements("css selector", "tbody a")

    assert sorted(each.get_property("href") for each in links) == [
        url for url in pages if "/sets/" in url
    ]
