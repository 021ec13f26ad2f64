"""How a decoder is trained; names and defaults are the original's where it has them."""

from __future__ import annotations

from typing import Literal

from datagen_core import Params


class PretrainParams(Params):
    """Parameters of the training of a decoder."""

    latent_dim: int = 32
    """Latent variables."""
    epochs: int = 50
    """Passes over the images."""
    batch_size: int = 128
    """Images in a step; the loss is their sum."""
    lr: float = 1e-3
    """Adam's step size, at the start."""
    weight_decay: float = 1e-5
    """Adam's penalty on the weights."""
    kl_annealing_epochs: int = 10
    """Epochs in which the divergence's weight grows from 0."""
    kl_weight: float = 1.0
    """The divergence's weight after that."""
    lr_schedule: Literal["cosine", "constant"] = "cosine"
    """Whether the step size falls to 0 along half a cosine. The original's is constant."""
    seed: int = 42
    """Of all randomness."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16 is faster on processors that know it."""
    compat: Literal["original"] | None = None
    """original: a constant step size, and noise in what the decoder is to draw."""

    def check(self) -> None:
        """Refuse numbers that no training can have."""
        super().check()
        for name in ("latent_dim", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, not {getattr(self, name)}")
        for name in ("kl_annealing_epochs", "kl_weight", "weight_decay", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is at least 0, not {getattr(self, name)}")
        if self.lr <= 0:
            raise ValueError(f"lr is above 0, not {self.lr}")

    def weigh_divergence(self, epoch: int) -> float:
        """Return the divergence's weight in an epoch, counted from 0: the first is without it."""
        share = min(1.0, epoch / self.kl_annealing_epochs) if self.kl_annealing_epochs else 1.0
        return self.kl_weight * share
