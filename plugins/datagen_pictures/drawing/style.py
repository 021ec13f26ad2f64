"""The style of all pictures: sizes of text, and colours for colour-blind readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from datagen_core.files import require

MOST_COLOURS = 20
"""Most lines that have colours of their own and a line in the legend."""

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
INK = "#202020"
GREY = "#8c8c8c"
MARKERS = "os^Dv"
"""They differ for neighbouring lines, whose colours may be alike."""

# Okabe and Ito 2008 (jfly.uni-koeln.de/color); black is for what stands out. Yellow is for areas
# only: a thin yellow line cannot be seen on white.
_OKABE_ITO = (BLUE, "#D55E00", GREEN, "#CC79A7", ORANGE, "#56B4E9", "#882255")
_YELLOW = "#F0E442"
# Paul Tol, Colour Schemes (SRON/EPS/TN/09-002, 2021), discrete rainbow of 23 colours.
_RAINBOW = (
    "#E8ECFB", "#D9CCE3", "#CAACCB", "#BA8DB4", "#AA6F9E", "#994F88", "#882E72", "#1965B0",
    "#437DBF", "#6195CF", "#7BAFDE", "#4EB265", "#90C987", "#CAE0AB", "#F7F056", "#F7CB45",
    "#F4A736", "#EE8026", "#E65518", "#DC050C", "#A5170E", "#72190E", "#42150A",
)  # fmt: skip
_TOO_LIGHT_FOR_LINES = {"#E8ECFB", "#D9CCE3", "#F7F056"}
_RAINBOW_AREAS = _RAINBOW[2:]
_RAINBOW_LINES = tuple(colour for colour in _RAINBOW if colour not in _TOO_LIGHT_FOR_LINES)

MOST_NAMED_AREAS = len(_RAINBOW_AREAS)
"""Most areas in a legend; more are shown as a colour bar."""

_SETTINGS: Any = {
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "figure.dpi": 150,
    "figure.titlesize": 10,
    "font.size": 9,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "svg.hashsalt": "datagen",  # else the ids in an SVG file are random
    "text.parse_math": False,  # names of clients may hold a dollar sign
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw and write in our style, independent of the user's configuration of matplotlib.

    Raises
    ------
    MissingPackageError
        When matplotlib is not installed.
    """
    mpl = require("matplotlib", "plots")
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def line_colours(count: int) -> list[str]:
    """Return a colour for each of at most `MOST_COLOURS` lines."""
    return _spread(_OKABE_ITO if count <= len(_OKABE_ITO) else _RAINBOW_LINES, count)


def area_colours(count: int) -> list[Any]:
    """Return a colour for each of any number of areas that lie side by side."""
    if count <= len(_OKABE_ITO) + 1:
        return [*_OKABE_ITO[:-1], _YELLOW, _OKABE_ITO[-1]][:count]
    if count <= MOST_NAMED_AREAS:
        return _spread(_RAINBOW_AREAS, count)
    from matplotlib import colormaps  # after house_style, which requires it

    return list(colormaps["viridis"](np.linspace(0, 1, count)))


def _spread(colours: tuple[str, ...], count: int) -> list[str]:
    """Return a number of colours: the first of an unordered palette, else at even distances."""
    if colours is _OKABE_ITO:
        return list(colours[:count])
    return [colours[place] for place in np.linspace(0, len(colours) - 1, count).round().astype(int)]


def shorten(text: str, width: int) -> str:
    """Return text of at most `width` characters, with an ellipsis if it was cut."""
    return text if len(text) <= width else text[: width - 1] + "…"


def wrap(text: str, width: int, lines: int) -> str:
    """Return text in at most `lines` lines, with an ellipsis if it was cut."""
    import textwrap  # rarely needed

    wrapped = textwrap.wrap(text, width, max_lines=lines, placeholder=" …", break_on_hyphens=False)
    return "\n".join(wrapped)
