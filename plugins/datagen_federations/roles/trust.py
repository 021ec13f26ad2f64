"""Trust in messages of others: layers of torch.nn only."""

from __future__ import annotations

import torch
from declearn.utils.serialize._lazy import _LAZY_SERIAL_REGISTRY

from datagen_federations.roles.layers import find_trusted


def trust_torch_alone() -> None:
    """Load only models of layers of torch.nn from now on; others could run any code.

    declearn imports other frameworks when a message names their models.
    """
    torch.serialization.add_safe_globals(find_trusted())
    for name in [name for name in _LAZY_SERIAL_REGISTRY if not name.startswith("Torch")]:
        del _LAZY_SERIAL_REGISTRY[name]
