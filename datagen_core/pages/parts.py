"""What pages are made of. A part knows its HTML; what it shows is escaped, whatever it holds."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from datagen_core.pages.markup import Markup, join, tag


class Part(Protocol):
    """Something on a page."""

    def to_html(self) -> Markup:
        """Return the part as HTML in which every text is escaped."""
        ...


Cell = object
"""What a table shows: a part, a number, or anything else as text; None is an empty cell."""


@dataclass(frozen=True)
class Section:
    """A heading, and the parts below it."""

    title: str
    parts: Sequence[Part]

    @property
    def name(self) -> str:
        """What links to it call it."""
        return "-".join(self.title.lower().split())

    def to_html(self) -> Markup:
        """Return a section whose heading can be linked to."""
        return tag("section", tag("h2", self.title), show(*self.parts), id=self.name)


@dataclass(frozen=True)
class Paragraph:
    """A few sentences.

    Attributes
    ----------
    text
        Empty lines in it begin a new paragraph.
    is_note
        Whether readers must not miss it.
    """

    text: str
    is_note: bool = False

    def to_html(self) -> Markup:
        """Return a paragraph, or several."""
        kind = "note" if self.is_note else None
        blocks = (" ".join(block.split()) for block in self.text.split("\n\n"))
        return join(tag("p", block, class_=kind) for block in blocks if block)


@dataclass(frozen=True)
class Code:
    """Text to copy, as it is; one click selects all of it."""

    text: str

    def to_html(self) -> Markup:
        """Return preformatted text."""
        return tag("pre", tag("code", self.text.strip("\n")), tabindex="0")


@dataclass(frozen=True)
class Mark:
    """A few words that stand out, such as the result of a check.

    Attributes
    ----------
    kind
        `pass`, `fail`, `unknown`, or empty for what is none of these.
    """

    text: str
    kind: str = ""

    def to_html(self) -> Markup:
        """Return the words in the colour of their kind."""
        return tag("span", self.text, class_=f"mark {self.kind}".strip())


@dataclass(frozen=True)
class Link:
    """A link to another page, beside which it is.

    Attributes
    ----------
    place
        Its path from here, quoted as in a URL.
    note
        What stands below it.
    """

    text: str
    place: str
    note: str = ""

    def to_html(self) -> Markup:
        """Return the link."""
        note = tag("div", self.note, class_="unknown") if self.note else Markup("")
        return join((tag("a", self.text, href=self.place), note))


@dataclass(frozen=True)
class Search:
    """A line to type into, which is shown where a script of the page makes use of it."""

    title: str

    def to_html(self) -> Markup:
        """Return the line, and where the script says what was found."""
        box = tag("input", type="search", placeholder=self.title, aria_label=self.title)
        return tag("p", box, " ", tag("output"), hidden=True)


@dataclass(frozen=True)
class Facts:
    """Values by their names."""

    items: Mapping[str, Cell]

    def to_html(self) -> Markup:
        """Return a list of names and values."""
        rows = (tag("dt", name) + tag("dd", _content(value)) for name, value in self.items.items())
        return tag("dl", join(map(Markup, rows)))


@dataclass(frozen=True)
class Table:
    """Rows of cells; numbers stand to the right, and the last cell of a short row takes the rest.

    Attributes
    ----------
    header
        The names of the columns; empty for none.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def to_html(self) -> Markup:
        """Return a table, which scrolls by itself where it is too wide for the page."""
        names = join(tag("th", name, scope="col") for name in self.header)
        head = tag("thead", tag("tr", names)) if self.header else ""
        lines = (tag("tr", self._fill(row)) for row in self.rows)
        table = tag("table", Markup(head), tag("tbody", join(lines)))
        return tag("div", table, class_="wide", tabindex="0")

    def _fill(self, row: Sequence[Cell]) -> Markup:
        spare = len(self.header) - len(row)
        if spare <= 0 or not row:
            return join(map(_cell, row))
        return join((*map(_cell, row[:-1]), _cell(row[-1], spare + 1)))


_LONG = 20
"""Characters; a longer text may be broken in a cell."""


def _cell(value: Cell, width: int | None = None) -> Markup:
    text = value.text if isinstance(value, Mark) else value
    kind = "long" if isinstance(text, str) and len(text) > _LONG else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        kind = "number"
    return tag("td", _content(value), class_=kind, colspan=width)


def _content(value: Cell) -> object:
    """Return what stands in a cell."""
    if hasattr(value, "to_html"):
        return value.to_html()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else value


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes
    ----------
    png
        The content of a PNG file.
    description
        What it shows, for readers who do not see it.
    is_small
        Whether it is a thumbnail, whose pixels are shown as they are.
    """

    png: bytes
    description: str
    is_small: bool = False

    def to_html(self) -> Markup:
        """Return an image with its data in it."""
        data = "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")
        kind = "small" if self.is_small else None
        return tag("img", src=data, alt=self.description, class_=kind)


@dataclass(frozen=True)
class Fold:
    """Parts that are hidden until their summary is chosen."""

    summary: str
    parts: Sequence[Part]

    def to_html(self) -> Markup:
        """Return what unfolds them."""
        return tag("details", tag("summary", self.summary), show(*self.parts))


@dataclass(frozen=True)
class Panel:
    """A small box with a title.

    Attributes
    ----------
    title, note
        Its name, and what is said beside it.
    """

    title: str
    note: str
    parts: Sequence[Part]

    def to_html(self) -> Markup:
        """Return the box."""
        heading = tag("h3", self.title, " ", tag("small", self.note))
        return tag("article", heading, show(*self.parts))


@dataclass(frozen=True)
class Panels:
    """Boxes, as many side by side as there is room for."""

    panels: Sequence[Panel]

    def to_html(self) -> Markup:
        """Return the boxes."""
        return tag("div", show(*self.panels), class_="panels")


def show(*parts: Part) -> Markup:
    """Return the HTML of parts, one after another."""
    return join(part.to_html() for part in parts)
