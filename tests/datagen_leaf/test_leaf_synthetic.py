import numpy as np
import pytest

import datagen_leaf
from datagen_core import Cache, DatagenError, generate
from datagen_core.errors import ConfigurationError
from datagen_leaf.compat.legacy import legacy_stream
from datagen_leaf.leaf_synthetic import BATCH_SIZE, leaf_synthetic, mixture_of
from datagen_leaf.tasks.params import LeafSyntheticParams
from leaf_tasks import GOLDEN, digests, has_reference_logarithm, make, sha256

SMALL = {"num_dim": 4, "num_classes": 3, "prob_clusters": (0.25, 0.75), "max_samples": 60}


@pytest.fixture(params=["counter", "leaf"])
def stream(request):
    return request.param


@pytest.fixture
def random_order():
    return np.random.default_rng(1)


def make_golden(golden):
    names = ("num_classes", "num_dim", "prob_clusters")
    params = LeafSyntheticParams(stream="leaf", **{name: golden[name] for name in names})
    return make(leaf_synthetic, params, golden["num_tasks"], golden["seed"])


@pytest.mark.parametrize("golden", GOLDEN.values(), ids=GOLDEN)
def test_stream_leaf_makes_the_numbers_of_leaf(golden):
    made = make_golden(golden)

    assert sha256(made["y"].rows()) == golden["y_sha256"]
    assert sha256(made["x"].lengths) == golden["num_samples_sha256"]
    head = len(golden["x_first_row"])
    np.testing.assert_allclose(made["x"].rows()[0, :head], golden["x_first_row"], rtol=1e-13)
    np.testing.assert_allclose(made["x"].rows()[-1, :head], golden["x_last_row"], rtol=1e-13)


@pytest.mark.skipif(not has_reference_logarithm(), reason="log() may differ in its last bit")
@pytest.mark.parametrize("golden", GOLDEN.values(), ids=GOLDEN)
def test_stream_leaf_makes_them_to_the_last_bit(golden):
    assert sha256(make_golden(golden)["x"].rows()) == golden["x_sha256"]


@pytest.mark.parametrize("batch_size", [1, 7, 50])
def test_stream_leaf_is_the_same_in_any_batches_and_order(batch_size, random_order):
    params = LeafSyntheticParams(stream="leaf", **SMALL)
    whole = make(leaf_synthetic, params, 100, seed=5)
    legacy_stream.cache_clear()
    starts = random_order.permutation(np.arange(0, 100, batch_size)).tolist()

    assert digests(make(leaf_synthetic, params, 100, 5, batch_size, starts)) == digests(whole)


def test_a_batch_is_the_same_whatever_was_made_before(stream, random_order):
    params = LeafSyntheticParams(stream=stream, **SMALL)
    whole = make(leaf_synthetic, params, 4 * BATCH_SIZE)
    legacy_stream.cache_clear()
    starts = random_order.permutation(np.arange(0, 4 * BATCH_SIZE, BATCH_SIZE)).tolist()

    assert digests(make(leaf_synthetic, params, 4 * BATCH_SIZE, starts=starts)) == digests(whole)


def test_topping_up_appends(stream, tmp_path):
    params = {"stream": stream, **SMALL}
    for name, counts in (("once", [100]), ("twice", [37, 63])):
        for count in counts:
            generate("leaf_synthetic", count, params, executor="inline", cache=tmp_path / name)
    once, twice = (Cache(tmp_path / name)["leaf_synthetic"][0]["raw"] for name in ("once", "twice"))

    assert len(twice) == 100
    assert digests(once.get(100)) == digests(twice.get(100))


def test_a_task_has_its_fields(stream):
    made = make(leaf_synthetic, LeafSyntheticParams(stream=stream, **SMALL), 10)

    assert list(made) == ["x", "y", "cluster", "model_info"]
    assert made["cluster"].dtype == np.int64
    assert made["x"].values.dtype == np.float64
    assert made["y"].values.dtype == np.int64
    assert made["model_info"].shape == (10, 2)
    for x, y in zip(made["x"], made["y"], strict=True):
        assert x.shape == (len(y), 4)
        assert set(y.tolist()) <= {0, 1, 2}


