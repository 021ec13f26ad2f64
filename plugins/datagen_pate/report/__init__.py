"""One HTML page of pictures and checks of a parameter set of `pate_images` or `pate_votes`."""

from datagen_pate.report.writing import Request, write_page

__all__ = ["Request", "write_page"]
