"""Small charts as SVG in the page: they need no package, and the page's text scales with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datagen_core.pages.markup import Markup, join, tag

BAR = "#3d7fc1"
"""A blue that stands out from white and from black."""

_WIDTH, _HEIGHT, _GAP = 240, 56, 1
_SHARES = ("#3d7fc1", "#c2701d", "#1d8a66", "#b0619b", "#8a7a1d", "#7a6fd0")


@dataclass(frozen=True)
class Histogram:
    """Bars over an axis of numbers.

    Attributes
    ----------
    counts
        The height of each bar.
    low, high
        What stands below the first and the last bar.
    """

    counts: Sequence[int]
    low: str
    high: str

    def to_html(self) -> Markup:
        """Return the bars, with the ends of the axis below them."""
        most = max(self.counts, default=0)
        said = f"histogram from {self.low} to {self.high}, highest bar {most:,}"
        ends = tag("div", tag("span", self.low), tag("span", self.high), class_="ends")
        return tag("figure", _draw(self.counts, said), ends)


@dataclass(frozen=True)
class Bars:
    """A bar for each of a few values, with its share of all.

    Attributes
    ----------
    counts
        How often each value occurs.
    others
        How many other values there are besides.
    """

    counts: Mapping[str, int]
    others: int = 0

    def to_html(self) -> Markup:
        """Return a line for each value."""
        total = max(sum(self.counts.values()) + self.others, 1)
        lines = [_bar(name, count, total) for name, count in self.counts.items()]
        if self.others:
            lines.append(_bar("others", self.others, total))
        return tag("div", join(lines), class_="bars")


@dataclass(frozen=True)
class Shares:
    """One bar, divided among a few names."""

    counts: Mapping[str, int]

    def to_html(self) -> Markup:
        """Return the bar, with a legend."""
        total = max(sum(self.counts.values()), 1)
        said = ", ".join(f"{name} {count:,}" for name, count in self.counts.items())
        pieces, before = [], 0.0
        for count, colour in zip(self.counts.values(), _colours(len(self.counts)), strict=True):
            width = _WIDTH * count / total
            pieces.append(
                tag("rect", x=f"{before:.2f}", width=f"{width:.2f}", height=8, fill=colour)
            )
            before += width
        bar = _svg(join(pieces), said, 8)
        return tag("figure", bar, _legend(self.counts), class_="shares")


def _legend(counts: Mapping[str, int]) -> Markup:
    names = zip(counts.items(), _colours(len(counts)), strict=True)
    return tag("div", join(_entry(*item, colour) for item, colour in names), class_="legend")


def _entry(name: str, count: int, colour: str) -> Markup:
    square = tag("rect", width=10, height=10, fill=colour)
    box = tag("svg", square, viewBox="0 0 10 10", aria_hidden="true")
    return tag("span", box, f" {name} {count:,}")


def _colours(count: int) -> list[str]:
    return [_SHARES[place % len(_SHARES)] for place in range(count)]


def _bar(name: str, count: int, total: int) -> Markup:
    width = f"{100 * count / total:.1f}"
    line = tag("rect", width=f"{width}%", height="100%", fill=BAR)
    bar = tag("svg", line, aria_hidden="true")
    return tag("div", tag("span", name), bar, tag("span", f"{count:,} ({width} %)"))


def _draw(counts: Sequence[int], said: str) -> Markup:
    most, step = max(max(counts, default=1), 1), _WIDTH / max(len(counts), 1)
    heights = [max(_HEIGHT * count / most, 1) if count else 0 for count in counts]
    path = "".join(
        f"M{place * step:.1f} {_HEIGHT}v{-height:.1f}h{step - _GAP:.1f}v{height:.1f}z"
        for place, height in enumerate(heights)
        if height
    )
    return _svg(tag("path", d=path, fill=BAR), said, _HEIGHT)


def _svg(inside: Markup, said: str, height: int) -> Markup:
    box = {"viewBox": f"0 0 {_WIDTH} {height}", "preserveAspectRatio": "none"}
    return tag("svg", inside, role="img", aria_label=said, **box)
