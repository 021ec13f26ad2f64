"""Image data sets, and threads of torch: a library for the other plugins."""

from datagen_images.errors import ImagesError
from datagen_images.sources.catalogue import AnySource, Part, Source, Variant, check_variant
from datagen_images.sources.downloads import Download, downloading
from datagen_images.sources.idx import read_idx
from datagen_images.sources.loading import Images, load_images
from datagen_images.sources.torch_threads import use_threads

__all__ = [
    "AnySource",
    "Download",
    "Images",
    "ImagesError",
    "Part",
    "Source",
    "Variant",
    "check_variant",
    "downloading",
    "load_images",
    "read_idx",
    "use_threads",
]
