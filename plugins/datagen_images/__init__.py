"""Image data sets, pictures of samples, and torch on demand: a library for the other plugins."""

from datagen_images.errors import ImagesError
from datagen_images.pictures.contact_sheet import Row, contact_sheet, draw_rows, save_png
from datagen_images.pictures.heat_map import HeatMap, count_labels
from datagen_images.sources.catalogue import AnySource, Part, Source, Variant, check_variant
from datagen_images.sources.idx import read_idx
from datagen_images.sources.loading import Images, load_images
from datagen_images.sources.torch_imports import import_torchvision, use_threads

__all__ = [
    "AnySource",
    "HeatMap",
    "Images",
    "ImagesError",
    "Part",
    "Row",
    "Source",
    "Variant",
    "check_variant",
    "contact_sheet",
    "count_labels",
    "draw_rows",
    "import_torchvision",
    "load_images",
    "read_idx",
    "save_png",
    "use_threads",
]
