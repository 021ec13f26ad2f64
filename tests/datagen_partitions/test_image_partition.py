import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from datagen_core import Cache, DatagenError
from datagen_images import ImagesError
from datagen_partitions.client_files import ImagePartitionParams, dividing, rows
from datagen_partitions.image_partition import image_partition
from idx_files import numbered_images, write_source

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
LABELS = np.arange(40) % 10


@pytest.fixture(autouse=True)
def images(tmp_path, monkeypatch):
    """A KMNIST of 40 images, and nothing remembered from other tests."""
    write_source(tmp_path / "images" / "kmnist", numbered_images(40), LABELS)
    monkeypatch.setenv("DATAGEN_IMAGES", str(tmp_path / "images"))
    for remembered in (rows._load_images, dividing.divide_rows):
        remembered.cache_clear()


def params(**values):
    return ImagePartitionParams(**{"source": "kmnist", "clients": 4, **values})


def samples(bound, start=0, stop=None, seed=0):
    """Make the samples as the engine does, in batches of one; it draws nothing from `rng`."""
    stop = bound.clients if stop is None else stop
    made = (image_partition(1, bound, rng=None, start=i, seed=seed) for i in range(start, stop))
    return [sample for batch in made for sample in batch]


@pytest.mark.parametrize("scheme", ["iid", "labels", "biased", "dirichlet"])
def test_clients_share_out_the_data_set(scheme):
    made = samples(params(scheme=scheme))
    indices = np.concatenate([sample["indices"] for sample in made])
    assert sorted(indices) == list(range(40))
    for sample in made:
        assert np.array_equal(sample["images"], numbered_images(40)[sample["indices"]])
        assert np.array_equal(sample["labels"], LABELS[sample["indices"]])


def test_samples_fit_the_schema():
    sample = samples(params())[0]
    fields = image_partition.schema_of(params()).fields
    assert list(sample) == list(fields)
    for name, field in fields.items():
        assert sample[name].dtype == field.dtype
        assert sample[name].shape == (10, *field.shape)


def test_a_sample_is_the_same_whoever_makes_it():
    whole = samples(params())
    dividing.divide_rows.cache_clear()
    alone = samples(params(), 2, 3)[0]
    assert all(np.array_equal(whole[2][name], alone[name]) for name in alone)


def test_the_seed_changes_the_division():
    first, second = (samples(params(), seed=seed)[0]["indices"] for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_images_are_read_once(monkeypatch):
    calls = []
    load = rows.load_images
    monkeypatch.setattr(rows, "load_images", lambda *a, **k: calls.append(a) or load(*a, **k))
    for seed in (0, 1):
        samples(params(), seed=seed)
    assert len(calls) == 1


def test_there_are_as_many_samples_as_clients():
    assert image_partition.limit(params(clients=7)) == 7
    with pytest.raises(DatagenError, match="has 4 clients; there is no sample 4"):
        samples(params(), 4, 5)


def no_network(downloads, folder):
    raise ImagesError("no network")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"clients": 41}, "cannot divide 40 samples among 41 clients"),
        ({"clients": 11, "scheme": "labels"}, "cannot divide 10 classes among 11 clients"),
        (
            {"sizes": (41,), "scheme": "sizes", "clients": 10},
            "sizes sum to 41, and there are 40 samples",
        ),
        ({"part": "test"}, "kmnist test was not found"),
    ],
)
def test_what_the_data_cannot_give_is_refused_beforehand(monkeypatch, values, message):
    monkeypatch.setattr("datagen_images.sources.loading.downloading", no_network)
    with pytest.raises(DatagenError, match=message):
        image_partition.inspect(params(**values), 0)


@pytest.mark.parametrize(
    "values",
    [
        {"clients": 0},
        {"scheme": "multi_label"},
        {"compat": "flower"},
        {"source": "cifar10"},
        {"part": "valid"},
        {"source": "emnist"},
        {"source": "mnist", "variant": "letters"},
        {"seed": 1},
        {"alpha": 0.5},
        {"distribution": {"a": {"0": 1}}},
    ],
)
def test_wrong_parameters_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        params(**values)


