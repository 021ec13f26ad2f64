"""Samples as rows of a picture, and the field that holds their images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core import Field, Schema
from datagen_core.cards import find_image_layout
from datagen_images.errors import ImagesError
from datagen_images.sources.catalogue import find_publication
from datagen_pictures import MOST_CLASSES, LabelCounts, Row, count_labels

Sample = Mapping[str, NDArray[Any]] | tuple[NDArray[Any], NDArray[Any]]
"""A sample of a split: a pair `x, y`, or a dict of its fields."""


@dataclass(frozen=True)
class ImageField:
    """The field of a sample that holds its images.

    Attributes
    ----------
    name
        The field's name.
    is_many
        Whether a sample has several images, along the first dimension.
    channels
        The axis of the colours, counted from the end; None for grey images without such an axis.
    labels
        The field with a label for each image, or None.
    classes
        The name of each label from 0 on; labels without a name are shown as numbers.
    """

    name: str
    is_many: bool
    channels: int | None = None
    labels: str | None = None
    classes: tuple[str, ...] = ()

    def images_of(self, sample: Sample) -> NDArray[np.uint8]:
        """Return a sample's images as uint8 `(n, height, width)` or `(n, height, width, 3)`.

        Raises
        ------
        ImagesError
            When a floating-point value is not in 0 to 1.
        """
        images = np.asarray(_value(sample, self.name))
        if not self.is_many:
            images = images[np.newaxis]
        if self.channels is not None:
            images = np.moveaxis(images, self.channels, -1)
            images = images[..., 0] if images.shape[-1] == 1 else images
        return images if images.dtype == np.uint8 else self._as_bytes(images)

    def labels_of(self, sample: Sample) -> list[str]:
        """Return the labels of a sample's images as text; empty for images without labels."""
        if self.labels is None:
            return []
        return [self.name_of(label) for label in np.atleast_1d(_value(sample, self.labels))]

    def name_of(self, label: object) -> str:
        """Return the name of a class, or its label where it has none."""
        number = int(str(label))
        return self.classes[number] if 0 <= number < len(self.classes) else str(label)

    def count_labels(self, samples: Sequence[Sample]) -> LabelCounts | None:
        """Return the number of labels of each class in each sample; None without labels.

        All labels of a sample are counted, also those of images that are not drawn.
        """
        if self.labels is None or not self.is_many:
            return None
        counts = count_labels([_value(sample, self.labels) for sample in samples])
        return replace(counts, classes=[self.name_of(label) for label in counts.classes])

    def _as_bytes(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        # `not (… and …)` also refuses NaN
        if images.size and not (images.min() >= 0 and images.max() <= 1):
            span = f"{images.min():g} to {images.max():g}"
            raise ImagesError(
                f"field {self.name!r} holds {span}; images of floats are drawn from 0 to 1"
            )
        return (images * 255).round().astype(np.uint8)


def _value(sample: Sample, name: str) -> NDArray[Any]:
    if isinstance(sample, tuple):
        sample = dict(zip(("x", "y"), sample, strict=True))
    return sample[name]


def find_image_field(schema: Schema, name: str | None = None) -> ImageField:
    """Return the field that holds images: uint8 or floating point, of the shape of images.

    Such a shape is `(height, width)`, with 1 or 3 channels before or after it. Several images per
    sample have one more dimension at the front, which may be ragged.

    Parameters
    ----------
    schema
        The schema of the samples.
    name
        The field's name; None where only one field fits.

    Raises
    ------
    ImagesError
        When no field, or more than one, fits.
    """
    found = {key: image for key, field in schema.fields.items() if (image := _as_image(key, field))}
    if name is not None:
        found = {key: image for key, image in found.items() if key == name}
    if len(found) == 1:
        (image,) = found.values()
        return _with_labels(image, schema)
    if found:
        raise ImagesError(
            f"several fields could hold images; choose one with --field: {', '.join(found)}"
        )
    fields = ", ".join(f"{key}: {field}" for key, field in schema.fields.items())
    wanted = "these samples hold no images" if name is None else f"field {name!r} holds no images"
    raise ImagesError(f"{wanted} (uint8 or float, height x width); they have {fields}")


def make_heat_map(
    image: ImageField, samples: Sequence[Sample], *, wanted: bool | None = None
) -> LabelCounts | None:
    """Return the number of labels of each class, for samples that are rows of many images.

    Parameters
    ----------
    image
        The field with the images, and with their labels.
    samples
        The samples: dicts by field, or pairs.
    wanted
        Whether to make one; None to make one where labels have at most `MOST_CLASSES` classes.

    Raises
    ------
    ImagesError
        When it is wanted, and there are no labels to count.
    """
    heat_map = None if wanted is False else image.count_labels(samples)
    if wanted and heat_map is None:
        raise ImagesError(
            "only rows of many images with integer labels have a heat map; leave --heat-map out"
        )
    if wanted is None and heat_map is not None and len(heat_map.classes) > MOST_CLASSES:
        return None
    return heat_map


def name_classes(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the name of each label of the image data set that parameters name; else nothing."""
    if params.get("data_file") is not None:
        return ()
    try:
        return find_publication(params["source"], "train", params.get("variant")).classes
    except (ImagesError, KeyError, TypeError):  # a parameter of that name may mean anything
        return ()


def make_rows(
    image: ImageField,
    samples: Sequence[Sample],
    indices: NDArray[np.int64],
    columns: int,
    word: str = "sample",
) -> list[Row]:
    """Return a row per sample with many images, or rows of several samples with one image each.

    Parameters
    ----------
    image
        The field with the images.
    samples
        The samples: dicts by field, or pairs.
    indices
        The index of each sample, int64 `(samples,)`; the first one in a row is its title.
    columns
        Largest number of images per row.
    word
        What a sample is called.
    """
    step = 1 if image.is_many else columns
    return [
        _make_row(image, samples[start : start + step], f"{word} {indices[start]}", columns)
        for start in range(0, len(samples), step)
    ]


def _make_row(image: ImageField, samples: Sequence[Sample], title: str, columns: int) -> Row:
    images = np.concatenate([image.images_of(sample)[:columns] for sample in samples])
    labels = [label for sample in samples for label in image.labels_of(sample)[:columns]]
    return Row(images, labels, title)


def _as_image(name: str, field: Field) -> ImageField | None:
    found = find_image_layout(field.dtype, field.shape, ragged=field.ragged, least=1)
    return ImageField(name, *found) if found else None


def _with_labels(image: ImageField, schema: Schema) -> ImageField:
    for name in ("labels", "label", "y"):
        field = schema.fields.get(name)
        if field is not None and field.dtype.kind in "iu" and _has_one_each(field, image):
            return ImageField(image.name, image.is_many, image.channels, name)
    return image


def _has_one_each(field: Field, image: ImageField) -> bool:
    dimensions = len(field.shape) + field.ragged
    return dimensions == (1 if image.is_many else 0)
