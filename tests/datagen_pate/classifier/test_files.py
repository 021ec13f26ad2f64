"""Weights in files and as rows of numbers."""

import hashlib

import numpy as np
import pytest
import torch
from torch import nn

from datagen_pate.classifier.files import (
    WEIGHT_COUNT,
    flatten_weights,
    load_classifier,
    restore_weights,
    save_classifier,
)
from datagen_pate.classifier.network import Classifier
from datagen_pate.errors import PateError


class OriginalNet(nn.Module):
    """What the original's class has in its state_dict."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)


def test_network_has_the_weights_of_the_original():
    assert list(Classifier().state_dict()) == list(OriginalNet().state_dict())
    assert WEIGHT_COUNT == 1_199_882


def test_flat_weights_are_in_the_order_of_the_state_dict():
    model = Classifier()

    flat = flatten_weights(model)

    assert flat.shape == (WEIGHT_COUNT,)
    assert (flat[:288] == model.conv1.weight.detach().numpy().ravel()).all()
    assert (flat[-10:] == model.fc2.bias.detach().numpy()).all()


def test_restored_weights_are_the_same_and_a_copy():
    flat = np.random.default_rng(0).normal(size=WEIGHT_COUNT).astype(np.float32)

    model = restore_weights(flat)
    flat_again = flatten_weights(model)
    flat[:] = 0

    assert (flat_again == flatten_weights(model)).all()
    assert flat_again.any()
    assert not model.training


def test_file_is_read_by_the_original_and_by_us(tmp_path):
    model = Classifier()

    save_classifier(model, tmp_path / "0" / "model.pth")

    OriginalNet().load_state_dict(torch.load(tmp_path / "0" / "model.pth", weights_only=True))
    read = load_classifier(tmp_path / "0" / "model.pth")
    assert (flatten_weights(read) == flatten_weights(model)).all()
    assert (flatten_weights(load_classifier(flatten_weights(model))) == flatten_weights(read)).all()


def test_the_same_weights_give_the_same_file(tmp_path):
    model = Classifier()

    save_classifier(model, tmp_path / "a.pth")
    save_classifier(load_classifier(tmp_path / "a.pth"), tmp_path / "b.pth")

    a, b = (hashlib.sha256((tmp_path / name).read_bytes()) for name in ("a.pth", "b.pth"))
    assert a.digest() == b.digest()


def other_net():
    return {**Classifier().state_dict(), "fc2.weight": torch.zeros(11, 128)}


def unfinite():
    return {**Classifier().state_dict(), "fc2.bias": torch.full((10,), torch.nan)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (other_net, r"another network: fc2.weight is \(11, 128\), not \(10, 128\)"),
        (lambda: {"fc.weight": torch.zeros(3)}, "another network: conv1.weight is missing"),
        (unfinite, "fc2.bias that are not finite"),
        (lambda: [1, 2], "does not hold a state_dict"),
        (Classifier, "not a classifier's state_dict"),  # a pickled object: it could run code
    ],
)
def test_other_content_is_refused(tmp_path, content, message):
    torch.save(content(), tmp_path / "model.pth")

    with pytest.raises(PateError, match=message):
        load_classifier(tmp_path / "model.pth")


def test_what_is_no_file_of_torch_is_refused(tmp_path):
    (tmp_path / "model.pth").write_bytes(b"no weights")

    with pytest.raises(PateError, match="not a classifier's state_dict"):
        load_classifier(tmp_path / "model.pth")
    with pytest.raises(PateError, match="cannot be read"):
        load_classifier(tmp_path / "missing.pth")


@pytest.mark.parametrize("flat", [np.zeros(7, np.float32), np.zeros(WEIGHT_COUNT)])
def test_other_rows_are_refused(flat):
    with pytest.raises(PateError, match="not those of a classifier"):
        restore_weights(flat)
