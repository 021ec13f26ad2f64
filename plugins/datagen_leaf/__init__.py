"""Synthetic federated classification tasks: those of LEAF, and those of FedProx."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datagen_leaf.leaf_synthetic import true_model

__all__ = ["true_model"]


def __getattr__(name: str) -> Any:
    """Import `true_model` when it is first used, since the commands of this package do not."""
    if name != "true_model":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from datagen_leaf.leaf_synthetic import true_model  # here, for the reason above

    return true_model
