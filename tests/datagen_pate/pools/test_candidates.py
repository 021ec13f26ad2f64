"""Latents and the images made of them, block by block."""

import numpy as np
import pytest
import torch

from datagen_core import DatagenError
from datagen_pate.decoder.decoding import decode
from datagen_pate.decoder.latent_prior import LatentPrior
from datagen_pate.decoder.modules import Decoder
from datagen_pate.evaluation.distances import round_to_stored
from datagen_pate.pools.candidates import draw_latents, iterate_candidates

SEED = np.random.SeedSequence(7)


@pytest.fixture(scope="module")
def decoder():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Decoder(4).eval()


def draw(**options):
    return draw_latents(20_480, 4, np.random.default_rng(0), **options)


def join(blocks, part):
    return np.concatenate([block[part] for block in blocks])


@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0])
def test_mixing_keeps_the_distribution(ratio):
    latents = draw(mixing_ratio=ratio)

    assert latents.dtype == np.float32
    assert abs(latents.mean()) < 0.02
    assert abs(latents.var() - 1) < 0.02


def test_mixing_of_the_original_shrinks_its_rows_but_for_the_first_batch():
    latents = draw(mixing_ratio=0.3, compat="original").reshape(80, 256, 4)

    assert abs(latents[1:, :76].var() - 0.7067) < 0.02  # the mean of a² + (1 - a)²
    assert abs(latents[1:, 76:].var() - 1) < 0.02
    assert abs(latents[0, :76].var() - 1) < 0.2


def test_first_batch_of_a_later_block_is_mixed_by_the_original():
    latents = draw(mixing_ratio=1, compat="original", start=20_480)

    assert abs(latents.var() - 0.7067) < 0.02


def test_noise_widens():
    assert abs(draw(noise_scale=0.5).var() - 1.25) < 0.03


def test_larger_pool_begins_with_the_smaller(decoder):
    small = list(iterate_candidates(decoder, 300, 4, SEED, block=256, mixing_ratio=0.3))
    large = list(iterate_candidates(decoder, 700, 4, SEED, block=256, mixing_ratio=0.3))

    assert [block[0] for block in small] == [0, 256]
    assert np.array_equal(join(large, 1)[:300], join(small, 1))
    assert np.array_equal(join(large, 2)[:300], join(small, 2))


def test_block_can_be_made_alone(decoder):
    whole = list(iterate_candidates(decoder, 700, 4, SEED, block=256, noise_scale=0.1))
    (alone,) = iterate_candidates(decoder, 700, 4, SEED, block=256, noise_scale=0.1, blocks=[2])

    assert alone[0] == 512
    assert np.array_equal(alone[2], whole[2][2])


def test_blocks_differ(decoder):
    blocks = list(iterate_candidates(decoder, 512, 4, SEED, block=256))

    assert not np.array_equal(blocks[0][1], blocks[1][1])


def test_images_are_the_decoded_latents(decoder):
    ((_, latents, images),) = iterate_candidates(decoder, 256, 4, SEED, block=256)
    ((_, _, floats),) = iterate_candidates(decoder, 256, 4, SEED, block=256, as_floats=True)

    assert images.dtype == np.uint8
    assert np.array_equal(floats, decode(decoder, latents))
    assert np.array_equal(images, round_to_stored(floats))


def test_prior_places_latents_by_their_number(decoder):
    prior = LatentPrior(np.eye(4, dtype=np.float32) * 9, np.zeros((4, 4, 4), np.float32), ("0123"))
    blocks = iterate_candidates(decoder, 512, 4, SEED, block=256, prior=prior)
    latents = join(list(blocks), 1)

    assert np.array_equal(latents, np.tile(np.eye(4) * 9, (128, 1)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool_size": 0}, "pool_size: input should be greater than or equal to 1, not 0"),
        ({"latent_dim": 5}, "the decoder has 4 latents, not 5"),
        ({"mixing_ratio": 1.5}, "mixing_ratio: input should be less than or equal to 1"),
        ({"noise_scale": -1}, "noise_scale: input should be greater than or equal to 0"),
        ({"block": 0}, "block: input should be greater than or equal to 1"),
        ({"compat": "orignal"}, "compat: input should be 'original'"),
        ({"blocks": [1]}, "no block 1"),
    ],
)
def test_mistake_is_one_line(decoder, options, message):
    given = {"pool_size": 10, "latent_dim": 4} | options

    with pytest.raises(DatagenError, match=message):
        list(iterate_candidates(decoder, seed_sequence=SEED, **given))
