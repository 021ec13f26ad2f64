"""The table of all measurements: datagen, the peer beside it, and whether an aim is met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.timing import Cost

HEADER = ("what", "datagen", "peer", "ratio", "aim", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes
    ----------
    seconds, peer_seconds
        What datagen and its peer took for the same work.
    peer
        What the peer is.
    aim
        The largest `seconds / peer_seconds` that is aimed at, so 1 / 300 for 300 times as fast.
    samples
        How many samples the work made: then the table shows samples per second.
    """

    what: str
    seconds: float
    peer: str
    peer_seconds: float
    aim: float | None = None
    samples: int | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None without one."""
        return None if self.aim is None else self.seconds <= self.aim * self.peer_seconds

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of `HEADER`."""
        peer = f"{self._show(self.peer_seconds)} {self.peer}"
        ratio = format_ratio(self.seconds / self.peer_seconds)
        aim = "" if self.aim is None else format_ratio(self.aim)
        met = {None: "", True: "yes", False: "**no**"}[self.is_met]
        return self.what, self._show(self.seconds), peer, ratio, aim, met

    def _show(self, seconds: float) -> str:
        if self.samples is not None:
            return f"{self.samples / seconds:,.0f}/s"
        return format_seconds(seconds)


@dataclass(frozen=True, slots=True)
class AccuracyRow(Row):
    """Accuracies in percent, where other rows have seconds; the aim is the least accuracy."""

    spread: float = 0.0

    @property
    def is_met(self) -> bool | None:
        """Whether the mean is at least the aim."""
        return None if self.aim is None else self.seconds >= self.aim

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of `HEADER`."""
        found = f"{self.seconds:.1f} %, spread {self.spread:.1f}"
        peer = f"{self.peer_seconds:.1f} % {self.peer}"
        difference = f"{self.seconds - self.peer_seconds:+.1f} points"
        met = "yes" if self.is_met else "**no**"
        return self.what, found, peer, difference, f"{self.aim:g} %", met


@dataclass(frozen=True, slots=True)
class CostRow(Row):
    """Processor time, which is compared, and the time that passed in parentheses.

    Attributes
    ----------
    limit
        The most seconds of processor time that are aimed at, instead of a ratio.
    """

    wall: float = 0.0
    peer_wall: float = 0.0
    limit: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the aim, a ratio or a limit, is met; None without one."""
        if self.limit is not None:
            return self.seconds <= self.limit
        return None if self.aim is None else self.seconds <= self.aim * self.peer_seconds

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of `HEADER`."""
        what, _, _, ratio, aim, met = Row.cells(self)
        own = f"{format_seconds(self.seconds)} ({format_seconds(self.wall)})"
        other = f"{format_seconds(self.peer_seconds)} ({format_seconds(self.peer_wall)})"
        aim = aim if self.limit is None else format_seconds(self.limit)
        return what, own, f"{other} {self.peer}", ratio, aim, met


@dataclass(frozen=True, slots=True)
class MemoryRow(Row):
    """The same of memory: `seconds` and `peer_seconds` are bytes."""

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of `HEADER`."""
        what, _, _, _, _, met = Row.cells(self)
        own, other = (f"{size / 2**30:.2f} GiB" for size in (self.seconds, self.peer_seconds))
        ratio = f"{self.seconds / self.peer_seconds:.2g}x the memory"
        aim = "" if self.aim is None else f"{self.aim:.2g}x the memory"
        return what, own, f"{other} {self.peer}", ratio, aim, met


def compare_costs(
    what: str,
    own: Cost,
    peers: Mapping[str, Cost],
    *,
    aims: Mapping[str, float] | None = None,
    limit: float | None = None,
) -> Iterator[CostRow]:
    """Yield a row for each peer; `aims` are ratios by peer, and the limit is the first row's."""
    for peer, cost in peers.items():
        aim = (aims or {}).get(peer)
        yield CostRow(
            what, own.cpu, peer, cost.cpu, aim, wall=own.wall, peer_wall=cost.wall, limit=limit
        )
        limit = None


def format_seconds(seconds: float) -> str:
    """Return a time for people, "12.3 ms"."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def format_ratio(ratio: float) -> str:
    """Return datagen's time as a multiple of its peer's, "1.2x the time" or "9x as fast"."""
    return f"{_round(ratio)}x the time" if ratio >= 1 else f"{_round(1 / ratio)}x as fast"


def _round(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 100 else f"{factor:.3g}"


def format_table(rows: Iterable[Row]) -> str:
    """Return rows as a Markdown table whose columns also line up as plain text."""
    lines = [HEADER, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(cells, widths) for cells in (lines[0], rule, *lines[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
