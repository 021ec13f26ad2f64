"""How a decoder is trained; names and defaults are the original's, where it has such options."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from datagen_core import Params

Count = Annotated[int, Field(ge=1)]


class PretrainParams(Params):
    """Parameters of the training of a decoder."""

    latent_dim: Count = 32
    """Latent variables."""
    epochs: Count = 50
    """Passes over the images."""
    batch_size: Count = 128
    """Images in a step; the loss is their sum."""
    lr: Annotated[float, Field(gt=0)] = 1e-3
    """Adam's step size, at the start."""
    weight_decay: Annotated[float, Field(ge=0)] = 1e-5
    """Adam's penalty on the weights."""
    kl_annealing_epochs: Annotated[int, Field(ge=0)] = 10
    """Epochs in which the divergence's weight grows from 0."""
    kl_weight: Annotated[float, Field(ge=0)] = 1.0
    """The divergence's weight after that."""
    lr_schedule: Literal["cosine", "constant"] = "cosine"
    """Whether the step size falls to 0 along half a cosine. The original's is constant."""
    seed: Annotated[int, Field(ge=0)] = 42
    """Of all randomness."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16 is faster on processors that know it."""
    compat: Literal["original"] | None = None
    """original: a constant step size, and noise in the images to reproduce."""

    def weigh_divergence(self, epoch: int) -> float:
        """Return the divergence's weight in an epoch, counted from 0: the first is without it."""
        share = min(1.0, epoch / self.kl_annealing_epochs) if self.kl_annealing_epochs else 1.0
        return self.kl_weight * share
