"""A batch is a pure function of generator, params, seed and its number."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datagen_core
from datagen_core.errors import GeneratorError
from datagen_core.ranges import Interval
from datagen_core.scheduling.batches import BatchMaker, preserved_global_generators
from datagen_core.store.keys import derive_secret
from datagen_core.store.shards import columns_checksum
from demands import demand_for
from generators_for_tests import count, images, sine, squeezed, walks

PINNED = {
    "walks": "85fc9e974f58d3084ec35861501ee11c535067eb6aeea2f6d69d23313c827b49",
    "images": "80ef11486faf43fde5c14490599d3e34b0dc315ea3c62ad2d0ebddf36f8bdfba",
    "squeezed": "664c1f2ce63714b413cdcb4b32bc278fce7e29ef6c7de1c5581a637b6b71829f",
}
DIGEST = "8357966479a3e276969ed0f22e0aa52a9a352c8af62f5f32aa756989d740b96b"
BYTES = "a57fcce847391d98764fa7ba005fc98dc994dd056fff9d85df151d74b4d7c03c"


SEALED = 0.4185334508576519


def maker_of(generator, params=None, seed=0):
    demand = demand_for(generator, Path("nowhere"), 1, params, seed)
    return BatchMaker.of(generator, demand.record)


@pytest.mark.parametrize("generator", [walks, images, squeezed], ids=lambda g: g.name)
def test_first_samples_are_pinned(generator):
    maker = maker_of(generator)
    columns, _ = maker.make(Interval(0, generator.batch_size), None)

    assert columns_checksum(columns) == PINNED[generator.name]


def test_bytes_of_the_first_samples_are_pinned():
    maker = maker_of(sine, {"left": 0, "noise": 0.5}, seed=3)
    columns, _ = maker.make(Interval(0, 10), None)

    assert maker.record.digest == DIGEST
    # Of x alone, since the last bit of a sine depends on the processor.
    assert hashlib.sha256(columns["x"].tobytes()).hexdigest() == BYTES


@given(st.integers(0, 5), st.data())
def test_part_of_a_batch_is_cut_from_the_whole(batch, data):
    maker = maker_of(walks)
    low = data.draw(st.integers(0, 3))
    high = data.draw(st.integers(low + 1, 4))
    whole, schema = maker.make(Interval(4 * batch, 4 * batch + 4), None)
    part, _ = maker.make(Interval(4 * batch + low, 4 * batch + high), schema)

    expected = {name: column[low:high] for name, column in whole.items()}
    assert columns_checksum(part) == columns_checksum(expected)


def checksums(maker, batches):
    schema = maker.first_schema()
    return {b: columns_checksum(maker.make(Interval(4 * b, 4 * b + 4), schema)[0]) for b in batches}


@settings(max_examples=10)
@given(st.permutations(range(5)))
def test_order_is_of_no_account(order):
    maker = maker_of(walks)

    assert checksums(maker, order) == checksums(maker_of(walks), range(5))


def test_batches_seeds_and_params_differ():
    made = [
        *checksums(maker_of(walks), range(3)).values(),
        *checksums(maker_of(walks, seed=1), range(3)).values(),
    ]

    assert len(set(made)) == 6


def test_the_last_batch_is_cut_at_the_limit():
    maker = maker_of(count)

    assert maker.make(Interval(20, 25), None)[0]["value"].tolist() == [20, 21, 22, 23, 24]


@datagen_core.generator(3, name="sealed", private=lambda params: False)
def sealed(size, secret, rng):
    for _ in range(size):
        yield {"secret": secret.hex(), "drawn": rng.random()}


def test_what_is_secret_follows_from_the_key_and_differs_from_what_is_drawn_with():
    """Batches that an earlier version made go on with the same noise."""
    maker = maker_of(sealed)
    record = replace(maker.record, digest="ab" * 32)
    made = replace(maker, key=bytes(32), record=record).make(Interval(3, 6), None)[0]

    assert set(made["secret"]) == {derive_secret(bytes(32), "secret", record.digest, 1).hex()}
    assert made["drawn"][0] == SEALED


def test_a_private_set_stays_private():
    owner = {"instance": "0" * 32, "user": "me", "host": "here", "cache": "cache"}
    record = replace(maker_of(sealed).record, owner=owner)
    with pytest.raises(GeneratorError, match="declares these parameters public now, and did not"):
        BatchMaker.of(sealed, record)


@datagen_core.generator(3, name="seeded")
def seeded(size, start, seed):
    return {"index": range(start, start + size), "seed": [seed] * size}


def test_a_generator_is_told_the_seed_and_the_index_of_its_first_sample():
    made = maker_of(seeded, seed=7).make(Interval(4, 6), None)[0]

    assert (made["index"].tolist(), made["seed"].tolist()) == ([4, 5], [7, 7])


@datagen_core.generator(3, name="careless")
def careless(size):
    for _ in range(size):
        yield np.random.normal(), random.random()


def test_global_generators_are_seeded_for_the_careless():
    first, second = (maker_of(careless).make(Interval(3, 6), None)[0] for _ in range(2))

    assert columns_checksum(first) == columns_checksum(second)


def test_global_generators_are_given_back():
    np.random.seed(1)
    random.seed(1)
    before = np.random.get_state()[1].tolist(), random.getstate()
    with preserved_global_generators():
        maker_of(careless).make(Interval(0, 3), None)

    assert (np.random.get_state()[1].tolist(), random.getstate()) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 9}, "batch size 9.*begun with 4"),
        ({"version": "2"}, "version 2.*begun with 1"),
    ],
)
def test_another_generator_of_that_name_is_refused(changes, words):
    record = demand_for(walks, Path("nowhere")).record
    other = datagen_core.DatasetGenerator(**{**vars(walks), **changes})

    with pytest.raises(GeneratorError, match=words):
        BatchMaker.of(other, record)
