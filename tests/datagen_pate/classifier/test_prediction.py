"""Fast predictions are those of the plain network."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from datagen_pate.classifier.files import flatten_weights
from datagen_pate.classifier.network import MEAN, STD, normalize
from datagen_pate.classifier.prediction import Predictor, predict
from datagen_pate.errors import PateError
from pate_digits import make_digits, train_once

IMAGES, LABELS = make_digits(150, start=400)


def predict_as_original(images):
    """Go through the layers in the original's order, channels first."""
    model = train_once()
    x = (torch.from_numpy(images)[:, None].float() / 255 - 0.1307) / 0.3081
    with torch.no_grad():
        x = functional.relu(model.conv1(x.contiguous()))
        x = functional.max_pool2d(functional.relu(model.conv2(x)), 2)
        x = functional.relu(model.fc1(torch.flatten(x, 1)))
        return functional.softmax(functional.log_softmax(model.fc2(x), 1), 1).numpy()


@pytest.mark.parametrize("batch", [None, 7, 1000])
def test_probabilities_are_those_of_the_plain_forward_pass(batch):
    plain, fast = predict_as_original(IMAGES), predict(train_once(), IMAGES, batch=batch)

    assert fast.dtype == np.float32
    assert np.abs(fast - plain).max() <= 1e-6
    assert (fast.argmax(axis=1) == plain.argmax(axis=1)).all()
    assert (fast.argmax(axis=1) == LABELS).mean() > 0.5  # it is no random net


def test_bytes_and_floats_give_the_same():
    floats = IMAGES.astype(np.float32) / np.float32(255)

    assert (predict(train_once(), floats) == predict(train_once(), IMAGES)).all()


def test_normalised_images_may_be_given():
    normalized = ((IMAGES / 255 - MEAN) / STD).astype(np.float32)

    found = predict(train_once(), normalized, normalized=True)

    np.testing.assert_allclose(found, predict(train_once(), IMAGES), atol=1e-6)


def test_half_precision_is_near():
    exact, half = (predict(train_once(), IMAGES, precision=p) for p in ("float32", "bfloat16"))

    assert 0 < np.abs(exact - half).max() < 0.1


def test_predictor_leaves_the_model_as_it_is():
    before = flatten_weights(train_once())

    Predictor(train_once(), precision="bfloat16")(IMAGES[:3])

    assert (flatten_weights(train_once()) == before).all()
    assert train_once().conv1.weight.requires_grad


def test_no_images_have_no_probabilities():
    assert predict(train_once(), IMAGES[:0]).shape == (0, 10)


def test_normalisation_is_that_of_mnist():
    np.testing.assert_allclose(normalize(torch.tensor([0.1307, 0.4388])), [0, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.full((1, 28, 28), np.nan, np.float32), "pixels from nan to nan"),
        (np.full((1, 28, 28), 2, np.float32), "scale them"),
        (np.zeros((1, 1, 28, 28), np.uint8), "cannot be classified"),
        (np.zeros((1, 28, 28), np.int64), "int64"),
    ],
)
def test_other_images_are_refused(images, message):
    with pytest.raises(PateError, match=message):
        predict(train_once(), images)
