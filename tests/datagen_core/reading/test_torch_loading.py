"""Loaders of torch: ragged fields, epochs, several processes, and going on where one ended."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from datagen_core import ConfigurationError, Field, Schema, generate, generator
from datagen_core.reading.epochs import shuffle_positions
from generators_for_tests import count, sine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

EVENT = np.dtype([("when", "M8[s]"), ("at", "f4", (2,)), ("who", [("n", "u8")])])
FIELDS = {
    "path": Field("f4", (2,), ragged=True), "events": Field(EVENT, ragged=True),
    "words": Field(str, ragged=True), "codes": Field("S3", ragged=True), "n": Field("i8"),
    "event": Field(EVENT), "name": Field(str), "mask": Field(bool, ragged=True),
}  # fmt: skip


@generator(2, schema=Schema(FIELDS))
def journeys(size, start):
    for n in range(start, start + size):
        yield {
            "path": np.full((n, 2), n), "events": np.ones(n, EVENT), "n": n,
            "words": [f"w{n}"] * n, "codes": np.array([b"ab"] * n, "S3"), "name": "é" * n,
            "event": np.ones((), EVENT), "mask": np.ones(n, bool),
        }  # fmt: skip


@pytest.fixture(scope="module")
def ragged(tmp_path_factory):
    cache = tmp_path_factory.mktemp("ragged")
    return generate(journeys, 6, executor="inline", cache=cache)["raw"].as_torch()


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    cache = tmp_path_factory.mktemp("counted")
    return generate(count, 23, executor="inline", cache=cache)["raw"].as_torch()


def load(dataset, **options):
    return torch.utils.data.DataLoader(dataset, collate_fn=dataset.collate, **options)


def values(batches):
    return [value for batch in batches for value in batch["value"].tolist()]


@pytest.mark.parametrize(
    "options",
    [{}, {"num_workers": 2, "multiprocessing_context": "spawn"}],
    ids=["no workers", "spawn"],
)
def test_ragged_fields_are_rows_and_lengths(ragged, options):
    first, second = load(ragged, batch_size=4, **options)

    assert first["path"].lengths.tolist() == first["words"].lengths.tolist() == [0, 1, 2, 3]
    assert first["path"].values[:, 0].tolist() == [1, 2, 2, 3, 3, 3]
    assert [part.tolist() for part in second["path"].parts()] == [[[4, 4]] * 4, [[5, 5]] * 5]
    assert first["path"].values.dtype == torch.float32
    assert second["mask"].padded().tolist() == [[True] * 4 + [False], [True] * 5]
    assert (first["n"].tolist(), first["name"]) == ([0, 1, 2, 3], ["", "é", "éé", "ééé"])


def test_ragged_records_and_texts_are_by_member_and_in_lists(ragged):
    (batch,) = load(ragged, batch_size=6)

    assert batch["events"]["when"].values.tolist() == [1] * 15
    assert batch["events"]["at"].values.shape == (15, 2)
    assert batch["events"]["who"]["n"].lengths.tolist() == list(range(6))
    assert batch["words"].parts()[:3] == [[], ["w1"], ["w2", "w2"]]
    assert batch["codes"].values == [b"ab"] * 15
    assert batch["event"]["who"]["n"].dtype == torch.uint64


ODD = np.dtype([("at", "f8"), ("flag", "u1")])


@generator(3, schema=Schema({"odd": Field(ODD), "several": Field(ODD, ragged=True)}))
def odd(size, start):
    """Make records of 9 bytes, which is no multiple of what their members take."""
    for n in range(start, start + size):
        yield {"odd": np.array((n, n), ODD), "several": np.array([(n, 1)] * n, ODD)}


def test_records_of_odd_sizes_are_collated_one_at_a_time_and_together(cache):
    dataset = generate(odd, 3, executor="inline", cache=cache)["raw"].as_torch()
    single = list(load(dataset, batch_size=1))
    (whole,) = load(dataset, batch_size=3)

    assert [batch["odd"]["at"].tolist() for batch in single] == [[0], [1], [2]]
    assert [batch["several"]["at"].values.tolist() for batch in single] == [[], [1], [2, 2]]
    assert whole["odd"]["at"].tolist() == [0, 1, 2]
    assert torch.as_tensor(dataset[1]["several"]["at"]).tolist() == [1]


def test_padding_fills_what_is_lacking(ragged):
    (batch,) = load(ragged, batch_size=6)
    padded = batch["path"].padded(-1)

    assert padded.shape == (6, 5, 2)
    assert padded[3, :, 0].tolist() == [3, 3, 3, -1, -1]
    with pytest.raises(ConfigurationError, match=r"texts and bytes cannot be padded; parts\(\)"):
        batch["words"].padded()


def same(left, right):
    if isinstance(left, torch.Tensor):
        return left.dtype == right.dtype and torch.equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    is_same_type = type(left) is type(right)
    if isinstance(left, tuple):
        return is_same_type and all(map(same, left, right))
    return is_same_type and left == right


def test_samples_are_collated_like_their_columns(ragged):
    fetched = ragged.__getitems__([3, 0, 5])

    assert same(ragged.collate(fetched), ragged.collate(list(fetched)))
    assert same(ragged.collate(fetched), ragged.collate([ragged[3], ragged[0], ragged[5]]))


def test_pairs_are_collated_as_torch_does(tmp_path):
    dataset = generate(sine, 10, executor="inline", cache=tmp_path)["raw"].as_torch()
    fetched = dataset.__getitems__([3, 0, 5])

    for samples in (fetched, list(fetched)):
        mine, theirs = dataset.collate(samples), torch.utils.data.default_collate(samples)
        assert type(mine) is type(theirs)
        assert all(map(same, mine, theirs))


def test_epochs_have_the_orders_of_batches(counted):
    sampler = counted.sampler(seed=4)
    loader = load(counted, batch_size=5, sampler=sampler)
    epochs = [values(loader) for _ in range(3)]
    sampler.set_epoch(1)

    assert epochs == [shuffle_positions(23, 4, epoch).tolist() for epoch in range(3)]
    assert values(loader) == epochs[1]


def test_an_epoch_that_is_cut_short_is_over(counted):
    sampler = counted.sampler()
    next(iter(load(counted, batch_size=5, sampler=sampler)))

    assert list(sampler) == shuffle_positions(23, 0, 1).tolist()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_sample_comes_once_over_all_processes(counted, workers, shuffle):
    samplers = [counted.sampler(shuffle=shuffle, rank=rank, world=3) for rank in range(3)]
    options = {"multiprocessing_context": "fork"} if workers else {}
    loaders = [
        load(counted, batch_size=4, sampler=sampler, num_workers=workers, **options)
        for sampler in samplers
    ]

    for _ in range(2):
        assert sorted(value for loader in loaders for value in values(loader)) == list(range(23))
    assert [len(sampler) for sampler in samplers] == [8, 8, 7]


def test_processes_of_torch_know_their_place(counted, monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 2)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 4)

    assert list(counted.sampler(shuffle=False)) == list(range(2, 23, 4))


def test_a_sampler_goes_on_where_another_one_was(counted):
    sampler = counted.sampler(rank=1, world=2)
    loader = iter(load(counted, batch_size=3, sampler=sampler))
    taken = values([next(loader), next(loader)])
    other = counted.sampler(rank=1, world=2)
    other.load_state_dict(pickle.loads(pickle.dumps(sampler.state_dict())))

    whole = shuffle_positions(23, 0, 0)[1::2].tolist()
    assert taken + values(load(counted, batch_size=3, sampler=other)) == whole
    assert list(other) == shuffle_positions(23, 0, 1)[1::2].tolist()


@pytest.mark.parametrize(("epoch", "position"), [(5, 23), (5, 25), (6, 0)])
def test_behind_the_end_of_an_epoch_is_the_next_one(counted, epoch, position):
    sampler = counted.sampler()
    sampler.load_state_dict({"epoch": epoch, "position": position})

    assert list(sampler) == shuffle_positions(23, 0, 6).tolist()
    assert sampler.state_dict()["epoch"] == 7


def test_a_position_may_be_counted_by_who_uses_batches(counted):
    sampler = counted.sampler()
    sampler.load_state_dict({"epoch": 5, "position": 3 * 4})

    assert list(sampler) == shuffle_positions(23, 0, 5).tolist()[12:]


@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")
@pytest.mark.parametrize(("workers", "batches"), [(0, 0), (0, 2), (0, 5), (2, 2), (2, 5)])
def test_a_stateful_loader_goes_on_in_another_process(counted, workers, batches):
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    options = {"multiprocessing_context": "fork"} if workers else {}

    def begin():
        return stateful.StatefulDataLoader(
            counted, batch_size=5, sampler=counted.sampler(seed=1), num_workers=workers,
            collate_fn=counted.collate, **options,
        )  # fmt: skip

    expected = begin()
    epochs = [[batch["value"].tolist() for batch in expected] for _ in range(2)]
    stopped = begin()
    running = iter(stopped)
    for _ in range(batches):
        next(running)
    resumed = begin()
    resumed.load_state_dict(stopped.state_dict())

    coming = [batch["value"].tolist() for _ in range(2) for batch in resumed]
    assert coming[: len(epochs[1]) + 5 - batches] == epochs[0][batches:] + epochs[1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda made: made.sampler(rank=2, world=2), "rank is 2 of 2; ranks are 0 to 1"),
        (lambda made: made.sampler(rank=-1), "rank is -1; it is 0 or more"),
        (lambda made: made.sampler(world=0), "world is 0; it is 1 or more"),
        (lambda made: made.sampler(seed=-1), "seed is -1"),
        (lambda made: made.sampler().set_epoch(-1), "epoch is -1"),
        (lambda made: made.sampler().load_state_dict(made.sampler(seed=1).state_dict()),
         "a sampler with seed 1, and this one has 0; make it with the same arguments and samples"),
        (lambda made: made.sampler().load_state_dict({"position": -1}), "position is -1"),
        (lambda made: made.sampler().load_state_dict({"model": 1}), "the state has no epoch and"),
    ],
)  # fmt: skip
def test_what_is_no_place_is_one_line(counted, call, message):
    with pytest.raises(ConfigurationError, match=message):
        call(counted)
