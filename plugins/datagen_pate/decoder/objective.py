"""The bound that a variational autoencoder minimises."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def measure_losses(
    logits: Tensor, target: Tensor, mean: Tensor, logvar: Tensor
) -> tuple[Tensor, Tensor]:
    """Return reconstruction loss and divergence, each summed over pixels and images.

    The first is the binary cross-entropy of pixels from 0 to 1; the second the Kullback-Leibler
    divergence of N(mean, exp(logvar)) from N(0, 1) in nats, `-1/2 Σ (1 + logvar - mean² -
    exp(logvar))`: Kingma and Welling (2014), "Auto-encoding variational Bayes", appendix B.

    Parameters
    ----------
    logits
        The reconstruction before its sigmoid, `(n, 1, 28, 28)`.
    target
        The images, from 0 to 1, of the same shape.
    mean, logvar
        Of the latents, `(n, latent_dim)`.
    """
    logits, mean, logvar = logits.float(), mean.float(), logvar.float()
    reconstruction = binary_cross_entropy_with_logits(logits, target, reduction="sum")
    divergence = -0.5 * (1 + logvar - mean.square() - logvar.exp()).sum()
    return reconstruction, divergence
