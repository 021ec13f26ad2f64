"""That checks of pages find what is wrong with a page."""

from __future__ import annotations

import pytest

from browser import browsing, check_page, visit

WRONG = {
    "loads": '<img src="other.png" alt="a">',
    "reports": "<script>console.error('no')</script>",
    "is too wide": '<div style="width: 600px">a</div>',
    "has an image without a text": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
    "is pale": '<p style="color: #999; background: white">a</p>',
}


@pytest.fixture(scope="module")
def browser():
    with browsing() as found:
        yield found


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_page_is_wrong_that(browser, tmp_path, wrong):
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><html><body><p>a</p>{wrong}</body></html>")

    visit(browser, page.as_uri(), 400, "light")

    with pytest.raises(AssertionError):
        check_page(browser, page.as_uri())
