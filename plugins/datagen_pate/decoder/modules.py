"""The variational autoencoder of the original pipeline, by layers and names of its weights.

Images are `(n, 1, 28, 28)` with values from 0 to 1; latents are `(n, latent_dim)`. The names in the
state_dict are the original's, so that weights of either load in the other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

MEAN, STD = 0.1307, 0.3081
"""Mean and standard deviation of MNIST's pixels: the scale in which the encoder sees images."""


class Encoder(nn.Module):
    """Normalised images to the mean and the logarithm of the variance of their latents.

    Layers: Conv 1-32 k4 s2 p1, ReLU, Conv 32-64 k4 s2 p1, ReLU, two Linear 3136-latent_dim; 234,144
    weights with 32 latents.
    """

    def __init__(self, latent_dim: int = 32) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.conv1 = nn.Conv2d(1, 32, 4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 4, stride=2, padding=1)
        self.fc_mu = nn.Linear(64 * 7 * 7, latent_dim)
        self.fc_logvar = nn.Linear(64 * 7 * 7, latent_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance `(n, latent_dim)` of normalised images."""
        hidden = functional.relu(self.conv2(functional.relu(self.conv1(images))))
        flat = hidden.flatten(1)  # in the order of contiguous memory, whatever the memory's order
        return self.fc_mu(flat), self.fc_logvar(flat)


class Decoder(nn.Module):
    """Latents to images from 0 to 1.

    Layers: Linear latent_dim-6272, without activation, as (128, 7, 7), ConvTranspose 128-64 k4 s2
    p1, ReLU, ConvTranspose 64-32 k4 s2 p1, ReLU, Conv 32-1 k3 p1, sigmoid; 371,201 weights with 32
    latents.
    """

    def __init__(self, latent_dim: int = 32) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.fc = nn.Linear(latent_dim, 128 * 7 * 7)
        self.conv_t1 = nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1)
        self.conv_t2 = nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1)
        self.conv_final = nn.Conv2d(32, 1, 3, stride=1, padding=1)

    def logits(self, latents: Tensor) -> Tensor:
        """Return images before the sigmoid, `(n, 1, 28, 28)`."""
        hidden = self.fc(latents).view(-1, 128, 7, 7)
        hidden = functional.relu(self.conv_t1(hidden))
        hidden = functional.relu(self.conv_t2(hidden))
        images: Tensor = self.conv_final(hidden)
        return images

    def forward(self, latents: Tensor) -> Tensor:
        """Return images `(n, 1, 28, 28)` in [0, 1]; gradients flow."""
        return torch.sigmoid(self.logits(latents))


class Autoencoder(nn.Module):
    """Both; the encoder is kept in checkpoints alone, since candidates need the decoder only."""

    def __init__(self, latent_dim: int = 32) -> None:
        super().__init__()
        self.encoder = Encoder(latent_dim)
        self.decoder = Decoder(latent_dim)

    def forward(self, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of the reconstruction, mean and log-variance.

        Parameters
        ----------
        images
            Normalised images `(n, 1, 28, 28)`.
        noise
            Standard normal `(n, latent_dim)`; the latents are `mean + noise · exp(logvar / 2)`.
        """
        mean, logvar = self.encoder(images)
        return self.decoder.logits(mean + noise * torch.exp(logvar / 2)), mean, logvar
