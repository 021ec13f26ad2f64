"""What tests of the page share: a small decoder, two teachers with shards, and sets of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import datagen_core
from datagen_core import Cache
from datagen_pate.classifier.files import flatten_weights
from datagen_pate.classifier.network import Classifier
from datagen_pate.decoder.files import save_decoder
from datagen_pate.decoder.modules import Decoder

TEACHERS = 2
SEED = 987654321
IMAGES = {
    "pool_size": 256, "confidence": 0.0, "rare_class_threshold": 0.0, "min_per_class": 1,
    "max_per_class": 30, "diversity_threshold": 0.1, "min_nn_distance": 0.1,
    "steering_enabled": False,
}  # fmt: skip
VOTES = {"max_per_class": None, "pool_size": 512, "aggregation": "plurality"}


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with decoder.pth, weights.npy and, apart, shards.npz of five images each."""
    folder = tmp_path_factory.mktemp("page")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        decoder = Decoder(8)
        with torch.no_grad():
            decoder.fc.weight.mul_(20)  # images that differ
        save_decoder(decoder, folder / "decoder.pth")
        flat = [flatten_weights(Classifier()) for _ in range(TEACHERS)]
    np.save(folder / "weights.npy", np.stack(flat).astype(np.float32))
    n = 5 * TEACHERS
    (folder / "private").mkdir()
    np.savez(
        folder / "private" / "shards.npz",
        images=np.random.default_rng(0).integers(0, 255, (n, 28, 28)).astype(np.uint8),
        labels=np.arange(n),
        indices=np.arange(n),
        offsets=5 * np.arange(TEACHERS + 1),
        class_counts=np.repeat(np.eye(TEACHERS, dtype=np.int64), 5, axis=1),
    )
    return folder


@pytest.fixture(scope="session")
def shards(inputs):
    return inputs / "private" / "shards.npz"


@pytest.fixture(scope="session")
def make(inputs):
    """Return `make(cache, "pate_votes", n, seed, name=value)`, which gives the new set."""

    def run(cache, name, n=TEACHERS, seed=0, **values):
        params = {
            "decoder": str(inputs / "decoder.pth"), "teachers": str(inputs / "weights.npy"),
            "block_size": 256, **(IMAGES if name == "pate_images" else VOTES), **values,
        }  # fmt: skip
        datagen_core.generate(name, n, params, seed=seed, executor="inline", cache=cache)
        dataset = Cache(cache)[name]
        return dataset[len(dataset) - 1]

    return run


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Return a cache that tests only read, but for the sets below."""
    return tmp_path_factory.mktemp("shared") / "cache"


@pytest.fixture(scope="session")
def images(make, shared, shards):
    return make(shared, "pate_images", shards=str(shards))


@pytest.fixture(scope="session")
def bare(make, shared):
    """Return a set without shards."""
    return make(shared, "pate_images")


@pytest.fixture(scope="session")
def votes(make, shared):
    return make(shared, "pate_votes", seed=SEED)


@pytest.fixture(scope="session")
def private(make, shared):
    """Return votes with noise."""
    return make(shared, "pate_votes", seed=SEED, aggregation="gnmax", sigma=40, queries=20)
