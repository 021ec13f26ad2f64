import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from datagen_federated.models.architecture import draw_weights
from datagen_federated.models.networks import Network, to_tensor
from datagen_federated.simulation import list_weights
from datagen_federated.simulation.inputs import output_count
from datagen_federated.simulation.training import Streams, Trainer
from federated_data import make_images, make_table, quick


def trainer(data, **values):
    params = quick(**({"learning_rate": 0.1, "optimizer": "sgd"} | values))
    specs = list_weights(params, data.x.shape[1:], output_count(data))
    begin = torch.from_numpy(draw_weights(specs, np.random.default_rng(0)))
    return Trainer(Network(params, specs), params, data), begin


def streams(seed=0):
    return Streams(np.random.default_rng(seed), torch.Generator().manual_seed(seed))


def gradient(made, begin, data):
    """Return the gradient of the loss on all of the data, by torch alone."""
    leaf = begin.clone().requires_grad_()
    outputs = made._network.run(made._network.view(leaf), to_tensor(data.x))
    cross_entropy(outputs, torch.tensor(data.y)).backward()
    return leaf.grad


def step(made, begin, data):
    """Return what one step on all of the data moves, over the rate."""
    made.fit(begin, np.arange(len(data.y)), streams(), epochs=1)
    return (begin - made.weights) / 0.1


@pytest.mark.parametrize("model", ["CNN", "ResNet", "MLP", "LogReg"])
def test_a_step_follows_the_gradient(model, images):
    made, begin = trainer(images, model_type=model, batch_size=100)

    assert torch.allclose(step(made, begin, images), gradient(made, begin, images), atol=1e-5)


def test_weight_decay_is_on_kernels(images):
    made, begin = trainer(images, weight_decay=0.5, batch_size=100)
    begin += 0.1  # no bias is 0
    penalty = step(made, begin, images) - gradient(made, begin, images)
    kernels = torch.cat(
        [torch.full((spec.size,), float(spec.is_kernel)) for spec in made._network.specs]
    )

    assert torch.allclose(penalty, 2 * 0.5 * begin * kernels, atol=1e-4)


def test_adamw_has_no_penalty(images):
    made, _ = trainer(images, weight_decay=0.5, optimizer="adamw")

    assert not made._penalties


def test_proximal_term_pulls_to_the_global_weights(images):
    free, begin = trainer(images)
    bound, _ = trainer(images, aggregation="fedprox", proximal_mu=1.0)
    w, g = begin + 0.25, torch.ones_like(begin)
    bound._penalties[0](g, w, begin)

    assert not free._penalties
    assert torch.allclose(g, torch.full_like(g, 1.25))


def test_without_mu_fedprox_is_fedavg(images):
    assert not trainer(images, aggregation="fedprox", proximal_mu=0)[0]._penalties


def test_every_sample_is_used_once_an_epoch(images, monkeypatch):
    made, begin = trainer(images, batch_size=7)
    seen = []
    descend = made._descend
    monkeypatch.setattr(made, "_descend", lambda b, g: (seen.append(b), descend(b, g))[1])
    share = np.arange(3, 40)
    made.fit(begin, share, streams(), epochs=2)

    assert [len(batch) for batch in seen] == 2 * [7, 7, 7, 7, 7, 2]
    first, second = (np.concatenate(seen[i : i + 6]) for i in (0, 6))
    assert sorted(first) == sorted(second) == share.tolist()
    assert not np.array_equal(first, second)


def test_loss_is_the_mean_of_the_last_epoch(images):
    made, begin = trainer(images, learning_rate=1e-9, batch_size=7)
    fit = made.fit(begin, np.arange(60), streams(), epochs=3)
    outputs = made._network.run(made._network.view(begin), to_tensor(images.x))

    assert fit.loss == pytest.approx(float(cross_entropy(outputs, torch.tensor(images.y))))
    assert fit.wall > 0
    assert fit.cpu > 0


def test_training_begins_anew(images):
    made, begin = trainer(images, optimizer="adam")
    results = []
    for _ in range(2):
        made.fit(begin, np.arange(60), streams(), epochs=2)
        results.append(made.weights.clone())

    assert torch.equal(*results)


def test_dropout_changes_training_alone(images):
    weights = []
    for dropout in (0, 0.5):
        made, begin = trainer(images, dropout=dropout)
        made.fit(begin, np.arange(60), streams(), epochs=1)
        weights.append(made.weights.clone())
        outputs = made._network.run(made._network.view(begin), to_tensor(images.x))
        assert torch.equal(
            outputs, made._network.run(made._network.view(begin), to_tensor(images.x))
        )

    assert not torch.equal(*weights)


def test_dropout_keeps_the_mean():
    data = make_images(side=4)
    made, _ = trainer(data, model_type="MLP", hidden_layers=(2000,), dropout=0.4)
    views = [torch.ones(spec.shape) for spec in made._network.specs]
    x = torch.ones(50, 1, 4, 4)
    full = float(made._network.run(views, x).mean())
    thinned = made._network.run(views, x, torch.Generator())

    assert float(thinned.mean()) == pytest.approx(full, rel=0.01)
    assert thinned.std() > 0


def test_targets_are_standardised():
    data = make_table()
    made, _ = trainer(data, model_type="LogReg")

    assert abs(made._targets.mean()) < 1e-5
    assert made._targets.std() == pytest.approx(1, abs=1e-5)
    assert made._targets.dtype == np.float32
