"""Text that would be code in a page, and a parser that finds what it has become."""

from __future__ import annotations

from html.parser import HTMLParser

PLANTED = """<script>alert(1)</script>"'&<img src=x onerror=y>"""


class _Page(HTMLParser):
    """Collects the elements of a page, their attributes, and its text."""

    def __init__(self):
        super().__init__()
        self.elements, self.attributes, self.words = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words.append(data)


def parse(page, ours=()):
    """Return a page after it was parsed; no element or attribute of it is a planted one.

    `ours` are elements that pages have of their own, such as charts.
    """
    found = _Page()
    found.feed(page)
    found.close()
    assert not found.elements & {"script", "iframe", "object", "embed", "svg"} - set(ours)
    assert not {name for name in found.attributes if name.startswith("on")}
    return found
