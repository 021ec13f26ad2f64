"""A normal distribution of latents for each class."""

import numpy as np
import pytest

from datagen_pate.decoder.latent_prior import LatentPrior, fit_prior, read_prior
from datagen_pate.errors import PateError

RNG = np.random.default_rng(0)


def make_prior(classes=3, latent_dim=2):
    means = np.arange(classes * latent_dim, dtype=np.float32).reshape(classes, latent_dim) * 100
    factors = np.tile(np.eye(latent_dim, dtype=np.float32), (classes, 1, 1))
    return LatentPrior(means, factors, tuple("0123456789"[:classes]))


def test_classes_take_turns():
    prior = make_prior()
    placed = prior.place(np.zeros((4, 2), np.float32), start=2)

    assert np.array_equal(placed, prior.means[[2, 0, 1, 2]])


def test_fit_finds_mean_and_covariance():
    factor = np.array([[2.0, 0.0], [1.0, 0.5]])
    means = RNG.normal(size=(4000, 2)) @ factor.T + [5, -3]
    prior = fit_prior(means, np.zeros((4000, 2)), np.zeros(4000, np.int64), ("0",))
    placed = prior.place(RNG.standard_normal((20_000, 2)).astype(np.float32))

    assert np.allclose(placed.mean(axis=0), [5, -3], atol=0.15)
    assert np.allclose(np.cov(placed.T), factor @ factor.T, atol=0.3)


@pytest.mark.parametrize(
    ("classes", "kept"),
    [(("0", "A"), ("0",)), (("A", "B"), ("A", "B")), (("A", "rare"), ("A", "rare"))],
)
def test_digits_are_kept_where_there_are_any(classes, kept):
    labels = np.arange(40) % 2
    prior = fit_prior(RNG.normal(size=(40, 2)), np.ones((40, 2)), labels, classes)

    assert prior.classes == kept


def test_too_few_images_have_no_prior():
    labels = np.zeros(2, np.int64)

    assert fit_prior(np.zeros((2, 2)), np.ones((2, 2)), labels, ("0",)) is None


def test_file_gives_back_the_prior(tmp_path):
    prior = make_prior()
    prior.save(tmp_path / "prior.npz")
    read = read_prior(tmp_path / "prior.npz", 2)

    assert read.classes == prior.classes
    assert np.array_equal(read.means, prior.means)
    assert np.array_equal(read.factors, prior.factors)


def test_file_of_another_decoder_is_refused(tmp_path):
    make_prior().save(tmp_path / "prior.npz")

    with pytest.raises(PateError, match="2 latents and the decoder 32"):
        read_prior(tmp_path / "prior.npz", 32)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_other_file_is_refused(tmp_path, content):
    (tmp_path / "prior.npz").write_bytes(content)

    with pytest.raises(PateError, match=r"is not a latent_prior\.npz"):
        read_prior(tmp_path / "prior.npz")


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    prior = make_prior()
    prior.means[0, 0] = np.nan
    prior.save(tmp_path / "prior.npz")

    with pytest.raises(PateError, match="not finite"):
        read_prior(tmp_path / "prior.npz")
