"""Stages of the preprocessing as views: recipes, their seeds and parents, the rows they select."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_core import Ragged
from datagen_leaf.compat.leaf_names import view_name
from datagen_leaf.errors import PreprocessingError
from datagen_leaf.preprocessing.operations import (
    Split,
    Users,
    remove_users,
    sample_iid,
    sample_niid,
    split_by_sample,
    split_by_user,
)

if TYPE_CHECKING:
    from datagen_core import ParamSet, View

Recipe = Mapping[str, Any]


def sampling(kind: str, fraction: float, user_fraction: float | None, seed: int | None) -> Recipe:
    """Return the stage that samples `iid` or `niid`.

    Raises
    ------
    PreprocessingError
        When a fraction of new users is given for `niid`, which keeps its users.
    """
    if kind == "niid" and user_fraction is not None:
        raise PreprocessingError("--iu is for new users, which only -s iid makes")
    recipe: dict[str, Any] = {"operation": "sample", "kind": kind, "fraction": fraction}
    recipe["seed"] = _choose_seed(seed)
    if kind == "iid":
        recipe["user_fraction"] = 0.01 if user_fraction is None else user_fraction
    return recipe


def removal(min_samples: int) -> Recipe:
    """Return the stage that removes users with fewer than `min_samples` samples."""
    return {"operation": "remove-users", "min_samples": min_samples}


def splitting(by: str, train_fraction: float, seed: int | None) -> Recipe:
    """Return the stage that splits by `sample` or by `user`."""
    seed = _choose_seed(seed)
    return {"operation": "split", "by": by, "train_fraction": train_fraction, "seed": seed}


def _choose_seed(seed: int | None) -> int:
    """Return the given seed, or a new random one for None and, as in LEAF, for a negative one."""
    return secrets.randbelow(2**31) if seed is None or seed < 0 else seed


def carry_out(stage: Recipe, users: Users) -> Users | Split:
    """Return the users, or the split of users, that a stage makes of users.

    Raises
    ------
    PreprocessingError
        When an option of the stage is out of range, or nothing would be left.
    """
    if stage["operation"] == "remove-users":
        return remove_users(users, stage["min_samples"])
    if stage["operation"] == "split":
        split = split_by_user if stage["by"] == "user" else split_by_sample
        return split(users, stage["train_fraction"], stage["seed"])
    if stage["kind"] == "iid":
        return sample_iid(users, stage["fraction"], stage["user_fraction"], stage["seed"])
    return sample_niid(users, stage["fraction"], stage["seed"])


class Chain:
    """Stages applied one after the other, each of which becomes a view.

    Parameters
    ----------
    param_set
        The parameter set whose samples are the first users.
    parent
        The name of the view to start from; None for all samples but excluded ones.

    Raises
    ------
    PreprocessingError
        When the parent is split already, or the samples have no ragged fields.
    """

    def __init__(self, param_set: ParamSet, parent: str | None = None) -> None:
        self.param_set, self.samples = param_set, param_set.samples
        self.view = param_set.view(parent) if parent else None
        self.users = self._first_users()
        self.dropped = 0

    def _first_users(self) -> Users:
        if self.view is None:
            return Users.of_samples(self.samples.indices, self.samples.lengths())
        if list(self.view) != ["data"]:
            raise PreprocessingError(
                f"{self.view.full_name} is split already; choose an earlier view with --view"
            )
        part = self.view["data"]
        sample, row = part.origins
        return Users(part.users, sample.offsets, sample.values, row.values)

    def apply(self, stage: Recipe) -> View:
        """Carry out a stage and return its view, an existing one where it was made before.

        Raises
        ------
        PreprocessingError
            When an option of the stage is out of range, or nothing would be left.
        """
        recipe = {**stage, **self._origin()}
        made = carry_out(stage, self.users)
        name = view_name(self.view.name if self.view else None, stage)
        if isinstance(made, Users):
            self.users, parts = made, {"data": made}
        else:
            self.dropped, parts = made.dropped, {"train": made.train, "test": made.test}
        columns = {part: as_columns(users) for part, users in parts.items()}
        self.view = self.param_set.publish_view(name, recipe, columns)
        return self.view

    def _origin(self) -> dict[str, Any]:
        """Return what the rows depend on besides the stage: the parent view, or the samples."""
        if self.view is not None:
            return {"parent": self.view.digest}
        samples = [list(interval) for interval in self.samples.intervals]
        return {"parent": None, "set": self.param_set.record.digest, "samples": samples}


def as_columns(users: Users) -> dict[str, Any]:
    """Return users as a part of a view."""
    names = np.array(users.names, object)
    sample, row = Ragged(users.sample, users.offsets), Ragged(users.row, users.offsets)
    return {"users": names, "sample": sample, "row": row}
