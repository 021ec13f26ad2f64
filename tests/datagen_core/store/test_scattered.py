"""Samples that lie scattered: files of their own, which generations of the ledger name."""

from __future__ import annotations

import base64
import json
import zlib
from contextlib import nullcontext

import numpy as np
import pytest

from datagen_core import edges
from datagen_core.batches import draw
from datagen_core.errors import DamagedFileError, NewerFormatError
from datagen_core.generators.identity import sha256_of
from datagen_core.ranges import IntervalList, IntervalSet
from datagen_core.store import scattered
from datagen_core.store.assignments import Ledger
from datagen_core.store.documents import write_document
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import publish_ledger, read_ledger
from datagen_core.store.scattered import read_items, write_items

EVERY_THIRD = IntervalSet((i, i + 1) for i in range(5, 3005, 3))
FAR_APART = IntervalSet((i, i + 1) for i in range(0, 300 * 10**9, 10**9))


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.setattr("datagen_core.store.documents._RETRIES", 1)
    scattered._read.cache_clear()
    (tmp_path / "set").mkdir()
    return SetPaths(tmp_path / "set")


def files(paths):
    return sorted(paths.scattered.glob("*"))


@pytest.mark.parametrize("samples", [EVERY_THIRD, FAR_APART])
def test_samples_come_back_as_written(paths, samples):
    order = IntervalList.of([IntervalSet([(4000, 4001)]), samples, IntervalSet([(1, 2)])])
    items = json.loads(json.dumps(write_items(paths, order)))
    found = read_items(paths, items)

    assert (found, found.size) == (order, order.size)
    assert len(items) == 3
    assert sum(path.stat().st_size for path in files(paths)) < 10_000


def test_few_intervals_stay_in_the_document(paths):
    samples = IntervalSet((i, i + 1) for i in range(0, 500, 2))

    assert write_items(paths, samples) == [list(pair) for pair in samples]
    assert not files(paths)


def test_equal_samples_are_in_one_file(paths):
    for _ in range(2):
        write_items(paths, EVERY_THIRD)

    assert len(files(paths)) == 1


def size_of(paths):
    return sum(path.stat().st_size for path in paths.splits.rglob("*.json"))


@pytest.mark.parametrize("share", [0.5, 0.35, 0.1, 0.9])
def test_half_a_million_samples_take_less_than_200_kb(paths, share):
    everything = IntervalSet([(0, 10**6)])
    drawn = draw(3, "ab" * 32, everything, int(share * 10**6))
    ledger = Ledger().assign(drawn, "train", "1")
    publish_ledger(paths, ledger)
    first = size_of(paths)
    for number in range(20):
        ledger = read_ledger(paths)
        publish_ledger(
            paths, ledger.assign(ledger.raw(everything).lowest(100), "test", f"{number}")
        )

    assert first < 200_000
    assert size_of(paths) < first + 80_000  # each generation has what is new, not all of it
    assert read_ledger(paths).count(everything)["train"] == len(drawn)


def test_whoever_counts_reads_no_file(paths):
    publish_ledger(paths, Ledger().assign(EVERY_THIRD, "train", "1"))
    files(paths)[0].unlink()

    assert read_ledger(paths).count(IntervalSet([(0, 4000)])) == {"raw": 3000, "train": 1000}
    with pytest.raises(DamagedFileError, match="is missing, which says which samples"):
        read_ledger(paths).raw(IntervalSet([(0, 4000)]))


def test_the_file_of_other_samples_is_damage(paths):
    publish_ledger(paths, Ledger().assign(EVERY_THIRD, "train", "1"))
    (ours,) = files(paths)
    write_items(paths, EVERY_THIRD - IntervalSet([(5, 6)]))
    other = max(files(paths), key=lambda path: path != ours)
    other.replace(ours)

    with pytest.raises(DamagedFileError, match="not what its name says"):
        list(read_ledger(paths).splits["train"])


@pytest.mark.parametrize(("form", "error"), [("1.7", None), ("2.0", NewerFormatError)])
def test_a_newer_version_may_add_to_a_file(paths, form, error):
    publish_ledger(paths, Ledger().assign(EVERY_THIRD, "train", "1"))
    (path,) = files(paths)
    content = {
        key: value for key, value in json.loads(path.read_text()).items() if key != "checksum"
    }
    path.write_text(write_document({**content, "format": form}))

    with pytest.raises(error) if error else nullcontext():
        assert read_ledger(paths).assigned == EVERY_THIRD


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bits": "AAAA"}, "cannot be unpacked"),
        ({"bits": "?"}, "is damaged"),
        ({"size": 2**62}, "more than any version writes"),
        ({"bits": base64.b64encode(zlib.compress(bytes(99))).decode()}, "it has no samples"),
        ({"samples": [[5, 5]]}, "it has no samples"),
        ({"start": -1}, "'start'"),
    ],
)
def test_whatever_stands_in_a_file_is_damage(paths, changed, message):
    publish_ledger(paths, Ledger().assign(EVERY_THIRD, "train", "1"))
    (path,) = files(paths)
    content = {**json.loads(path.read_text()), **changed}
    del content["checksum"], content["format"]
    other = path.with_name(f"{sha256_of(content)}.json")
    other.write_text(write_document({**content, "format": "1.0"}))
    items = [{"scattered": other.stem, "samples": 1000, "span": [5, 3003]}]

    with pytest.raises(DamagedFileError, match=message):
        list(read_items(paths, items))


def test_a_generation_that_says_another_number_is_damage(paths):
    items = write_items(paths, EVERY_THIRD)
    items[0]["samples"] += 1

    with pytest.raises(DamagedFileError, match="does not hold the samples that the ledger says"):
        list(read_items(paths, items))


def test_scattered_samples_in_two_splits_are_damage(paths):
    ledger = Ledger().assign(EVERY_THIRD, "train", "1").assign(EVERY_THIRD, "test", "2")
    publish_ledger(paths, ledger)

    with pytest.raises(DamagedFileError, match="a sample is in two splits"):
        read_ledger(paths).raw(IntervalSet([(0, 4000)]))


@pytest.mark.parametrize(
    ("samples", "form"), [(EVERY_THIRD, "3.0"), (IntervalSet([(0, 9)]), "1.0")]
)
def test_only_what_older_versions_cannot_read_raises_the_format(paths, samples, form):
    publish_ledger(paths, Ledger().assign(samples, "train", "1"))

    assert json.loads(paths.generation(1).read_text())["format"] == form


def test_another_set_gets_a_file_of_its_own(paths, tmp_path):
    publish_ledger(paths, Ledger().assign(EVERY_THIRD, "train", "1"))
    other = SetPaths(tmp_path / "other")
    other.root.mkdir()
    publish_ledger(other, read_ledger(paths))

    assert [path.name for path in files(other)] == [path.name for path in files(paths)]
    assert edges.indices_of(read_ledger(other).splits["train"].bounds.reshape(-1)).size == 1000


def test_a_ledger_pickles_to_little(paths):
    publish_ledger(paths, Ledger().assign(EVERY_THIRD, "train", "1"))
    found = read_ledger(paths).splits["train"]

    assert len(found.parts[0].__reduce__()) == 2
    assert np.array_equal(found.bounds.reshape(-1), EVERY_THIRD.edges)
