"""Names of classes, where the parameters of a run tell the data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen_images import ImagesError
from datagen_images.sources.catalogue import find_publication

_TABLES = {
    "breast_cancer": ("malignant", "benign"),
    "iris": ("setosa", "versicolor", "virginica"),
}


def name_classes(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the name of each label of the data set in parameters; empty where it is not known."""
    dataset: Any = params.get("dataset")
    if dataset in _TABLES:
        return _TABLES[dataset]
    try:
        classes = find_publication(dataset, "train", params.get("variant")).classes
    except ImagesError:
        return ()
    # Labels are numbered without gaps, and no image is of the class that has no name.
    return tuple(name for name in classes if name != "N/A")
