"""Pictures: the only package that draws, with matplotlib.

Importing it does not load that. What draws raises MissingPackageError if it is not installed.
"""

from typing import TYPE_CHECKING

from datagen_pictures.drawing.charts import Bars, Mark, draw_bars, draw_histogram
from datagen_pictures.drawing.counts import (
    MOST_CLASSES,
    LabelCounts,
    count_labels,
    draw_count_bars,
    draw_count_map,
)
from datagen_pictures.drawing.curves import Curve, Curves, draw_curves, draw_overview, draw_panels
from datagen_pictures.drawing.figures import check_picture_path, encode_png, save_figure
from datagen_pictures.drawing.image_rows import Row, draw_grid, draw_rows
from datagen_pictures.drawing.points import PointPanel, Points, draw_points
from datagen_pictures.drawing.scales import Scale, ordered_colours
from datagen_pictures.drawing.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MARKERS,
    MOST_COLOURS,
    ORANGE,
    line_colours,
    shorten,
    wrap,
)
from datagen_pictures.errors import PictureError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Figure

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "INK",
    "MARKERS",
    "MOST_CLASSES",
    "MOST_COLOURS",
    "ORANGE",
    "Bars",
    "Curve",
    "Curves",
    "LabelCounts",
    "Mark",
    "PictureError",
    "PointPanel",
    "Points",
    "Row",
    "Scale",
    "check_picture_path",
    "count_labels",
    "draw_bars",
    "draw_count_bars",
    "draw_count_map",
    "draw_curves",
    "draw_grid",
    "draw_histogram",
    "draw_overview",
    "draw_panels",
    "draw_points",
    "draw_rows",
    "encode_png",
    "line_colours",
    "ordered_colours",
    "save_figure",
    "shorten",
    "wrap",
]
