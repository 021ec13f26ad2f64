"""Parameters of a division, whatever its scheme."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from datagen_core import Params

Compat = Literal["original", "declearn"]


class PartitionParams(Params, use_attribute_docstrings=True):
    """How a data set is divided, apart from the name of the scheme.

    Which of them a scheme uses, `SCHEMES` says; one that it does not use is refused.
    """

    clients: int = 10
    """How many clients there are; sizes and natural ids say it themselves."""

    distribution_param: float | None = None
    """The scheme's principal number, under one name for all schemes: alpha, shards_per_client,
    labels_per_client or strictness."""

    alpha: float | tuple[float, ...] | None = None
    """Concentration of the Dirichlet distribution; a small one is uneven. quantity_skew (1) and
    dirichlet (0.5): one for all clients or one per client; inner_dirichlet (0.5): one for all
    classes or one per class."""

    shards_per_client: int | None = None
    """shard: how many shards each client gets (2, unless shard_size is given)."""

    shard_size: int | None = None
    """shard: samples in a shard; alone, all shards there are get dealt out."""

    keep_incomplete_shard: bool = False
    """shard, with shard_size alone: also deal the last shard, which has fewer samples."""

    labels_per_client: int | None = None
    """How many labels a client holds: label_per_client (1), pathological (2), distribution (2)."""

    label_coverage: bool = True
    """label_per_client: every label goes to somebody, as far as there are clients. Without it,
    clients draw independently, and what nobody drew is dropped."""

    class_assignment: Literal["random", "deterministic", "first-deterministic"] = "random"
    """pathological: labels by lot, by turns, or the first of each client by turns."""

    self_balancing: bool = False
    """dirichlet: a client that has more than the mean gets nothing of further classes."""

    sizes: tuple[int, ...] | None = None
    """sizes, inner_dirichlet: the size of each client's share."""

    strictness: float | None = None
    """continuous: from 0, shuffled, to 1, sorted (0.5)."""

    group_size: int | None = None
    """grouped_natural_id: how many ids make a client."""

    group_mode: Literal["allow-smaller", "allow-bigger", "drop-reminder", "strict"] = (
        "allow-smaller"
    )
    """grouped_natural_id: what happens to ids that fill no group: they make a smaller one, are
    spread over the first ones, are dropped, or are an error."""

    sort_ids: bool = False
    """grouped_natural_id: group ids in ascending order, not in the order of the data set."""

    distribution: dict[str, dict[int, int]] | None = None
    """custom: how many samples of each label each client gets, {client: {label: count}}."""

    on_shortage: Literal["error", "clip"] = "error"
    """custom: what to do when it asks for more than there is."""

    distribution_array: tuple[tuple[float, ...], ...] | None = None
    """distribution: for each label, in ascending order, how it is spread over its clients."""

    preassigned_samples: int = 0
    """distribution: samples of each of its labels that a client gets beforehand."""

    rescale: bool = True
    """distribution: whether distribution_array has proportions, or else counts of samples."""

    min_samples: int | None = None
    """The least size of a share: what chance decides is drawn again up to ten times, then refused.
    1 unless given, and 0 with compat, where nothing is drawn again."""

    compat: Compat | None = None
    """original: divide as the MLaaS data generator, with what it drops; declearn: as declearn 2.9,
    which has iid, labels, biased and dirichlet. The indices are the same, in the same order."""

    def check(self) -> None:
        """Refuse numbers that count or measure nothing, whatever the scheme."""
        super().check()
        counts = ("clients", "shards_per_client", "shard_size", "labels_per_client", "group_size")
        for name in counts:
            _refuse_below(1, name, [getattr(self, name)])
        for name in ("preassigned_samples", "min_samples"):
            _refuse_below(0, name, [getattr(self, name)])
        _refuse_below(0, "sizes", self.sizes or ())
        for row in self.distribution_array or ():
            _refuse_below(0, "distribution_array", row)
        for name, wanted in (self.distribution or {}).items():
            _refuse_below(0, f"distribution of {name}", wanted.values())
        self._check_reals()

    def _check_reals(self) -> None:
        alphas = self.alpha if isinstance(self.alpha, tuple) else (self.alpha,)
        if not all(alpha is None or alpha > 0 for alpha in alphas) or not alphas:
            message = f"alpha is above 0, not {self.alpha}"
            raise ValueError(message)
        if self.strictness is not None and not 0 <= self.strictness <= 1:
            message = f"strictness is from 0 to 1, not {self.strictness}"
            raise ValueError(message)
        for name in ("sizes", "distribution", "distribution_array"):
            if getattr(self, name) is not None and not getattr(self, name):
                message = f"{name} is empty; leave it out, or say what each client gets"
                raise ValueError(message)


def _refuse_below(least: int, name: str, values: Iterable[float | None]) -> None:
    for value in values:
        if value is not None and value < least:
            message = f"{name} is at least {least}, not {value:g}"
            raise ValueError(message)
