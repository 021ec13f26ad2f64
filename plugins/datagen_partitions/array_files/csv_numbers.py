"""Cells of csv files as numbers, to the last bit as `pandas.read_csv` reads them.

pandas does not round floats correctly: it takes 17 digits and scales them by one power of ten, each
step rounded, which is another number in about a third of all cases. declearn divides files with
these numbers, so they are read the same way here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_INTEGER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_NUMBER = re.compile(r"\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*", re.ASCII)
_INFINITY = re.compile(r"\s*[+-]?inf(inity)?\s*", re.IGNORECASE | re.ASCII)
_BOOLEANS = {"true": True, "false": False}
_MISSING = {
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
}  # fmt: skip

_DIGITS = 17
_POWERS = [float(f"1e{exponent}") for exponent in range(309)]
_EXACT_DIGITS, _EXACT_EXPONENT = 15, 22
"""Up to here both steps are exact, and every way to read a number gives the same one."""


def read_column(cells: Sequence[str]) -> NDArray[Any] | None:
    """Return a column as bool, int64, uint64, or float64 with NaN for missing cells.

    None for anything else: text, or integers beyond 64 bits.
    """
    different = set(cells)
    if all(cell.lower() in _BOOLEANS for cell in different):
        return np.array([_BOOLEANS[cell.lower()] for cell in cells], np.bool_)
    if all(map(_INTEGER.fullmatch, different)):
        return _read_integers(cells, different)
    numbers = {cell: read_float(cell) for cell in different}
    if None in numbers.values():
        return None
    return np.array([numbers[cell] for cell in cells], np.float64)


def _read_integers(cells: Sequence[str], different: set[str]) -> NDArray[Any] | None:
    numbers = {cell: int(cell) for cell in different}
    least, most = min(numbers.values()), max(numbers.values())
    for dtype in (np.int64, np.uint64):
        limits = np.iinfo(dtype)
        if limits.min <= least and most <= limits.max:
            return np.array([numbers[cell] for cell in cells], dtype)
    return None


def read_float(cell: str) -> float | None:
    """Return a cell as a float: NaN for a sign of a missing value, None for text."""
    if cell in _MISSING:
        return float("nan")
    if _INFINITY.fullmatch(cell):
        return float(cell)
    found = _NUMBER.fullmatch(cell)
    if found is None or not (found[2] or found[3]):
        return None
    number = _scale(found[2], found[3] or "", int(found[4] or 0))
    return -number if found[1] == "-" and number is not None else number


def _scale(whole: str, fraction: str, exponent: int) -> float | None:
    digits = (whole + fraction)[:_DIGITS]
    decimals = max(0, len(digits) - len(whole))
    exponent += max(0, len(whole) - _DIGITS) - decimals
    if len(digits) <= _EXACT_DIGITS and abs(exponent) <= _EXACT_EXPONENT:
        return float(f"{digits}e{exponent}")
    number = float(int(digits[:_EXACT_DIGITS]))
    for digit in digits[_EXACT_DIGITS:]:
        number = number * 10.0 + int(digit)
    if exponent > 308:
        return None
    if exponent > 0:
        number *= _POWERS[exponent]
    elif exponent < -308:
        number = number / _POWERS[min(-308 - exponent, 308)] / _POWERS[308]
    else:
        number /= _POWERS[-exponent]
    return None if np.isinf(number) else number
