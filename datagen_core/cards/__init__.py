"""Cards: what is known of a parameter set, for people and for other programs.

Public, like the names in `datagen_core`: what plugins make their sections of cards from. A plugin
adds sections by an entry point of the group `datagen.cards`, whose name is that of the generator,
and whose value is a function that is given a parameter set and returns or yields `Section`s. It
should read a bounded number of samples.
"""

from datagen_core.pages.charts import Bars, Histogram, Shares
from datagen_core.pages.frame import write_page
from datagen_core.pages.images import ImageLayout, encode_png, find_image_layout, make_thumbnail
from datagen_core.pages.parts import (
    Cell,
    Code,
    Facts,
    Fold,
    Mark,
    Panel,
    Panels,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
)

__all__ = [
    "Bars",
    "Cell",
    "Code",
    "Facts",
    "Fold",
    "Histogram",
    "ImageLayout",
    "Mark",
    "Panel",
    "Panels",
    "Paragraph",
    "Part",
    "Picture",
    "Section",
    "Shares",
    "Table",
    "encode_png",
    "find_image_layout",
    "make_thumbnail",
    "write_page",
]
