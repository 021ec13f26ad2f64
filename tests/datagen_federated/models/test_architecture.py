import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from datagen_federated.models.architecture import draw_weights
from datagen_federated.models.networks import Network, to_tensor
from datagen_federated.simulation import (
    SimulationError,
    TrainingParams,
    count_weights,
    list_weights,
    to_keras_layers,
)
from federated_data import quick

MODELS = ("CNN", "MLP", "LogReg", "ResNet")


def network(shape=(8, 8), outputs=3, **values):
    params = quick(**values)
    specs = list_weights(params, shape, outputs)
    return Network(params, specs), specs, draw_weights(specs, np.random.default_rng(0))


def test_cnn_is_the_original_one():
    specs = list_weights(TrainingParams(hidden_layers=(64, 32)), (28, 28), 10)

    assert count_weights(specs) == 221_994
    assert [spec.name for spec in specs[:4]] == [
        "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias",
    ]  # fmt: skip
    assert specs[4].shape == (64, 3136)


@given(
    model=st.sampled_from(MODELS),
    rows=st.integers(4, 9),
    columns=st.integers(4, 9),
    channels=st.sampled_from([1, 3]),
    hidden=st.sampled_from([(), (3,), (4, 2)]),
)
def test_every_image_goes_through_every_model(model, rows, columns, channels, hidden):
    shape = (rows, columns) if channels == 1 else (rows, columns, channels)
    net, _, flat = network(shape, model_type=model, hidden_layers=hidden)
    images = np.full((5, *shape), 200, np.uint8)
    outputs = net.run(net.view(torch.from_numpy(flat)), to_tensor(images))

    assert outputs.shape == (5, 3)
    assert outputs.dtype == torch.float32
    assert outputs.isfinite().all()


@pytest.mark.parametrize("model", ["MLP", "LogReg"])
def test_tables_go_through(model):
    net, _, flat = network((5,), 1, model_type=model)
    table = np.ones((7, 5), np.float32)

    assert net.run(net.view(torch.from_numpy(flat)), to_tensor(table)).shape == (7, 1)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((5,), "needs images, these are tables"), ((3, 9), "at least 4 x 4 pixels, not 3 x 9")],
)
@pytest.mark.parametrize("model", ["CNN", "ResNet"])
def test_what_a_model_cannot_take_is_refused(model, shape, message):
    with pytest.raises(SimulationError, match=message):
        list_weights(quick(model_type=model), shape, 2)


def test_views_are_the_flat_vector():
    net, specs, flat = network()
    views = net.view(torch.from_numpy(flat))

    assert [tuple(view.shape) for view in views] == [spec.shape for spec in specs]
    assert np.array_equal(np.concatenate([view.numpy().ravel() for view in views]), flat)
    views[0].fill_(7)
    assert (flat[: specs[0].size] == 7).all()


def test_weights_begin_as_in_keras():
    _, specs, flat = network(model_type="ResNet", hidden_layers=(50,))
    weights = dict(zip([s.name for s in specs], to_keras_layers(flat, specs), strict=True))

    assert not weights["dense1.bias"].any()
    assert (weights["stem.norm.weight"] == 1).all()
    assert not weights["stem.norm.bias"].any()
    for name, limit in (
        ("dense1.weight", (6 / (64 + 50)) ** 0.5),
        ("block2.conv2.weight", (6 / (9 * 64)) ** 0.5),
    ):
        assert 0.95 * limit < abs(weights[name]).max() <= limit
        assert abs(weights[name].mean()) < 0.05 * limit


def test_max_pooling_without_gradient_is_that_of_torch():
    net, _, flat = network((9, 7))
    x = to_tensor(np.random.default_rng(0).integers(0, 256, (4, 9, 7), np.uint8))
    views = net.view(torch.from_numpy(flat))
    with torch.no_grad():
        fast = net.run(views, x)

    assert torch.allclose(net.run(views, x), fast, atol=1e-6)


def by_keras_layers(layers, x):
    """Run the CNN without hidden convolution tricks, on channels-last arrays, in numpy."""
    for kernel, bias in (layers[0:2], layers[2:4]):
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        x = np.maximum(np.einsum("nhwiab,abio->nhwo", windows, kernel) + bias, 0)
        n, h, w, c = x.shape
        x = x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))
    x = x.reshape(len(x), -1)
    x = np.maximum(x @ layers[4] + layers[5], 0)
    return x @ layers[6] + layers[7]


@pytest.mark.parametrize("shape", [(8, 8), (9, 6, 3)])
def test_keras_layers_compute_the_same(shape):
    net, specs, flat = network(shape)
    images = np.random.default_rng(1).integers(0, 256, (3, *shape), np.uint8)
    ours = net.run(net.view(torch.from_numpy(flat)), to_tensor(images))
    x = images.reshape(*images.shape[:3], -1) / 255

    assert np.allclose(by_keras_layers(to_keras_layers(flat, specs), x), ours, atol=1e-5)


def test_half_precision_is_near():
    net, _, flat = network()
    half, _, _ = network(precision="bfloat16")
    x = to_tensor(np.random.default_rng(1).integers(0, 256, (3, 8, 8), np.uint8))
    views = net.view(torch.from_numpy(flat))
    exact, rough = net.run(views, x), half.run(views, x)

    assert rough.dtype == torch.float32
    assert not torch.equal(exact, rough)
    assert torch.allclose(exact, rough, atol=0.05)
