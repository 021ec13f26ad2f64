import numpy as np
import pytest

from datagen_federated.simulation.aggregation import Server
from federated_data import quick

LOCAL = [np.array([1, 2], np.float32), np.array([4, -2], np.float32)]


def combine(server, samples=(1, 3)):
    server.begin_round()
    for weights, count in zip(LOCAL, samples, strict=False):
        server.receive(weights, count)
    server.finish_round()
    return server.weights


@pytest.mark.parametrize(
    ("aggregation", "mean"),
    [("weighted", [3.25, -1.0]), ("fedprox", [3.25, -1.0]), ("uniform", [2.5, 0.0])],
)
def test_means_by_hand(aggregation, mean):
    server = Server(np.zeros(2, np.float32), quick(aggregation=aggregation))
    weights = combine(server)

    assert weights.tolist() == mean
    assert weights.dtype == np.float32


@pytest.mark.parametrize("aggregation", ["weighted", "uniform", "fedprox", "fedadam"])
def test_weights_stay_without_participants(aggregation):
    server = Server(np.array([5, 6], np.float32), quick(aggregation=aggregation))

    assert combine(server, samples=()).tolist() == [5, 6]


def test_a_round_forgets_the_one_before():
    server = Server(np.zeros(2, np.float32), quick())

    assert combine(server).tolist() == combine(server).tolist()


def test_fedadam_by_hand():
    params = quick(aggregation="fedadam", server_learning_rate=0.1, server_tau=0.01)
    server = Server(np.zeros(2, np.float32), params)
    w, m, v = np.zeros(2), np.zeros(2), np.full(2, 1e-4)
    for _ in range(3):
        change = np.array([3.25, -1.0]) - w
        m, v = 0.9 * m + 0.1 * change, 0.99 * v + 0.01 * change**2
        w = (w + 0.1 * m / (np.sqrt(v) + 0.01)).astype(np.float32)

        assert np.allclose(combine(server), w, rtol=1e-6)