def test_the_true_model_labels_what_has_no_noise(stream):
    params = LeafSyntheticParams(stream=stream, noise=0, **SMALL)
    made = make(leaf_synthetic, params, 20, seed=3)

    for x, y, info in zip(made["x"], made["y"], made["model_info"], strict=True):
        model = datagen_leaf.true_model(params.canonical(), 3, info)
        assert model.shape == (5, 3)
        assert np.array_equal((x @ model[1:] + model[0]).argmax(axis=1), y)


def test_the_seed_changes_what_tasks_share(stream):
    params = LeafSyntheticParams(stream=stream, **SMALL)

    assert not np.array_equal(mixture_of(params, 0).basis, mixture_of(params, 1).basis)


def test_sizes_can_be_given(stream):
    sizes = (3, 1, 2000, 7, *range(1, 2 * BATCH_SIZE))
    params = LeafSyntheticParams(stream=stream, sizes=sizes, **SMALL)
    made = make(leaf_synthetic, params, len(sizes))

    assert made["x"].lengths.tolist() == list(sizes)
    assert leaf_synthetic.limit(params) == len(sizes)
    assert leaf_synthetic.limit(LeafSyntheticParams()) is None


def test_no_more_tasks_than_sizes(stream, tmp_path):
    params = {"stream": stream, "sizes": [4] * 40, **SMALL}
    made = generate("leaf_synthetic", 40, params, executor="inline", cache=tmp_path)

    assert made["raw"].get(40)["y"].lengths.tolist() == [4] * 40
    with pytest.raises(ConfigurationError, match="there are 40 samples"):
        generate("leaf_synthetic", 1, params, executor="inline", cache=tmp_path)


def test_the_sizes_of_leaf_given_back_change_nothing():
    drawn = make(leaf_synthetic, LeafSyntheticParams(stream="leaf", **SMALL), 30)
    given = LeafSyntheticParams(stream="leaf", sizes=drawn["x"].lengths.tolist(), **SMALL)

    assert digests(make(leaf_synthetic, given, 30)) == digests(drawn)


def test_a_seed_that_leaf_cannot_take_is_refused():
    with pytest.raises(DatagenError, match="seeds below 2"):
        make(leaf_synthetic, LeafSyntheticParams(stream="leaf", **SMALL), 1, seed=2**32)


def test_such_a_seed_leaves_no_empty_set(run_cli, tmp_path):
    words = ["generate", "leaf_synthetic", "-p", "stream=leaf", "--seed", 2**32, "-n", 5]
    answer = run_cli(*words, "--executor", "inline", "--cache", tmp_path / "none")

    assert (answer.code, (tmp_path / "none").exists()) == (2, False)
    assert answer.err == (
        "datagen: error: stream=leaf takes seeds below 2**32 = 4294967296, as LEAF does, not "
        "4294967296; give another --seed, or leave out stream\n"
    )


@pytest.mark.parametrize("generator", ["leaf_synthetic", "fedprox_synthetic"])
@pytest.mark.parametrize(
    "value", ["max_samples=1e18", "min_samples=-1", "num_dim=1000000000", "num_classes=1e12"]
)
def test_sizes_that_no_array_has_are_refused_before_a_run(run_cli, tmp_path, generator, value):
    words = ["generate", generator, "-p", value, "-n", 5]
    answer = run_cli(*words, "--executor", "inline", "--cache", tmp_path / "none")

    assert (answer.code, (tmp_path / "none").exists()) == (2, False)


@pytest.mark.parametrize(
    "values",
    [
        {"num_classes": 0},
        {"num_dim": 0},
        {"prob_clusters": ()},
        {"prob_clusters": (0.5, 0.4)},
        {"prob_clusters": (1.5, -0.5)},
        {"min_samples": -1},
        {"max_samples": 4},
        {"max_samples": 0, "min_samples": 0},
        {"size_sigma": -1},
        {"model_sigma": -0.1},
        {"noise": -0.1},
        {"sizes": ()},
        {"sizes": (5, 0)},
        {"stream": "philox"},
    ],
)
def test_wrong_parameters_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        LeafSyntheticParams(**values)
