"""Digests of content: their rules, written once more, and what they do not depend on."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datagen_core
from datagen_core import (
    Cache,
    DamagedFileError,
    Field,
    Interval,
    Ragged,
    Samples,
    Schema,
    generate,
)
from datagen_core.reading.content import cut_columns, describe_content
from datagen_core.store import shard_columns
from datagen_core.store.compaction import compact
from datagen_core.store.shards import ShardLabel, publish_shard
from datagen_core.upkeep.preprocess import preprocess
from generators_for_tests import images, sine, squeezed, walks
from strategies import filled_schemas
from view_parts import MIXED, make, published, teams

ALL = [sine, walks, images, squeezed]
GENERATORS = pytest.mark.parametrize("generator", ALL, ids=lambda g: g.name)

KNOWN = "36ea6ebe2d4bdb1900545af27b2119cc5df7e65f29f36f7a0f25b44547012a5a"


def digest_by_the_rules(samples):
    """Return the digest of samples as the documentation has it, from what `get` returns."""
    got = samples.get()
    columns = dict(zip("xy", got, strict=True)) if isinstance(got, tuple) else got
    fields = samples.schema.fields
    described = [hash_field(name, field, columns[name]) for name, field in fields.items()]
    content = {"content": 1, "samples": len(samples), "fields": described}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def hash_field(name, field, column):
    described = {"name": name, **field.to_json()}
    described.pop("measured", None)
    if field.ragged:
        described["lengths"] = sha256(*(len(array).to_bytes(8, "little") for array in column))
        column = [value for array in column for value in array]
    if field.element:
        column = [each.encode() if field.is_text else each for each in column]
        described["sizes"] = sha256(*(len(each).to_bytes(8, "little") for each in column))
        return described | {"values": sha256(*column)}
    return described | {"values": sha256(*(value.tobytes() for value in column))}


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()


def publish(folder, columns, cuts, *, compress=False):
    for start, stop in pairwise(cuts):
        part = {name: column[start:stop] for name, column in columns.items()}
        label = ShardLabel("g", "0" * 64, Interval(start, stop))
        publish_shard(folder, folder, label, part, compress=compress)


@given(filled_schemas(min_rows=1), st.data())
def test_the_rules_are_those_of_the_documentation(tmp_path_factory, filled, data):
    schema, columns, rows = filled
    cuts = sorted({0, rows, *data.draw(st.lists(st.integers(0, rows)))})
    folder = tmp_path_factory.mktemp("shards")
    publish(folder, columns, cuts, compress=data.draw(st.booleans()))
    samples = Samples("some", [folder], schema, [Interval(0, rows)])

    assert samples.digest == digest_by_the_rules(samples)
    assert samples.content == describe_content(schema, rows, cut_columns(columns))


def test_the_digest_of_known_samples_never_changes(cache):
    @datagen_core.generator(3)
    def known(start, size):
        for index in range(start, start + size):
            times = np.array([index], "M8[s]")
            texts = {"t": "ä" * index, "b": b"\0" * index}
            yield {"n": index / 4, **texts, "r": np.arange(index), "m": times}

    made = generate(known, 5, executor="inline", cache=cache)

    assert made.samples.digest == KNOWN


@GENERATORS
def test_files_do_not_matter(tmp_path, generator):
    one = generate(generator, 23, executor="inline", cache=tmp_path / "one")
    for n in (3, 9, 11):
        many = generate(generator, n, executor="inline", cache=tmp_path / "many")
    before = many.samples.digest
    compact(many.paths, many.record, many.schema, grace=0)

    assert (
        one.samples.digest == before == Cache(tmp_path / "many")[generator.name][0].samples.digest
    )
    assert before == digest_by_the_rules(one.samples)


@GENERATORS
@pytest.mark.parametrize("size", [1, 9, 64])
def test_the_size_of_pieces_does_not_matter(cache, monkeypatch, generator, size):
    made = generate(generator, 23, executor="inline", cache=cache)
    whole = made.samples.digest
    monkeypatch.setattr(shard_columns, "PIECE_BYTES", 8 * size)
    monkeypatch.setattr(shard_columns, "_PIECE_TEXTS", size)

    assert made.samples.digest == whole


@GENERATORS
def test_excluded_samples_are_left_out(cache, generator):
    for n in (8, 15):
        made = generate(generator, n, executor="inline", cache=cache)
    made.move(20, "train")
    made.exclude([0, 2, 4, 5, 7, 8, 19, 21], "bad")

    for samples in (made["train"], made["raw"], made.samples):
        assert samples.digest == digest_by_the_rules(samples)


def test_order_is_part_of_the_content(cache):
    made = generate(sine, 9, executor="inline", cache=cache)
    folders, schema = (made.paths.shards,), made.schema
    parts = [[(0, 9)], [(0, 3), (6, 9), (3, 6)], [(6, 9), (0, 6)]]
    orders = [Samples("s", folders, schema, [Interval(*each) for each in part]) for part in parts]

    assert len({order.digest for order in orders}) == 3
    assert all(order.digest == digest_by_the_rules(order) for order in orders)


def content_of(field, column, name="value"):
    return describe_content(Schema({name: field}), len(column), cut_columns({name: column}))


def test_names_types_and_lengths_are_part_of_the_content():
    numbers, ends = np.zeros(4), np.array
    contents = [
        content_of(Field("f8"), numbers),
        content_of(Field("f8"), numbers, "other"),
        content_of(Field("i8"), numbers.astype("i8")),
        content_of(Field("M8[s]"), numbers.astype("M8[s]")),
        content_of(Field("f8", (2,)), numbers.reshape(2, 2)),
        content_of(Field("f8", ragged=True), Ragged(numbers, ends([0, 1, 4]))),
        content_of(Field("f8", ragged=True), Ragged(numbers, ends([0, 2, 4]))),
        content_of(Field(str), ends(["ab", "c"], object)),
        content_of(Field(str), ends(["a", "bc"], object)),
        content_of(Field(bytes), ends([b"a", b"bc"], object)),
    ]
    assert len({json.dumps(content) for content in contents}) == len(contents)


def test_padding_is_not_part_of_the_content():
    packed = np.dtype([("a", "u1"), ("b", [("c", "i2"), ("d", "f8")])])
    aligned = np.dtype(
        [("a", "u1"), ("b", np.dtype([("c", "i2"), ("d", "f8")], align=True))], align=True
    )
    offsets = {"names": ["a", "b"], "formats": ["u1", packed["b"]], "offsets": [10, 0]}
    values = [(1, (2, 3.0)), (4, (5, 6.0))]
    noisy = np.full(2 * aligned.itemsize, 255, np.uint8).view(aligned)
    for name in ("a", "b"):
        noisy[name] = np.array(values, packed)[name]

    others = [noisy, np.array(values, np.dtype(offsets))]
    plain = content_of(Field(packed), np.array(values, packed))
    assert [content_of(Field(other.dtype), other) for other in others] == [plain, plain]


@pytest.mark.parametrize("dtype", ["longdouble", "clongdouble", [("a", "longdouble", (2,))]])
def test_padding_of_long_doubles_is_not_part_of_the_content(dtype):
    dtype = np.dtype(dtype)
    noisy, plain = (np.full(3 * dtype.itemsize, byte, np.uint8).view(dtype) for byte in (255, 0))
    for array in (noisy, plain):
        member = array["a"] if dtype.names else array
        member[...] = np.longdouble(1) / 3

    assert content_of(Field(dtype), noisy) == content_of(Field(dtype), plain)
    member[0] = 7
    assert content_of(Field(dtype), noisy) != content_of(Field(dtype), plain)


def test_results_and_views_have_digests(tmp_path):
    made = generate(sine, 12, executor="inline", cache=tmp_path)
    made.move(8, "train")
    for n in (3, 8):
        preprocess(made, sine.preprocessors["square_both"], "train", n)
    derived = made["train"]["square_both"]
    view = published(make(tmp_path, teams), all=MIXED)["all"]

    assert derived.digest == digest_by_the_rules(derived)
    assert view.digest == digest_by_the_rules(view)


def test_no_samples_have_a_digest_too(cache):
    made = generate(walks, 3, executor="inline", cache=cache)
    made.exclude(range(3), "bad")

    assert made.samples.digest == digest_by_the_rules(made.samples)


def test_files_may_be_compacted_away_meanwhile(cache):
    for n in (8, 15):
        made = generate(walks, n, executor="inline", cache=cache)
    samples = made.samples
    expected = samples.digest
    again = made.samples
    pieces = again._reader.stream(again.intervals)
    first = next(pieces)
    compact(made.paths, made.record, made.schema, grace=0)

    assert not list(made.paths.shards.glob("*.h5"))
    assert describe_content(made.schema, 23, [first, *pieces]) == samples.content
    assert expected == made.samples.digest


def test_a_lost_file_is_named(cache):
    made = generate(walks, 8, executor="inline", cache=cache)
    samples = made.samples
    for path in made.paths.shards.iterdir():
        path.unlink()

    with pytest.raises(DamagedFileError, match="sample 0 of walks 0 is in no file"):
        _ = samples.digest


def test_a_large_sample_is_read_in_pieces(cache):
    @datagen_core.generator(1)
    def large():
        return {"x": Ragged(np.zeros(2**18), np.array([0, 2**18])), "y": np.zeros((1, 2**18))}

    samples = generate(large, 2, executor="inline", cache=cache).samples
    sizes = [array.nbytes for _, _, array in samples._reader.stream(samples.intervals)]

    assert len(sizes) == 7
    assert max(sizes) <= 2 * shard_columns.PIECE_BYTES
