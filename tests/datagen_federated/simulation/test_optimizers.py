import numpy as np
import pytest
import torch

from datagen_federated.simulation.optimizers import Adam, start_optimizer
from federated_data import quick

torch_optimizers = {
    "adam": (torch.optim.Adam, {"eps": 1e-7}),
    "adamw": (torch.optim.AdamW, {"eps": 1e-7, "weight_decay": 0.1}),
    "sgd": (torch.optim.SGD, {}),
    "rmsprop": (torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-7}),
    "adagrad": (torch.optim.Adagrad, {"initial_accumulator_value": 0.1, "eps": 1e-7}),
}


def gradients():
    """Return gradients beside which the small constants vanish: their places differ."""
    generator = torch.Generator().manual_seed(0)
    return [100 * torch.randn(50, generator=generator) for _ in range(20)]


@pytest.mark.parametrize("name", torch_optimizers)
def test_steps_are_those_of_torch(name):
    kind, options = torch_optimizers[name]
    weights = torch.linspace(-1, 1, 50)
    theirs = weights.clone().requires_grad_()
    ours = start_optimizer(quick(optimizer=name, learning_rate=0.02, weight_decay=0.1), weights)
    other = kind([theirs], lr=0.02, **options)
    for gradient in gradients():
        ours.step(weights, gradient)
        theirs.grad = gradient.clone()
        other.step()

    assert torch.allclose(weights, theirs.detach(), rtol=0, atol=1e-6)


def test_gradient_stays_as_it_is():
    for name in torch_optimizers:
        weights, gradient = torch.ones(4), torch.ones(4)
        start_optimizer(quick(optimizer=name), weights).step(weights, gradient)

        assert torch.equal(gradient, torch.ones(4))


@pytest.mark.parametrize(
    ("name", "step"),
    [
        # Of one gradient g = 1e-5 at rate 1: where the small constant stands decides.
        ("adam", 0.001**0.5 / 0.1 * 1e-6 / (0.001**0.5 * 1e-5 + 1e-7)),
        ("rmsprop", 1e-5 / (0.1 * 1e-10 + 1e-7) ** 0.5),
        ("adagrad", 1e-5 / (0.1 + 1e-10 + 1e-7) ** 0.5),
        ("sgd", 1e-5),
    ],
)
def test_first_step_is_that_of_keras(name, step):
    weights = torch.zeros(1)
    start_optimizer(quick(optimizer=name, learning_rate=1.0), weights).step(
        weights, torch.tensor([1e-5])
    )

    assert float(weights) == pytest.approx(-step, rel=1e-5)


def test_zero_gradients_move_nothing():
    weights = torch.ones(3)
    Adam(weights, 0.1).step(weights, torch.zeros(3))

    assert np.array_equal(weights.numpy(), [1, 1, 1])