@pytest.mark.skipif(
    not DEBIAN.exists() and "CI" not in os.environ,
    reason="needs Debian's package dataset-fashion-mnist",
)
@pytest.mark.parametrize(
    ("scheme", "digests"),
    [
        ("iid", ["6d92d0c2562d", "be1b33399158", "4400a463f08a"]),
        ("labels", ["c25d4498b3d0", "0fdd06a3d023", "268fdbd68304"]),
        ("biased", ["a04f5d4ecb2d", "d77b2549b2fe", "72cab109e167"]),
        ("dirichlet", ["d959af93715c", "51a0c292a9dd", "b35cedd8a6e2"]),
    ],
)
def test_fashion_mnist_is_divided_as_by_declearn(monkeypatch, scheme, digests):
    monkeypatch.delenv("DATAGEN_IMAGES")
    made = samples(ImagePartitionParams(scheme=scheme, clients=3))
    indices = [np.sort(sample["indices"]).tobytes() for sample in made]
    assert [hashlib.sha256(share).hexdigest()[:12] for share in indices] == digests
    assert sum(len(sample["images"]) for sample in made) == 60000


def test_without_validation_rows_are_in_the_order_of_the_scheme():
    """These samples are in caches: they may not change as long as the version does not."""
    order = np.random.default_rng(0).permutation(40)
    classes = np.random.default_rng(0).permutation(10)
    made = samples(params(clients=3, p_valid=None))

    assert np.array_equal(made[0]["indices"], order[:13])
    assert np.array_equal(made[2]["indices"], order[26:])
    assert not made[2]["validation"].any()
    owned = samples(params(scheme="labels", p_valid=None))[3]["indices"]
    assert np.array_equal(owned, np.flatnonzero(np.isin(LABELS, classes[6:])))


@pytest.mark.parametrize(
    ("values", "sizes"),
    [
        ({"clients": 3, "compat": "original"}, [13, 13, 13]),
        ({"scheme": "sizes", "sizes": [3, 30]}, [3, 30]),
        ({"scheme": "natural_id"}, [4] * 10),
        ({"scheme": "shard", "clients": 5}, [8] * 5),
        ({"scheme": "custom", "distribution": {"b": {"3": 4}, "a": {"0": 2}}}, [2, 4]),
    ],
)
def test_there_are_more_schemes(values, sizes):
    values = {"clients": 2 if values.get("scheme") == "custom" else 10, **values}
    bound = params(**values)
    count = image_partition.limit(bound)
    assert [len(sample["indices"]) for sample in samples(bound, stop=count)] == sizes


def test_files_of_the_user_are_divided_in_other_processes(tmp_path, run_cli):
    table = "\n".join(f"{i}.5,{i % 2}" for i in range(20))
    (tmp_path / "t.csv").write_text(f"a,y\n{table}\n")
    given = ["-p", f"data_file={tmp_path / 't.csv'}", "-p", "label_file=y", "-p", "clients=2"]
    answer = run_cli("generate", "image_partition", "--total", "2", *given, "--executor", "local")
    assert answer.code == 0, answer.err
    (tmp_path / "t.csv").unlink()
    sample = Cache()["image_partition"][0]["raw"][1]

    assert (sample["data"].dtype, sample["data"].shape) == (np.float64, (10, 1))
    assert np.array_equal(sample["data"][:, 0], sample["indices"] + 0.5)
    assert sample["labels"].dtype == np.int64
    assert sample["validation"].tolist() == [False] * 8 + [True] * 2


def test_a_wrong_seed_is_refused_before_any_job(run_cli, cache):
    words = ["-p", "source=kmnist", "-p", "scheme=dirichlet", "-p", "alpha=0.02", "-p", "clients=9"]
    answer = run_cli("generate", "image_partition", "--total", "9", *words, "--seed", "2")

    assert (answer.code, "client 4 has 0 rows and none for training" in answer.err) == (2, True)
    assert not cache.exists()


@pytest.mark.parametrize("clients", [0, 99999999])
def test_a_wrong_number_of_clients_is_a_wrong_parameter(run_cli, cache, clients):
    answer = run_cli(
        "generate", "image_partition", "-n", "1", "-p", "source=kmnist", "-p", f"clients={clients}"
    )

    assert (answer.code, answer.err.count("\n"), cache.exists()) == (2, 1, False)
