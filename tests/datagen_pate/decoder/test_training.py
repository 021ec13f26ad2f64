"""Training, its interruption, and what the trained decoder draws."""

import json

import numpy as np
import pytest
import torch

from datagen_core import DatagenError
from datagen_core.files import hash_file
from datagen_images import use_threads
from datagen_pate.decoder.artefact import Place, make_decoder
from datagen_pate.decoder.augmentation import Augmentation, augment
from datagen_pate.decoder.decoding import decode
from datagen_pate.decoder.files import load_decoder
from datagen_pate.decoder.latent_prior import read_prior
from datagen_pate.decoder.params import PretrainParams
from datagen_pate.decoder.training import pretrain
from datagen_pate.errors import PateError
from datagen_pate.public import load_public

IMAGES = np.random.default_rng(0).integers(256, size=(40, 28, 28), dtype=np.uint8)
SHORT = {"latent_dim": 4, "epochs": 3, "batch_size": 16, "kl_annealing_epochs": 2}


def weights_of(training):
    return torch.cat([weights.detach().ravel() for weights in training.model.parameters()])


class StopError(Exception):
    """The training is ended from outside."""


def stop_after(epoch):
    def tell(record):
        if record["epoch"] == epoch:
            raise StopError

    return tell


def test_resumed_training_ends_with_the_same_weights(tmp_path):
    params, checkpoint = PretrainParams(**SHORT), tmp_path / "checkpoint.pt"
    whole = pretrain(IMAGES, params)
    with pytest.raises(StopError):
        pretrain(IMAGES, params, checkpoint=checkpoint, progress=stop_after(2))
    told = []
    resumed = pretrain(IMAGES, params, checkpoint=checkpoint, progress=told.append)

    assert [record["epoch"] for record in told] == [3]
    assert torch.equal(weights_of(resumed), weights_of(whole))
    assert resumed.history == whole.history


@pytest.mark.parametrize("change", ["params", "images", "damage"])
def test_other_checkpoint_is_not_used(tmp_path, change):
    params, checkpoint = PretrainParams(**SHORT | {"epochs": 1}), tmp_path / "checkpoint.pt"
    pretrain(IMAGES, params, checkpoint=checkpoint)
    told = []
    if change == "damage":
        checkpoint.write_bytes(b"half")
    other = PretrainParams(**SHORT | {"epochs": 1, "seed": 1}) if change == "params" else params
    images = 255 - IMAGES if change == "images" else IMAGES
    pretrain(images, other, checkpoint=checkpoint, progress=told.append)

    assert [record["epoch"] for record in told] == [1]


def test_weight_of_the_divergence_grows_from_0():
    params = PretrainParams(kl_annealing_epochs=4, kl_weight=2)

    assert [params.weigh_divergence(epoch) for epoch in (0, 1, 4, 9)] == [0, 0.5, 2, 2]
    assert PretrainParams(kl_annealing_epochs=0).weigh_divergence(0) == 1


def test_training_leaves_torch_as_it_was():
    before = torch.random.get_rng_state()
    with use_threads(2):
        pretrain(IMAGES, PretrainParams(**SHORT | {"epochs": 1}))

        assert torch.get_num_threads() == 2
    assert torch.equal(torch.random.get_rng_state(), before)


def test_defaults_are_those_of_the_original():
    params = PretrainParams()

    assert (params.epochs, params.batch_size, params.kl_annealing_epochs) == (50, 128, 10)
    assert (params.lr, params.weight_decay) == (1e-3, 1e-5)
    assert (params.latent_dim, params.seed) == (32, 42)


def test_original_has_noise_in_its_target():
    images = torch.zeros(4, 1, 28, 28)
    for in_target in (False, True):
        generator = torch.Generator().manual_seed(0)
        seen, target = augment(images, Augmentation(noise_in_target=in_target), generator)
        assert seen.max() > 0
        assert bool(target.any()) is in_target


def test_augmentation_turns_and_moves_within_its_limits():
    images = torch.zeros(200, 1, 28, 28)
    images[:, :, 13:15, 13:15] = 1
    _, moved = augment(images, Augmentation(noise=0), torch.Generator().manual_seed(0))
    columns = (moved.sum(dim=(1, 2)) * torch.arange(28)).sum(dim=1) / moved.sum(dim=(1, 2, 3))

    assert 1.7 < (columns - 13.5).abs().max() < 2.15  # pixels


@pytest.mark.parametrize("images", [IMAGES[:, :8], IMAGES / 255, IMAGES[:0]])
def test_images_of_another_form_are_refused(images):
    with pytest.raises(PateError, match="a decoder"):
        pretrain(images, PretrainParams(**SHORT))


@pytest.mark.parametrize("name", ["epochs", "lr", "batch_size", "latent_dim"])
def test_number_that_makes_no_sense_is_refused(name):
    with pytest.raises(DatagenError, match=f"parameter {name}: input should be greater than"):
        PretrainParams.bind({name: 0}, "pretrain-decoder")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A decoder of few digits: images, folder and report."""
    public = load_public("digits", 600)
    params = PretrainParams(latent_dim=8, epochs=10, batch_size=12, lr=2e-3, kl_annealing_epochs=20)
    place = Place(tmp_path_factory.mktemp("decoder"))
    return public, params, place, make_decoder(public, params, place)


def test_report_has_the_keys_of_the_original_and_hashes(made):
    public, _, place, report = made

    assert json.loads(place.report.read_text()) == report
    assert {"learning_rate", "dataset", "final_recon_loss", "training_history"} < set(report)
    assert report["decoder_hash"] == hash_file(place.decoder)
    assert report["dataset_hash"] == public.sha256
    assert sorted(path.name for path in place.folder.iterdir()) == [
        "decoder.pth", "latent_prior.npz", "pretrain_report.json"]  # fmt: skip


def test_losses_fall(made):
    history = made[3]["training_history"]

    assert history[-1]["recon_loss"] < 0.8 * history[0]["recon_loss"]
    assert [record["epoch"] for record in history] == list(range(1, 11))


def test_what_is_done_is_not_done_again(made):
    public, params, place, report = made

    assert make_decoder(public, params, place, stop_after(1)) == report


def recognise(images, known):
    """Return which known image each one is most like, apart from what all have in common."""
    one, other = (rows.reshape(10, 784) - rows.mean(axis=0).ravel() for rows in (images, known))
    return np.corrcoef(one, other)[:10, 10:].argmax(axis=1)


def test_decoded_digits_are_upright(made):
    public, _, place, _ = made
    prior = read_prior(place.prior)
    drawn = decode(load_decoder(place.decoder), prior.means)
    means = np.stack([public.images[public.labels == digit].mean(axis=0) for digit in range(10)])
    upright, transposed = (
        recognise(drawn, known) == np.arange(10) for known in (means, means.swapaxes(1, 2))
    )

    assert prior.classes == tuple("0123456789")
    assert upright.sum() >= 8
    assert transposed.sum() <= 5
