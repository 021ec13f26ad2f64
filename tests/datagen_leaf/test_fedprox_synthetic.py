"""The law of FedProx's synthetic(alpha, beta); bounds are four to five standard errors."""

import math

import numpy as np
import pytest

from datagen_core import Cache, generate
from datagen_leaf.fedprox_synthetic import FedproxSyntheticParams, fedprox_synthetic
from leaf_tasks import digests, make

DEVICES = 1200
CUT = {"max_samples": 120, "num_dim": 12, "num_classes": 4}


@pytest.fixture(scope="module", params=[(0.0, 0.0), (0.5, 2.0)], ids=str)
def devices(request):
    alpha, beta = request.param
    params = FedproxSyntheticParams(alpha=alpha, beta=beta, **CUT)
    return params, make(fedprox_synthetic, params, DEVICES, seed=3)


def variances_of_groups(values):
    """Return the variance of the means of rows, without what their own spread adds, and that."""
    within = values.var(axis=1, ddof=1).mean()
    return values.mean(axis=1).var(ddof=1) - within / values.shape[1], within


def test_models_differ_by_alpha(devices):
    params, made = devices
    between, within = variances_of_groups(made["model"].reshape(DEVICES, -1))

    assert within == pytest.approx(1, abs=4.5 * math.sqrt(2 / made["model"].size))
    assert between == pytest.approx(params.alpha**2, rel=4.5 * math.sqrt(2 / DEVICES), abs=0.005)


def test_features_differ_by_beta(devices):
    params, made = devices
    noise = np.arange(1, 13) ** -1.2 / made["x"].lengths[:, None]
    locations = np.array([x.mean(axis=0) for x in made["x"]])
    between, within = variances_of_groups(locations)

    assert within - noise.mean() == pytest.approx(1, abs=4.5 * math.sqrt(2 / locations.size))
    assert between == pytest.approx(params.beta**2, rel=4.5 * math.sqrt(2 / DEVICES), abs=0.03)


def test_features_vary_within_a_device_as_they_should(devices):
    within = np.concatenate([x - x.mean(axis=0) for x in devices[1]["x"]])
    freedom = len(within) - DEVICES
    ratio = (within**2).sum(axis=0) / freedom * np.arange(1, 13) ** 1.2

    assert np.abs(ratio - 1).max() < 4.5 * math.sqrt(2 / freedom)


def test_labels_follow_from_the_model_without_noise(devices):
    made = devices[1]

    for x, y, model in zip(made["x"], made["y"], made["model"], strict=True):
        assert np.array_equal((x @ model[1:] + model[0]).argmax(axis=1), y)


def test_sizes_are_log_normal_and_at_least_fifty():
    made = make(fedprox_synthetic, FedproxSyntheticParams(num_dim=1, num_classes=1), 2000)
    sizes = made["y"].lengths

    assert sizes.min() >= 50
    for quantile, share in ((4 - 2 * 0.6745, 0.25), (4, 0.5), (4 + 2 * 0.6745, 0.75)):
        assert abs((sizes - 49 <= math.exp(quantile)).mean() - share) < 0.05
    assert sizes.max() > 5000


def test_identical_devices_share_one_model_and_one_law():
    made = make(fedprox_synthetic, FedproxSyntheticParams(iid=True, **CUT), 200, seed=4)
    other = make(fedprox_synthetic, FedproxSyntheticParams(iid=True, **CUT), 1, seed=5)
    rows = made["x"].rows()

    assert (made["model"] == made["model"][0]).all()
    assert not np.array_equal(made["model"][0], other["model"][0])
    assert np.abs(rows.mean(axis=0)).max() < 4.5 / math.sqrt(len(rows))


def test_topping_up_appends(tmp_path):
    for name, counts in (("once", [30]), ("twice", [11, 19])):
        for count in counts:
            generate("fedprox_synthetic", count, CUT, executor="inline", cache=tmp_path / name)
    once, twice = (
        Cache(tmp_path / name)["fedprox_synthetic"][0]["raw"].get(30) for name in ("once", "twice")
    )

    assert digests(once) == digests(twice)
    assert list(once) == ["x", "y", "model"]


@pytest.mark.parametrize(
    "values",
    [
        {"alpha": -1},
        {"beta": -0.5},
        {"iid": True, "alpha": 1},
        {"iid": True, "beta": 1},
        {"num_classes": 0},
        {"num_dim": 0},
        {"min_samples": -1},
        {"size_sigma": -1},
        {"max_samples": 49},
    ],
)
def test_wrong_parameters_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        FedproxSyntheticParams(**values)
