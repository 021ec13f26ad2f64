"""Packages that draw: extras, imported on demand, with the remedy where one is missing."""

from __future__ import annotations

from types import ModuleType

from datagen_images.errors import ImagesError


def import_pillow() -> ModuleType:
    """Return pillow with the modules that draw.

    Raises
    ------
    ImagesError
        When it is not installed.
    """
    try:
        import PIL.Image  # here, since it is an extra that most commands do without
        import PIL.ImageDraw  # the same
        import PIL.ImageFont  # the same
    except ModuleNotFoundError as error:
        message = "pillow is not installed; run: pip install 'datagen[images]'"
        raise ImagesError(message) from error
    return PIL


def import_matplotlib() -> ModuleType:
    """Return matplotlib with `figure`.

    Raises
    ------
    ImagesError
        When it is not installed.
    """
    try:
        import matplotlib.figure  # here, since it is an extra and slow to import
    except ModuleNotFoundError as error:
        message = "matplotlib is not installed; run: pip install 'datagen[plots]'"
        raise ImagesError(message) from error
    return matplotlib
