import numpy as np
import pytest

from datagen_leaf.compat import legacy
from datagen_leaf.compat.legacy import LegacyStream, legacy_stream
from datagen_leaf.leaf_synthetic import leaf_synthetic
from datagen_leaf.tasks.params import LeafSyntheticParams
from leaf_tasks import make


def enact_leaf(params, tasks, seed):
    """Do what LEAF's program does, with numpy's own calls in its order; yield x, y, cluster, u."""
    random = np.random.RandomState(seed)
    drawn = random.lognormal(params.size_mu, params.size_sigma, tasks).astype(int)
    random.seed(seed)
    count, shape = params.num_clusters, (params.num_dim + 1, params.num_classes)
    basis = random.normal(0.0, 1.0, (*shape, count))
    covariance = np.diag([(j + 1) ** -1.2 for j in range(params.num_dim)])
    means = [random.normal(random.normal(0, 1.0), 1.0, count) for _ in range(count)]
    for value in drawn:
        size = min(value + params.min_samples, params.max_samples)
        cluster = random.choice(range(count), p=params.prob_clusters)
        location = random.normal(random.normal(0.0, 1.0), 1.0, params.num_dim)
        x = random.multivariate_normal(location, covariance, size)
        info = random.normal(means[cluster], params.model_sigma, count)
        noise = random.normal(0.0, params.noise, (size, params.num_classes))
        y = np.argmax(np.c_[np.ones(size), x] @ (basis @ info) + noise, axis=1)
        yield x, y, cluster, info


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"prob_clusters": (0.2, 0.3, 0.5), "num_dim": 7},
        {"prob_clusters": (0.5, 0.5), "num_dim": 1, "num_classes": 1},
        {"num_dim": 80, "num_classes": 12, "noise": 1.0, "model_sigma": 2.0},
        {"min_samples": 0, "max_samples": 30, "size_mu": 1.0, "size_sigma": 1.0, "num_dim": 2},
    ],
)
@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_it_is_what_the_program_does(values, seed):
    params = LeafSyntheticParams(stream="leaf", **values)
    made = make(leaf_synthetic, params, 20, seed)
    rows = zip(*made.values(), strict=True)

    for (x, y, cluster, info), (x0, y0, cluster0, info0) in zip(
        rows, enact_leaf(params, 20, seed), strict=True
    ):
        np.testing.assert_allclose(x, x0, rtol=1e-12, atol=1e-13)
        assert np.array_equal(y, y0)
        assert cluster == cluster0
        assert np.array_equal(info, info0)


def states(stream, tasks):
    """Return the generator's next numbers at the border before each of these tasks."""
    return [stream._at(task).standard_normal(3).tolist() for task in tasks]


def test_walking_arrives_where_drawing_does(monkeypatch):
    monkeypatch.setattr(legacy, "_FEW", 0)
    params = LeafSyntheticParams(stream="leaf", num_dim=6, num_classes=4)
    drawn, walked = LegacyStream(params, 1), LegacyStream(params, 1)
    expected = []
    for task in range(60):
        drawn.draw(task, 1)
        expected += states(drawn, [task + 1])

    assert states(walked, range(1, 61)) == expected


def test_long_tasks_are_walked_in_blocks(monkeypatch):
    params = LeafSyntheticParams(stream="leaf", sizes=[5000, 1])
    whole = states(LegacyStream(params, 1), [1])
    monkeypatch.setattr(legacy, "_BLOCK", 1000)

    assert states(LegacyStream(params, 1), [1]) == whole


def test_passed_borders_are_remembered(monkeypatch):
    monkeypatch.setattr(legacy, "MARK_EVERY", 8)
    stream = LegacyStream(LeafSyntheticParams(stream="leaf", num_dim=2), 1)
    far = states(stream, [50])

    assert set(stream._marks) == {0, 8, 16, 24, 32, 40, 48}
    assert states(stream, [50, 3, 50])[::2] == far * 2


def test_drawing_on_needs_no_walk(monkeypatch):
    stream = LegacyStream(LeafSyntheticParams(stream="leaf", num_dim=2), 1)
    stream.draw(0, 10)
    monkeypatch.setattr(legacy._Walker, "skip_task", None)

    assert len(stream.draw(10, 5).clusters) == 5


def test_sizes_do_not_depend_on_how_many_are_asked_for():
    params = LeafSyntheticParams(stream="leaf")
    grown = LegacyStream(params, 1)

    assert [len(grown.sizes(count)) for count in (3, 10, 4)] == [3, 10, 4]
    assert grown.sizes(10).tolist() == LegacyStream(params, 1).sizes(500)[:10].tolist()


def test_a_stream_is_kept_from_batch_to_batch():
    params = LeafSyntheticParams(stream="leaf")

    assert legacy_stream(params, 7) is legacy_stream(LeafSyntheticParams(stream="leaf"), 7)
