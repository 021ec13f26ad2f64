"""Samples in torch's data loaders: right with any number of workers and any start method."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

import datagen_core
from datagen_core import ConfigurationError, Field, Schema, generate
from generators_for_tests import images, sine, walks

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    cache = tmp_path_factory.mktemp("torch")
    for n in (25, 15):
        made = generate(sine, n, executor="inline", cache=cache)
    return made["raw"]


def loaded(dataset, **options):
    batches = list(torch.utils.data.DataLoader(dataset, batch_size=8, **options))
    return [torch.cat(parts).numpy() for parts in zip(*batches, strict=True)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_workers": 2, "multiprocessing_context": "fork"},
        {"num_workers": 2, "multiprocessing_context": "spawn"},
    ],
    ids=["no workers", "fork", "spawn"],
)
def test_a_loader_gives_the_bytes_of_get(pairs, options):
    pairs.get(3)  # files are open in the parent, which must not harm its children
    X, y = loaded(pairs.as_torch(), **options)

    assert X.tobytes() == pairs.get()[0].tobytes()
    assert y.tobytes() == pairs.get()[1].tobytes()


def test_a_shuffled_loader_gives_every_sample_once(pairs):
    X, _ = loaded(pairs.as_torch(), shuffle=True)

    assert sorted(X) == sorted(pairs.get()[0])


def test_single_items_are_those_of_the_split(pairs):
    dataset = pairs.as_torch()

    assert len(dataset) == 40
    assert dataset[39] == pairs[39]
    assert dataset.__getitems__([3, 1]) == [pairs[3], pairs[1]]
    assert isinstance(dataset, torch.utils.data.Dataset)


def test_samples_of_named_fields_are_dicts(tmp_path):
    dataset = generate(images, 10, executor="inline", cache=tmp_path)["raw"].as_torch()
    first, second = dataset.__getitems__([4, 7])

    assert first["image"].shape == (4, 4)
    assert np.array_equal(second["bits"], dataset[7]["bits"])


def test_text_reaches_the_loader(tmp_path):
    raw = generate(walks, 4, executor="inline", cache=tmp_path)["raw"]
    loader = torch.utils.data.DataLoader(
        raw.as_torch(), collate_fn=lambda items: items, batch_size=4
    )

    assert [item["name"] for item in next(iter(loader))] == [f"walk {n}" for n in range(4)]


def test_the_dataset_travels_light_after_use(pairs):
    dataset = pairs.as_torch()
    assert dataset[0] == pairs[0]

    assert len(pickle.dumps(dataset)) < 10_000
    assert pickle.loads(pickle.dumps(dataset))[5] == pairs[5]


def test_torch_is_imported_only_when_it_is_asked_for(pairs):
    program = (
        "import sys, pickle; raw = pickle.loads(sys.stdin.buffer.read()); raw.get(3);"
        "assert 'torch' not in sys.modules; raw.as_torch(); assert 'torch' in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], input=pickle.dumps(pairs), check=True)


INNER = np.dtype([("p", "u8"), ("t", "M8[s]", (2,))])
SPECIAL = {
    "big": ("u8", [2**64 - 1, 1, 0]),
    "half": ("f2", [0.1, -0.0, 1]),
    "wave": ("c8", [1 - 2j, 1j, 0]),
    "when": ("M8[us]", ["2020-01-01", "NaT", "1969-01-01"]),
    "later": ("m8[D]", [5, "NaT", -5]),
    "code": ("S3", [b"ab", b"", b"abc"]),
    "raw": ("V2", [b"a\0", b"\0\0", b"ab"]),
    "record": (INNER, [(2**64 - 1, ["2020", "NaT"]), (0, ["1970", "1971"]), (1, ["1", "2"])]),
}


@pytest.fixture(scope="module")
def special(tmp_path_factory):
    columns = {name: np.array(values, dtype) for name, (dtype, values) in SPECIAL.items()}
    fields = {name: Field(column.dtype) for name, column in columns.items()}

    @datagen_core.generator(1, schema=Schema({**fields, "text": Field(str), "data": Field(bytes)}))
    def special(size, start):
        words = {"text": "é", "data": b"a\0"}
        for place in range(start, start + size):
            yield {name: column[place] for name, column in columns.items()} | words

    made = generate(special, 3, executor="inline", cache=tmp_path_factory.mktemp("special"))
    return made["raw"].as_torch(), columns


@pytest.mark.parametrize("get", [torch.utils.data.DataLoader, "one by one"], ids=["batch", "one"])
def test_types_without_tensors_are_collated_exactly(special, get):
    dataset, columns = special
    if get == "one by one":
        batch = torch.utils.data.default_collate([dataset[place] for place in range(3)])
    else:
        batch = next(iter(get(dataset, batch_size=3)))

    for name in ("big", "half", "wave"):
        assert batch[name].numpy().tobytes() == columns[name].tobytes()
    for name in ("when", "later"):
        assert batch[name].numpy().view(columns[name].dtype).tobytes() == columns[name].tobytes()
    for name in ("code", "raw"):
        assert batch[name] == columns[name].tolist()
    assert batch["record"]["p"].numpy().tobytes() == columns["record"]["p"].tobytes()
    assert batch["record"]["t"].numpy().tobytes() == columns["record"]["t"].tobytes()
    assert (batch["text"], batch["data"]) == (["é"] * 3, [b"a\0"] * 3)


@pytest.mark.parametrize("dtype", ["longdouble", "clongdouble", [("a", "f8"), ("b", "longdouble")]])
def test_what_torch_lacks_is_one_line(tmp_path, dtype):
    @datagen_core.generator(1, schema=Schema({"long": Field(dtype)}))
    def long(size):
        yield from [{"long": np.zeros((), dtype)}] * size

    made = generate(long, 3, executor="inline", cache=tmp_path)
    with pytest.raises(ConfigurationError, match=r"long is .*, which torch lacks; read it"):
        made["raw"].as_torch()
