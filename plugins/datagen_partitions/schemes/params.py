"""Parameters of a division, whatever its scheme."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from datagen_core import Params

Compat = Literal["original", "declearn"]

_Filled = Field(min_length=1)


class PartitionParams(Params, use_attribute_docstrings=True):
    """How a data set is divided, apart from the name of the scheme.

    `SCHEMES` says which parameters a scheme uses; it refuses others.
    """

    clients: PositiveInt = 10
    """Number of clients; sizes and natural ids give it themselves."""

    distribution_param: float | None = None
    """The scheme's principal number, under one name for all schemes: alpha, shards_per_client,
    labels_per_client or strictness."""

    alpha: float | tuple[float, ...] | None = None
    """Concentration of the Dirichlet distribution; a small one is uneven. quantity_skew (1) and
    dirichlet (0.5): one for all clients or one per client; inner_dirichlet (0.5): one for all
    classes or one per class."""

    shards_per_client: PositiveInt | None = None
    """shard: number of shards per client (2, unless shard_size is given)."""

    shard_size: PositiveInt | None = None
    """shard: samples in a shard; without shards_per_client, all shards are dealt out."""

    keep_incomplete_shard: bool = False
    """shard, with shard_size alone: also deal the last shard, which has fewer samples."""

    labels_per_client: PositiveInt | None = None
    """Number of labels per client: label_per_client (1), pathological (2), distribution (2)."""

    label_coverage: bool = True
    """label_per_client: every label goes to some client, as far as there are clients. Without it,
    clients draw independently, and labels that nobody drew are dropped."""

    class_assignment: Literal["random", "deterministic", "first-deterministic"] = "random"
    """pathological: labels by lot, by turns, or the first of each client by turns."""

    self_balancing: bool = False
    """dirichlet: a client that has more than the mean gets nothing of further classes."""

    sizes: Annotated[tuple[NonNegativeInt, ...] | None, _Filled] = None
    """sizes, inner_dirichlet: the size of each client's share."""

    strictness: Annotated[float | None, Field(ge=0, le=1)] = None
    """continuous: from 0, shuffled, to 1, sorted (0.5)."""

    group_size: PositiveInt | None = None
    """grouped_natural_id: number of ids that make a client."""

    group_mode: Literal["allow-smaller", "allow-bigger", "drop-reminder", "strict"] = (
        "allow-smaller"
    )
    """grouped_natural_id: ids left over when groups are full make a smaller group, are spread over
    the first groups, are dropped, or are an error."""

    sort_ids: bool = False
    """grouped_natural_id: group ids in ascending order, not in the order of the data set."""

    distribution: Annotated[dict[str, dict[int, NonNegativeInt]] | None, _Filled] = None
    """custom: number of samples per client and label, {client: {label: count}}."""

    on_shortage: Literal["error", "clip"] = "error"
    """custom: what to do when it asks for more samples than there are."""

    distribution_array: Annotated[tuple[tuple[NonNegativeFloat, ...], ...] | None, _Filled] = None
    """distribution: for each label, in ascending order, how it is spread over its clients."""

    preassigned_samples: NonNegativeInt = 0
    """distribution: samples of each of its labels that a client gets beforehand."""

    rescale: bool = True
    """distribution: whether distribution_array holds proportions; else it holds counts."""

    min_samples: NonNegativeInt | None = None
    """The least size of a share: random sizes are drawn again up to ten times, then refused. 1
    unless given, and 0 with compat, where nothing is drawn again."""

    compat: Compat | None = None
    """original: divide as the MLaaS data generator, and drop what it drops; declearn: as declearn
    2.9, which has iid, labels, biased and dirichlet. Indices are the same, in the same order."""

    def check(self) -> None:
        """Refuse alphas that are not above 0."""
        super().check()
        # By hand: of a union, pydantic names each of its types in a message of its own.
        alphas = self.alpha if isinstance(self.alpha, tuple) else (self.alpha,)
        if not all(alpha is None or alpha > 0 for alpha in alphas) or not alphas:
            raise ValueError(f"alpha should be greater than 0, not {self.alpha}")
