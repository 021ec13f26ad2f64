"""Published image data sets, which have test parts of their own."""

from __future__ import annotations

from typing import cast

from datagen_federated.data.labelled import RawData
from datagen_federated.data.requests import Request
from datagen_images import AnySource, Variant, load_images


def read_images(request: Request) -> RawData:
    """Return both parts of an image data set.

    Raises
    ------
    ImagesError
        When its files cannot be had, are damaged, or are not what was published.
    """
    source, variant = cast("AnySource", request.dataset), cast("Variant | None", request.variant)
    train = load_images(source, variant=variant)
    test = load_images(source, part="test", variant=variant)
    return RawData(
        x=train.images,
        y=train.labels,
        test=(test.images, test.labels),
        task="classification",
        classes=train.classes,
    )
