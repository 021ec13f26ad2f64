"""How values of one kind are distributed: a line of words, and a chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_core.errors import count_of, noun_of, shorten
from datagen_core.pages.charts import Bars, Histogram

_BINS = 30
_MOST_BARS = 8
_LONGEST = 24


class Distribution(NamedTuple):
    """What is said of values.

    Attributes
    ----------
    words
        Their range and mean, or what else there is to say.
    chart
        None where there is none.
    """

    words: str
    chart: Histogram | Bars | None = None


def describe_values(values: NDArray[Any]) -> Distribution:
    """Return the distribution of numbers, bools, dates, text or bytes, `(n,)`."""
    return _KINDS[values.dtype.kind](values) if len(values) else Distribution("no values")


def _describe_objects(values: NDArray[Any]) -> Distribution:
    is_text = isinstance(values[0], str)
    return _describe_texts(values.tolist()) if is_text else _describe_lengths(values)


def _describe_bools(values: NDArray[Any]) -> Distribution:
    return Distribution(f"{values.mean():.0%} true", _count(values.tolist()))


def _describe_complex(values: NDArray[Any]) -> Distribution:
    with np.errstate(over="ignore"):
        found = _describe_floats(np.abs(values))
    is_finite = bool(np.isfinite(values).any())
    return found._replace(words=f"absolute value {found.words}") if is_finite else found


def _describe_texts(values: Sequence[str]) -> Distribution:
    lengths = [len(each) for each in values]
    low, high = min(lengths), max(lengths)
    words = _extent(low, high, "character")
    distinct = len(set(values))
    if distinct == 1:
        return Distribution(f"always {shorten(values[0], _LONGEST)!r}")
    several = distinct < len(values) or distinct <= _MOST_BARS
    said = f"{words}, {distinct:,} different"
    return Distribution(said, _count(values) if several else None)


def _describe_lengths(values: NDArray[Any]) -> Distribution:
    """Describe bytes, whose values say nothing to people."""
    if values.dtype.kind == "V":
        return Distribution(f"{count_of(values.dtype.itemsize, 'byte')} each")
    lengths = [len(each) for each in values]
    return Distribution(_extent(min(lengths), max(lengths), "byte"))


def _extent(low: int, high: int, noun: str) -> str:
    return f"{low:,} to {high:,} {noun_of(2, noun)}" if low != high else count_of(low, noun)


def _count(values: Sequence[object]) -> Bars:
    found = Counter(values)
    common = found.most_common(_MOST_BARS)
    numbers = not isinstance(values[0], str)
    shown = sorted(common) if numbers else common
    others = len(values) - sum(count for _, count in common)
    return Bars({shorten(str(value), _LONGEST): count for value, count in shown}, others)


def _describe_integers(values: NDArray[Any]) -> Distribution:
    low, high = int(values.min()), int(values.max())
    if low == high:
        return Distribution(f"always {low}")
    if len(np.unique(values)) <= _MOST_BARS:
        return Distribution(_range(str(low), str(high)), _count(values.tolist()))
    words = f"{_range(str(low), str(high))}, mean {_mean(values):.4g}"
    numbers = values.astype(np.float64)
    return Distribution(words, _bin(numbers, _count_bins(numbers), str(low), str(high)))


def _count_bins(values: NDArray[np.float64]) -> int:
    """Return how many bins whole numbers have: one for each, if they are not too many."""
    return int(min(values.max() - values.min() + 1, _BINS))


def _describe_floats(values: NDArray[Any]) -> Distribution:
    with np.errstate(over="ignore"):  # a long double may be beyond float64
        numbers = values.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    missing = len(values) - len(finite)
    left_out = f", {missing:,} of {len(values):,} not finite" if missing else ""
    if not len(finite):
        return Distribution("no finite value")
    low, high = f"{finite.min():.4g}", f"{finite.max():.4g}"
    if finite.min() == finite.max():
        return Distribution(f"always {low}{left_out}")
    words = f"{_range(low, high)}, mean {_mean(finite):.4g}{left_out}"
    return Distribution(words, _bin(finite, _BINS, low, high))


def _describe_times(values: NDArray[Any]) -> Distribution:
    known = values[~np.isnat(values)]
    missing = f", {len(values) - len(known):,} missing" if len(known) < len(values) else ""
    if not len(known):
        return Distribution("no value that is a time")
    low, high = str(known.min()), str(known.max())
    numbers = known.astype(np.int64).astype(np.float64)
    return Distribution(_range(low, high) + missing, _bin(numbers, _count_bins(numbers), low, high))


def _range(low: str, high: str) -> str:
    return f"always {low}" if low == high else f"{low} to {high}"


def _mean(values: NDArray[Any]) -> float:
    scale = float(np.abs(values.astype(np.float64)).max()) or 1.0
    return float((values / scale).mean()) * scale  # the sum of what is large may be infinite


def _bin(values: NDArray[np.float64], bins: int, low: str, high: str) -> Histogram | None:
    if values.min() == values.max():
        return None
    scale = float(np.abs(values).max())  # the distance of the ends may be infinite, or nearly 0
    scaled = (values / scale - values.min() / scale) * 0.5
    counts = np.bincount(np.minimum(scaled / scaled.max() * bins, bins - 1).astype(np.int64),
                         minlength=bins)  # fmt: skip
    return Histogram(counts.tolist(), low, high)


_KINDS: Mapping[str, Callable[[NDArray[Any]], Distribution]] = {
    "b": _describe_bools, "c": _describe_complex, "f": _describe_floats, "i": _describe_integers,
    "u": _describe_integers, "M": _describe_times, "m": _describe_times, "O": _describe_objects,
    "S": _describe_lengths, "V": _describe_lengths,
}  # fmt: skip
"""What describes values, by the kind of their dtype."""
