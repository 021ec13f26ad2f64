"""Colours that have an order, for values that have one, and axes for such values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_LIGHTEST = 0.9
"""The end of viridis that is used: what follows is too light for lines on white."""

_WIDE = 20.0
"""Positive values that differ by more than this factor are on a logarithmic scale."""


@dataclass(frozen=True)
class Scale:
    """What the colours of lines mean: the values of a parameter.

    Attributes
    ----------
    name
        The parameter.
    low, high
        The least and the greatest value.
    is_log
        Whether distances are those of logarithms.
    """

    name: str
    low: float
    high: float
    is_log: bool

    @classmethod
    def over(cls, name: str, values: Sequence[float]) -> Self:
        """Return the scale of some values."""
        return cls(name, min(values), max(values), is_wide(values))

    def colour(self, value: float) -> Any:
        """Return the colour of a value."""
        low, high, value = (math.log(v) if self.is_log else v for v in (self.low, self.high, value))
        return ordered_colours([(value - low) / (high - low) if high > low else 0.0])[0]


def is_wide(values: Sequence[float]) -> bool:
    """Return whether values are better seen on a logarithmic scale."""
    return min(values) > 0 and max(values) / min(values) > _WIDE


def ordered_colours(places: ArrayLike) -> list[Any]:
    """Return the colours of places from 0, dark, to 1, light."""
    from matplotlib import colormaps  # after house_style, which requires it

    return [tuple(each) for each in colormaps["viridis"](_LIGHTEST * np.asarray(places))]


def add_colour_bar(axes: Axes, scale: Scale) -> None:
    """Explain the colours of lines by a bar beside their axes."""
    from matplotlib.cm import ScalarMappable  # after house_style, which requires it
    from matplotlib.colors import ListedColormap, LogNorm, Normalize  # as above

    norm = (LogNorm if scale.is_log else Normalize)(scale.low, scale.high)
    shades = ListedColormap(ordered_colours(np.linspace(0, 1, 256)))
    figure: Any = axes.figure
    shown = ScalarMappable(norm, shades)
    bar = figure.colorbar(shown, ax=axes, label=scale.name, pad=0.02, aspect=30)
    write_plainly(bar.ax.yaxis)


def write_plainly(axis: Axis) -> None:
    """Write the numbers of an axis as they are, a logarithmic one's without powers, too."""
    from matplotlib.ticker import FuncFormatter, NullFormatter  # after house_style

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
