"""Parameters of a divided data set."""

from __future__ import annotations

from datagen_core import Params
from datagen_federated.partitioning import Compat, LawName, PartitionParams, check_law
from datagen_images import Part, Source, Variant, check_variant


class ImageSourceParams(Params, use_attribute_docstrings=True):
    """Which images are divided, and by which law.

    No folder is among them, since data are the same wherever they lie: the environment variable
    DATAGEN_IMAGES names it.
    """

    source: Source = "fashion_mnist"
    """The image data set."""

    variant: Variant | None = None
    """Which selection of EMNIST; emnist needs one, nothing else has any."""

    part: Part = "train"
    """The part of the data set as it was published."""

    scheme: LawName = "iid"
    """The law of the division: iid is shuffled and dealt out evenly; with labels each client has
    classes of its own. What natural ids and numbers are taken from is the label."""


class ImagePartitionParams(PartitionParams, ImageSourceParams, use_attribute_docstrings=True):
    """Which data, and how they are divided; a sample is a client, so there are as many."""

    compat: Compat | None = "declearn"
    """declearn: iid, labels, biased and dirichlet as in declearn 2.9, the same indices in the same
    order; original: as the MLaaS data generator, with what it drops; None: neither."""

    p_valid: float | None = 0.2
    """The share of each client's rows that is for validation, rounded up; rows are shuffled, those
    for training first. declearn-split's --perc_train=0.8 is 1 - 0.8 in floating point,
    0.19999999999999996. None: no validation, rows in the order of the law."""

    def check(self) -> None:
        """Refuse a variant that does not fit the source, and what does not go with the scheme."""
        super().check()
        check_variant(self.source, self.variant)
        check_law(self.scheme, self)
        if self.p_valid is not None and not 0 <= self.p_valid < 1:
            message = f"p_valid is from 0 to below 1, or null for none, not {self.p_valid:g}"
            raise ValueError(message)
