"""What tests of the generators share: a decoder and three teachers, of random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from datagen_pate.classifier.files import flatten_weights
from datagen_pate.classifier.network import Classifier
from datagen_pate.decoder.files import save_decoder
from datagen_pate.decoder.modules import Decoder

TEACHERS = 3


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with decoder.pth and the folder `teachers`, whose shards have ten images."""
    folder = tmp_path_factory.mktemp("pate")
    (folder / "teachers").mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        decoder = Decoder(8)
        with torch.no_grad():
            decoder.fc.weight.mul_(20)  # images that differ
        save_decoder(decoder, folder / "decoder.pth")
        flat = [flatten_weights(Classifier()) for _ in range(TEACHERS)]
    np.save(folder / "teachers" / "weights.npy", np.stack(flat).astype(np.float32))
    _write_shards(folder / "teachers" / "shards.npz")
    return folder


def _write_shards(path: Path) -> None:
    n = 10 * TEACHERS
    labels = np.tile(np.arange(10), TEACHERS)
    np.savez(
        path,
        images=np.random.default_rng(0).integers(0, 255, (n, 28, 28)).astype(np.uint8),
        labels=labels,
        indices=np.arange(n),
        offsets=10 * np.arange(TEACHERS + 1),
        class_counts=np.ones((TEACHERS, 10), np.int64),
    )
