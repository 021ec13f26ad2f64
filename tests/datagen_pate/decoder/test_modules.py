"""Architecture, weights and losses: the original's."""

import numpy as np
import pytest
import torch

from datagen_core.files import hash_file
from datagen_pate.decoder.decoding import decode
from datagen_pate.decoder.files import load_decoder, save_decoder
from datagen_pate.decoder.modules import Decoder, Encoder
from datagen_pate.decoder.training import measure_losses
from datagen_pate.errors import PateError


@pytest.mark.parametrize(
    ("module", "layers", "weights"),
    [
        (Encoder, {"conv1", "conv2", "fc_mu", "fc_logvar"}, 234_144),
        (Decoder, {"fc", "conv_t1", "conv_t2", "conv_final"}, 371_201),
    ],
)
def test_weights_have_the_names_and_number_of_the_original(module, layers, weights):
    state = module().state_dict()

    assert {name.split(".")[0] for name in state} == layers
    assert sum(value.numel() for value in state.values()) == weights


def test_encoder_takes_images_in_either_layout():
    encoder, images = Encoder(), torch.rand(3, 1, 28, 28)
    other = images.to(memory_format=torch.channels_last)

    assert torch.allclose(encoder(images)[0], encoder(other)[0], atol=1e-5)


def test_decoded_images_are_from_0_to_1():
    images = decode(Decoder(4), np.full((5, 4), 3, np.float32), batch=2)

    assert images.shape == (5, 28, 28)
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1


def test_half_precision_is_near():
    latents = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    decoder = Decoder(4)
    exact, rough = (decode(decoder, latents, precision=p) for p in ("float32", "bfloat16"))

    assert np.abs(exact - rough).max() < 0.02


def test_latents_of_another_dimension_are_refused():
    with pytest.raises(PateError, match=r"give \(n, 4\)"):
        decode(Decoder(4), np.zeros((2, 5), np.float32))


def test_losses_are_the_sums_of_their_formulas():
    logits, target = torch.randn(2, 1, 28, 28), torch.rand(2, 1, 28, 28)
    mean, logvar = torch.randn(2, 3), torch.randn(2, 3)
    p = torch.sigmoid(logits)
    cross_entropy = -(target * p.log() + (1 - target) * (1 - p).log()).sum()
    normal = torch.distributions.Normal
    divergence = torch.distributions.kl_divergence(normal(mean, (logvar / 2).exp()), normal(0, 1))
    found = measure_losses(logits, target, mean, logvar)

    assert torch.allclose(found[0], cross_entropy, rtol=1e-4)
    assert torch.allclose(found[1], divergence.sum(), rtol=1e-4)


def test_file_gives_back_the_decoder(tmp_path):
    decoder = Decoder(4)
    save_decoder(decoder, tmp_path / "decoder.pth")
    loaded = load_decoder(tmp_path / "decoder.pth")
    latents = np.ones((2, 4), np.float32)

    assert loaded.latent_dim == 4
    assert not any(weights.requires_grad for weights in loaded.parameters())
    assert np.allclose(decode(loaded, latents), decode(decoder, latents), atol=1e-6)


def test_same_weights_are_the_same_bytes(tmp_path):
    decoder = Decoder(4)
    save_decoder(decoder, tmp_path / "one.pth")
    save_decoder(load_decoder(tmp_path / "one.pth"), tmp_path / "another.pth")

    assert hash_file(tmp_path / "one.pth") == hash_file(tmp_path / "another.pth")


def change(name, value):
    """Return weights of which one has another value, or none."""
    state = {**Decoder(4).state_dict(), name: value}
    return {key: value for key, value in state.items() if value is not None}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (change("fc.weight", None), "no matrix fc.weight"),
        (change("conv_t1.bias", None), "conv_t1.bias is absent"),
        (change("extra", torch.zeros(1)), r"extra is of shape \(1,\), not absent"),
        (change("conv_t1.bias", torch.zeros(3)), r"conv_t1.bias is of shape \(3,\), not of shape"),
        (change("conv_t1.bias", torch.full((64,), torch.nan)), "numbers that are not finite"),
        ([1, 2], "no matrix fc.weight"),
    ],
)
def test_other_architecture_is_one_line(tmp_path, state, message):
    torch.save(state, tmp_path / "decoder.pth")

    with pytest.raises(PateError, match=message) as caught:
        load_decoder(tmp_path / "decoder.pth")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no tensors", b"PK\3\4"])
def test_damaged_file_is_one_line(tmp_path, content):
    (tmp_path / "decoder.pth").write_bytes(content)

    with pytest.raises(PateError, match="is not a decoder: it is damaged"):
        load_decoder(tmp_path / "decoder.pth")


def test_missing_file_is_one_line(tmp_path):
    with pytest.raises(PateError, match="cannot be read"):
        load_decoder(tmp_path / "decoder.pth")
