"""The section of cards about a partition: how many samples of which labels clients have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.cards import Paragraph, Part, Picture, Section, Table
from datagen_pictures import MOST_CLASSES, count_labels, draw_count_map, encode_png

if TYPE_CHECKING:
    from datagen_core import ParamSet

_MOST = 40
"""Clients; each is read whole."""


def describe_clients(param_set: ParamSet) -> Iterator[Section]:
    """Yield the sizes of the first clients, and their labels where these are classes."""
    samples = param_set.samples
    shown = min(len(samples), _MOST)
    labels = [np.asarray(samples[place]["labels"]) for place in range(shown)]
    indices = samples.indices_at(np.arange(shown)).tolist()
    which = "All" if shown == len(samples) else f"The first {shown} of {len(samples):,}"
    parts: list[Part] = [Paragraph(f"{which} clients.")]
    rows = [_describe(index, each) for index, each in zip(indices, labels, strict=True)]
    parts.append(Table(("client", "samples", "classes", "most common", "its share"), rows))
    yield Section("Clients", parts)
    if _are_classes(labels):
        counts = count_labels(labels)
        if len(counts.classes) <= MOST_CLASSES:
            names = [f"client {index}" for index in indices]
            figure = draw_count_map(replace(counts, names=names))
            picture = Picture(encode_png(figure), "Number of samples by client and label")
            yield Section("Labels of clients", [picture])


def _describe(index: int, labels: NDArray[Any]) -> list[object]:
    if not len(labels):
        return [str(index), 0, 0, None, None]
    classes, counts = np.unique(labels, return_counts=True)
    most = int(counts.argmax())
    share = f"{counts[most] / len(labels):.0%}"
    return [str(index), len(labels), len(classes), str(classes[most]), share]


def _are_classes(labels: Sequence[NDArray[Any]]) -> bool:
    """Return whether labels are whole numbers, one for each row."""
    return all(each.dtype.kind in "iu" and each.ndim == 1 for each in labels)
