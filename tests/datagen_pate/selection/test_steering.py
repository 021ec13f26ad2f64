from __future__ import annotations

import numpy as np
import pytest
import torch

from datagen_pate.classifier.network import Classifier
from datagen_pate.classifier.prediction import predict
from datagen_pate.decoder.decoding import decode
from datagen_pate.decoder.modules import Decoder
from datagen_pate.selection import steering
from datagen_pate.selection.params import SelectionParams
from datagen_pate.selection.selecting import select
from datagen_pate.selection.steering import steer_latents

EASY = {"confidence_threshold": 0.11, "rare_class_threshold": 0.11, "diversity_threshold": 0.0}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Compute on one core: several processes of tests would wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def nets(one_thread):
    """Return a decoder and a teacher that nobody trained; latents still change what it says."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        decoder, teacher = Decoder(8), Classifier()
        decoder.fc.weight.data *= 8
        decoder.conv_final.weight.data *= 30
        teacher.fc2.weight.data *= 30
    return decoder, teacher.eval()


def steer(nets, classes, seed=0, **params):
    params = {"steering_starts": 1, "steering_steps": params.pop("steps", 3), **params}
    params = SelectionParams(**params)
    return steer_latents(*nets, np.array(classes), params, np.random.default_rng(seed))


def probability(nets, latents, classes):
    found = predict(nets[1], decode(nets[0], latents))
    return found[np.arange(len(classes)), classes]


def run(nets, seed=0, compat=None, **params):
    params = SelectionParams(
        **{**EASY, "steering_steps": 2, "min_per_class": 2, **params}, compat=compat
    )
    return select([], nets[1], nets[0], None, params, np.random.default_rng(seed))


def test_steering_raises_the_probability_of_the_class(nets):
    classes = np.arange(10)
    before = np.random.default_rng(0).standard_normal((10, 11, 8), np.float32)[:, 0]

    after = steer(nets, classes, steps=10)

    assert (probability(nets, after, classes) >= probability(nets, before, classes)).all()
    assert (
        probability(nets, after, classes).mean() > 1.2 * probability(nets, before, classes).mean()
    )


def test_one_at_a_time_gives_the_same(nets, monkeypatch):
    together = steer(nets, [0, 3, 3, 9])
    monkeypatch.setattr(steering, "_BATCH", 1)

    np.testing.assert_allclose(steer(nets, [0, 3, 3, 9]), together, atol=1e-4)


def test_the_seed_says_what_is_steered(nets):
    assert np.array_equal(steer(nets, [1, 2]), steer(nets, [1, 2]))
    assert not np.array_equal(steer(nets, [1, 2]), steer(nets, [1, 2], seed=1))


def test_the_kept_latent_is_the_one_that_was_measured(nets):
    start = np.random.default_rng(0).standard_normal((2, 2, 8), np.float32)[:, 0]
    far = {"steps": 1, "steering_learning_rate": 1e-9, "steering_noise_scale": 0.0}

    np.testing.assert_allclose(steer(nets, [0, 1], **far), start, atol=1e-6)


def test_original_keeps_the_latent_after_the_noise(nets):
    draws = np.random.default_rng(0).standard_normal((2, 2, 8), np.float32)
    options = {"steps": 1, "steering_learning_rate": 0.0, "steering_noise_scale": 0.5}

    found = steer(nets, [0, 1], compat="original", **options)

    np.testing.assert_allclose(found, (draws[:, 0] + 0.5 * draws[:, 1]).clip(-3, 3), atol=1e-6)


def test_networks_stay_as_they_were(nets):
    teacher = nets[1]
    before = [parameter.clone() for net in nets for parameter in net.parameters()]
    teacher.train()
    steer(nets, [1])

    assert teacher.training
    teacher.eval()
    after = [parameter for net in nets for parameter in net.parameters()]
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))
    assert all(parameter.requires_grad and parameter.grad is None for parameter in after)


def test_each_starts_from_the_best_of_its_latents(nets):
    starts = np.random.default_rng(0).standard_normal((2, 5, 8), np.float32)
    classes = np.array([4, 7])

    found = steer(nets, classes, steps=0, steering_starts=5)

    chosen = probability(nets, found, classes)
    for image in range(2):
        everything = probability(nets, starts[image], np.repeat(classes[image], 5))
        assert chosen[image] == pytest.approx(everything.max(), abs=1e-5)


def test_a_latent_whose_class_is_sure_is_finished(nets):
    sure = {"confidence_threshold": 0.0, "steering_learning_rate": 1.0}
    start = np.random.default_rng(0).standard_normal((10, 4, 8), np.float32)[:, 0]
    classes = predict(nets[1], decode(nets[0], start)).argmax(axis=1)

    found = steer(nets, classes, **sure)

    is_sure = probability(nets, start, classes) >= 0.5
    assert is_sure.any()
    np.testing.assert_array_equal(found[is_sure], start[is_sure])


@pytest.fixture(scope="module")
def steered(nets):
    return run(nets)


def test_what_is_stored_is_what_the_teacher_scored(nets, steered):
    selection = steered
    probabilities = predict(nets[1], selection.images)

    assert len(selection.labels)
    assert selection.steered.all()
    assert np.array_equal(probabilities.argmax(axis=1), selection.labels)
    # float32, of other weights with each order of the tests, in batches of another size
    np.testing.assert_allclose(probabilities.max(axis=1), selection.confidence, atol=1e-5)


def test_steered_images_have_the_class_that_was_wanted_and_no_more_than_missing(steered):
    selection = steered
    counts = np.bincount(selection.labels, minlength=10)

    assert counts.max() == 2
    assert selection.report["used_latent_steering"] == {
        str(label): count for label, count in enumerate(counts.tolist())
    }
    assert selection.report["num_steered"] == len(selection.labels)


def test_steering_follows_the_seed_of_the_selection(nets):
    few = {"min_per_class": 1, "steering_rounds": 1}

    assert np.array_equal(run(nets, **few).images, run(nets, **few).images)
    assert not np.array_equal(run(nets, **few).images[:3], run(nets, seed=1, **few).images[:3])


def test_rounds_are_bounded(nets, monkeypatch):
    made = []
    count = steering.steer_latents

    def spy(*arguments, **options):
        made.append(len(arguments[2]))
        return count(*arguments, **options)

    monkeypatch.setattr(steering, "steer_latents", spy)
    selection = run(nets, confidence_threshold=1.0, rare_class_threshold=1.0, steering_steps=0)

    assert made == [30] * 3
    assert len(selection.labels) == 0
    assert set(selection.report["below_minimum"].values()) == {2}


def test_original_takes_any_label_above_the_rare_threshold(nets):
    strict = {"confidence_threshold": 1.0, "rare_class_threshold": 0.0}
    selection = run(nets, compat="original", **strict)

    assert len(selection.labels) == 20
    assert set(selection.report["used_latent_steering"].values()) == {2}
    assert len(set(selection.labels.tolist())) < 10


@pytest.mark.parametrize(
    "options", [{"steering_enabled": False}, {"min_per_class": 0}, {"quota": False}]
)
def test_nothing_is_steered_where_nothing_is_wanted(nets, options):
    assert len(run(nets, **options).labels) == 0


def test_without_decoder_or_gradients_nothing_is_steered(nets):
    params = SelectionParams(**EASY)
    for teacher, decoder in ((nets[1], None), (lambda images: predict(nets[1], images), nets[0])):
        selection = select([], teacher, decoder, None, params, np.random.default_rng(0))
        assert not selection.report["filters_applied"]["latent_steering_enabled"]
