"""The privacy of a parameter set on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from datagen_pate.pools.params import PoolParams

if TYPE_CHECKING:
    from datagen_core import ParamSet

_PLAIN_VOTES = "labels of all teachers together, without noise: epsilon is infinite"
_BESIDE = (
    "this page compares the set with private images, which its account does not cover: keep the "
    "page as private as they are"
)


class Privacy(NamedTuple):
    """The account of all samples that were ever requested, and notes for readers.

    Attributes
    ----------
    account
        `epsilon`, a number or "inf", and `delta` where epsilon is finite.
    notes
        Sentences for people.
    is_finite
        Whether there is a finite epsilon: the seed is a secret then.
    """

    account: dict[str, float | str]
    notes: list[str]
    is_finite: bool


def read_privacy(param_set: ParamSet, params: PoolParams, *, compares: bool) -> Privacy:
    """Return the privacy account of a parameter set.

    Parameters
    ----------
    compares
        Whether the page compares the set with private images.
    """
    from datagen_pate.pate_images import NOT_PRIVATE  # a command's help must not pay for pydantic
    from datagen_pate.pate_votes import WARNING, VotesParams, account

    if not isinstance(params, VotesParams):
        return Privacy({"epsilon": "inf"}, [NOT_PRIVATE], is_finite=False)
    told = account(params, param_set.reserved)
    if not params.is_private:
        return Privacy(told, [_PLAIN_VOTES], is_finite=False)
    spent = f"epsilon is {told['epsilon']:g} at delta {told['delta']:g}"
    covers = f"{spent}, for the labels of all {param_set.reserved} samples requested so far"
    return Privacy(told, [covers, WARNING, *([_BESIDE] if compares else [])], is_finite=True)
