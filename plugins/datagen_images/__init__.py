"""Image data sets, and torch on demand: a library for the other plugins."""

from datagen_images.errors import ImagesError
from datagen_images.sources.catalogue import AnySource, Part, Source, Variant, check_variant
from datagen_images.sources.idx import read_idx
from datagen_images.sources.loading import Images, load_images
from datagen_images.sources.torch_imports import import_torchvision, use_threads

__all__ = [
    "AnySource",
    "Images",
    "ImagesError",
    "Part",
    "Source",
    "Variant",
    "check_variant",
    "import_torchvision",
    "load_images",
    "read_idx",
    "use_threads",
]
