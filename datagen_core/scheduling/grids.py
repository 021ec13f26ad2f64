"""Grids of numbers as they are written in sweeps: `-1:1:0.5`, `lin:0:1:5`, `log:1e-4:1e-1:4`.

All is computed in decimal numbers, so that `0.1:0.5:0.1` is 0.1, 0.2, 0.3, 0.4 and 0.5. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext

from datagen_core.errors import ParamsError, shorten
from datagen_core.scheduling.demands import MOST_POINTS

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_ANY = rf"{_NUMBER}|[+-]?(?:nan|inf|infinity)"
_STEPS = re.compile(rf"({_ANY}):({_ANY}):({_ANY})", re.ASCII | re.IGNORECASE)
_SPACED = re.compile(r"(lin|log):([^:]*):([^:]*):([^:]*)")

_DIGITS, _EXACT = 50, 1000
"""Enough digits for the nearest float, and for sums of any two floats."""


def read_grid(text: str) -> list[str] | None:
    """Return the numbers of a grid as texts in JSON; None for a text that is no grid.

    Parameters
    ----------
    text
        `start:stop:step`, where stop is included if it is on the grid; or `lin:first:last:n` and
        `log:first:last:n`, which are n numbers at equal differences or ratios.

    Raises
    ------
    ParamsError
        For a grid without end, of the wrong direction, or of more than 100,000 numbers.
    """
    if match := _STEPS.fullmatch(text):
        start, stop, step = match.groups()
        return list(_in_steps(text, start, stop, step))
    if match := _SPACED.fullmatch(text):
        kind, first, last, count = match.groups()
        ends = (_read_number(text, first), _read_number(text, last))
        return list(_SPACES[kind](text, *ends, _read_count(text, count)))
    return None


def _in_steps(text: str, *written: str) -> Iterator[str]:
    start, stop, step = (_read_number(text, each) for each in written)
    if not step:
        raise _refusal(text, "its step is 0")
    with localcontext(prec=_EXACT):
        if (stop - start) * step < 0:
            raise _refusal(text, f"its step leads away from {written[1]}")
        count = int((stop - start) // step) + 1
        _check_count(text, count)
        is_whole = all(_is_whole(each) for each in (written[0], written[2]))
        for number in range(count):
            value = start + number * step
            yield f"{value:f}" if is_whole else repr(float(value))


def _is_whole(written: str) -> bool:
    """Return whether a number was written as a whole one: 3 is, and 3.0 and 3e2 are not."""
    return not set(written.lower()) & set(".e")


def _evenly(_: str, first: Decimal, last: Decimal, count: int) -> Iterator[str]:
    with localcontext(prec=_DIGITS):
        for number in range(count):
            yield repr(float(first + (last - first) * number / (count - 1)))


def _by_ratio(text: str, first: Decimal, last: Decimal, count: int) -> Iterator[str]:
    if first * last <= 0:
        raise _refusal(text, "the ends of log are both above 0, or both below")
    with localcontext(prec=_DIGITS):
        for number in range(count):
            yield repr(float(first * (last / first) ** (Decimal(number) / (count - 1))))


_SPACES: dict[str, Callable[[str, Decimal, Decimal, int], Iterator[str]]] = {
    "lin": _evenly, "log": _by_ratio,
}  # fmt: skip


def _read_number(text: str, written: str) -> Decimal:
    if not re.fullmatch(_NUMBER, written, re.ASCII | re.IGNORECASE):
        raise _refusal(text, f"{shorten(written, 40)!r} is not a finite number")
    number = Decimal(written)
    if number and not 0 < abs(float(number)) < float("inf"):
        raise _refusal(text, f"{shorten(written, 40)} is beyond floating point")
    return number


def _read_count(text: str, written: str) -> int:
    if not re.fullmatch(r"\d{1,20}", written, re.ASCII) or int(written) < 2:
        raise _refusal(text, f"{shorten(written, 40)!r} is not a number of points, 2 or more")
    _check_count(text, int(written))
    return int(written)


def _check_count(text: str, count: int) -> None:
    if count > MOST_POINTS:
        shown = f"{count:,}" if count < 10**12 else "over 10**12"
        raise _refusal(text, f"it has {shown} numbers, more than {MOST_POINTS:,}")


def _refusal(text: str, reason: str) -> ParamsError:
    shown = shorten(text, 60)
    return ParamsError(
        f"the grid {shown} cannot be swept: {reason}; write start:stop:step, lin:first:last:n or "
        f'log:first:last:n, or a JSON list, ["{shown}"], for the text itself'
    )
