"""The first candidates of a pool, drawn again from the decoder that the cache keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core import DatagenError
from datagen_pate.pools.params import PoolParams
from datagen_pate.report.provenance import find_input, find_inputs_folder

SHOWN = 64


def draw_candidates(param_set: Any, params: PoolParams, index: int) -> NDArray[np.uint8] | str:
    """Return the first candidates of a sample's pool, uint8 `(n, 28, 28)`, or why there are none.

    Parameters
    ----------
    index
        Of the sample: where each teacher has a pool of its own, this teacher's.
    """
    if (missing := _find_missing(param_set, params)) is not None:
        return missing
    try:
        return _draw(params, param_set.seed, index)
    except ModuleNotFoundError as error:
        return f"{error.name} is not installed"
    except DatagenError as error:
        # The same page wherever the cache is.
        return str(error).replace(f"{find_inputs_folder(param_set)}/", "inputs/")


def _find_missing(param_set: Any, params: PoolParams) -> str | None:
    """Return what the cache lacks; None when it keeps decoder and prior as they were."""
    for name in ("decoder", "prior"):
        reference = param_set.params.get(name)
        if reference and find_input(param_set, name) is None:
            return f"the {name} is not in the cache"
        if getattr(params, name) != reference:
            return f"the {name} in the cache was changed since the set was made"
    return None


def _draw(params: PoolParams, seed: int, index: int) -> NDArray[np.uint8]:
    from datagen_pate.classifier import computing_on  # both import torch
    from datagen_pate.pools.labelling import Pool

    own = not getattr(params, "shared_pool", True)  # one block of votes is of one pool for all
    pool = Pool(params)
    with computing_on(pool.device, 0):
        _, _, images = next(iter(pool.blocks(seed, [0], owner=(index,) if own else ())))
    shown: NDArray[np.uint8] = images[:SHOWN]
    return shown
