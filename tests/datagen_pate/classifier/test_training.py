"""Training depends on its arguments alone, and learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from datagen_images import use_threads
from datagen_pate.classifier.augmentation import Contrast
from datagen_pate.classifier.devices import choose_device
from datagen_pate.classifier.files import flatten_weights
from datagen_pate.classifier.prediction import predict
from datagen_pate.classifier.recipes import STUDENTS, TEACHERS, Recipe, choose_recipe
from datagen_pate.classifier.training import CONTRASTS, DEFORMATIONS, _Schedule, train_classifier
from datagen_pate.errors import PateError
from pate_digits import QUICK, make_digits, train_once

IMAGES, LABELS = make_digits(32)


def weights(seed=1, recipe=QUICK, images=IMAGES):
    return flatten_weights(train_classifier(images, LABELS, recipe, np.random.SeedSequence(seed)))


def test_it_learns():
    images, labels = make_digits(200, start=400)

    assert (predict(train_once(), images).argmax(axis=1) == labels).mean() > 0.7


@pytest.mark.parametrize("augment", ["none", "strong", "sharp"])
def test_the_seed_decides_and_nothing_else(augment):
    recipe = replace(QUICK, augment=augment)
    first = weights(recipe=recipe)
    torch.rand(3)

    assert (weights(recipe=recipe) == first).all()
    assert (weights(seed=2, recipe=recipe) != first).any()


def test_bytes_and_floats_are_the_same_images():
    assert (weights(images=IMAGES / np.float32(255)) == weights()).all()


@pytest.mark.parametrize("augment", ["light", "sharp"])
def test_normalised_images_train_as_others_do(augment):
    """The background of normalised images is not 0, also when they are moved."""
    normalized = (IMAGES / np.float32(255) - np.float32(0.1307)) / np.float32(0.3081)
    recipe = replace(QUICK, augment=augment)

    found = weights(recipe=replace(recipe, normalize=False), images=normalized)

    assert np.abs(found - weights(recipe=recipe)).max() < 1e-2


def test_state_of_torch_stays(monkeypatch):
    state = torch.get_rng_state()
    with use_threads(2):
        weights()

        assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), state)


def test_mixed_precision_is_near_and_not_the_same():
    difference = np.abs(weights(recipe=replace(QUICK, precision="bfloat16")) - weights())

    assert 0 < difference.max() < 0.1


def factors(recipe, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], recipe.lr)
    schedule = _Schedule(recipe, steps_per_epoch=2)
    for _ in range(steps):
        schedule.advance(optimizer)
        yield optimizer.param_groups[0]["lr"]


def test_steps_divide_the_learning_rate_after_whole_epochs():
    recipe = Recipe(4, 8, "sgd", 1.0, schedule="steps", lr_decay_epoch=2, lr_gamma=0.1)

    assert list(factors(recipe, 8)) == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1])


def test_cosine_ends_near_nothing():
    rates = list(factors(Recipe(2, 8, "adam", 0.5, schedule="cosine"), 4))

    assert rates == pytest.approx([0.5, 0.25 * (1 + 0.5**0.5), 0.25, 0.25 * (1 - 0.5**0.5)])


def test_recipes_of_the_original():
    teacher, student = TEACHERS["original"], STUDENTS["original"]

    assert (teacher.epochs, student.epochs) == (10, 20)
    for recipe in (teacher, student):
        assert (recipe.optimizer, recipe.lr, recipe.momentum) == ("sgd", 0.01, 0.5)
        assert (recipe.weight_decay, recipe.batch_size, recipe.augment) == (1e-4, 64, "none")
    assert (teacher.schedule, teacher.lr_decay_epoch, teacher.lr_gamma) == ("steps", 20, 0.1)


def test_what_is_given_changes_a_recipe():
    assert choose_recipe(TEACHERS, "strong", epochs=3, lr=None) == replace(
        TEACHERS["strong"], epochs=3
    )


@pytest.mark.parametrize("change", [{"epochs": 0}, {"lr": -1}, {"lr": float("nan")},
                                    {"label_smoothing": 1}])  # fmt: skip
def test_numbers_out_of_range_are_refused(change):
    with pytest.raises(PateError, match=next(iter(change))):
        choose_recipe(TEACHERS, "strong", **change)


def test_divergence_is_told():
    with pytest.raises(PateError, match="diverged in epoch"):
        weights(recipe=Recipe(20, 8, "sgd", 1e20))


def test_nothing_to_train_on_is_told():
    with pytest.raises(PateError, match="no images"):
        train_classifier(IMAGES[:0], LABELS[:0], QUICK, np.random.SeedSequence(0))


def test_deformation_of_nothing_is_the_image():
    images = torch.from_numpy(IMAGES)[:, None].float() / 255
    none = type(DEFORMATIONS["light"])()

    torch.testing.assert_close(none.apply(images, torch.Generator()), images, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", DEFORMATIONS)
def test_deformations_keep_the_digit_in_its_place(name):
    images = torch.from_numpy(IMAGES)[:, None].float() / 255

    moved = DEFORMATIONS[name].apply(images, torch.Generator().manual_seed(0))

    assert moved.shape == images.shape
    assert 0 <= moved.min() <= moved.max() <= 1
    assert torch.isclose(moved.mean(), images.mean(), rtol=0.2)
    correlation = torch.corrcoef(torch.stack([moved.mean(0).ravel(), images.mean(0).ravel()]))
    assert correlation[0, 1] > 0.8


def test_deformation_bends_where_it_is_asked_to():
    images = torch.from_numpy(IMAGES)[:, None].float() / 255
    bend = type(DEFORMATIONS["light"])(elastic=1)

    difference = (bend.apply(images, torch.Generator().manual_seed(0)) - images).abs().mean()

    assert 0 < difference < images.mean()


def test_contrast_leaves_less_grey_between_the_same_extremes():
    images = torch.from_numpy(IMAGES)[:, None].float() / 255 * 3 - 1

    sharp = CONTRASTS["sharp"].apply(images, torch.Generator().manual_seed(0))

    assert (sharp.amin(), sharp.amax()) == (images.amin(), images.amax())
    assert ((sharp > -0.9) & (sharp < 1.9)).sum() < 0.8 * ((images > -0.9) & (images < 1.9)).sum()


def test_contrast_of_one_is_the_image():
    images = torch.from_numpy(IMAGES)[:, None].float() / 255

    same = Contrast(factor=1, middle=0.25).apply(images, torch.Generator())

    torch.testing.assert_close(same, images)


def test_device_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert choose_device("auto") == choose_device("cpu") == "cpu"
    with pytest.raises(PateError, match="--device cpu"):
        choose_device("cuda")
