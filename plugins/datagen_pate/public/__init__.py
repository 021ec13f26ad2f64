"""Public images to train the decoder on: published ones, and ones that are drawn here."""

from datagen_pate.public.images import PublicImages
from datagen_pate.public.loading import DEFAULT_SIZE, PublicSource, load_public

__all__ = ["DEFAULT_SIZE", "PublicImages", "PublicSource", "load_public"]
