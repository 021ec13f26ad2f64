"""The network that teachers and students share: the one of PyTorch's MNIST example."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

MEAN, STD = 0.1307, 0.3081
"""Mean and standard deviation of MNIST's training pixels in [0, 1], which normalise inputs."""


class Classifier(nn.Module):
    """Two convolutions, two dense layers, 1,199,882 weights; `UCStubModel` of the original.

    Its state_dict has `conv1`, `conv2`, `fc1` and `fc2`, each with `weight` and `bias`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return log-probabilities `(n, 10)` of normalised images `(n, 1, 28, 28)`."""
        hidden = functional.relu(self.conv1(images))
        # The original takes the maximum after ReLU; ReLU is monotone, so this is the same number
        # from a quarter of the work.
        hidden = functional.relu(functional.max_pool2d(self.conv2(hidden), 2))
        hidden = torch.flatten(self.dropout1(hidden), 1)
        hidden = self.dropout2(functional.relu(self.fc1(hidden)))
        return functional.log_softmax(self.fc2(hidden), dim=1)


def normalize(images: Tensor) -> Tensor:
    """Return images in [0, 1] as the classifier takes them."""
    return (images - MEAN) / STD
