"""The frame of a page: what a browser loads nothing for, and runs nothing of that a value holds."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from datagen_core.pages.markup import Markup, join, tag
from datagen_core.pages.parts import Part, Section, show

_STYLE = Path(__file__).with_name("page.css")
_FRAGMENT = Path(__file__).with_name("fragment.css")

SIGNATURE = tag("meta", name="generator", content="datagen")
"""By what a page is known as one of datagen."""


def write_page(
    title: str, sections: Sequence[Section], *, before: Sequence[Part] = (), script: str = "",
    footer: str = "",
) -> str:  # fmt: skip
    """Return a page of HTML in which all texts are escaped, and which loads nothing.

    Parameters
    ----------
    before
        What stands between the title and the first section.
    script
        JavaScript, the only one that a browser runs in the page; never of what a user writes.
    footer
        A line at the end.
    """
    links = [tag("a", each.title, href=f"#{each.name}") for each in sections]
    body = (
        tag("h1", title), show(*before), tag("nav", *links) if links else "",
        show(*sections), tag("footer", footer) if footer else "",
    )  # fmt: skip
    end = tag("script", Markup(script)) if script else ""
    inside = join(map(Markup, (tag("main", *map(Markup, body)), end)))
    page = tag("html", tag("head", *_head(title, script)), tag("body", inside), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _head(title: str, script: str) -> list[Markup]:
    """Return what says that a browser loads nothing, and runs nothing but `script`."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    runs = f"; script-src 'sha256-{digest}'" if script else ""
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'{runs}"
    return [
        tag("meta", charset="utf-8"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        SIGNATURE,
        tag("title", title),
        tag("style", Markup(_STYLE.read_text())),
    ]


def write_fragment(title: str, parts: Sequence[Part]) -> str:
    """Return parts below a title as a piece of a page of others, such as a notebook."""
    style = tag("style", Markup(_FRAGMENT.read_text()))
    return tag("div", style, tag("strong", title), show(*parts), class_="datagen")
