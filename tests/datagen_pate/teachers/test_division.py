"""Shards of private images are those of the original."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_pate.errors import PateError
from datagen_pate.teachers import divide, write_shard_indices
from datagen_pate.teachers.division import read_shard_indices


def test_shards_are_those_of_the_original():
    random.seed(42)
    order = list(range(60000))
    random.shuffle(order)

    shards = divide(60000, 250)

    assert shards[0].tolist() == sorted(order[:240])
    assert shards[249].tolist() == sorted(order[-240:])
    assert {len(shard) for shard in shards} == {240}


@given(st.integers(1, 300), st.integers(1, 40), st.integers(0, 9))
def test_every_image_goes_to_one_teacher_and_the_last_one_gets_the_rest(count, teachers, seed):
    teachers = min(teachers, count)
    shards = divide(count, teachers, seed)

    assert sorted(np.concatenate(shards)) == list(range(count))
    assert [len(shard) for shard in shards[:-1]] == [count // teachers] * (teachers - 1)
    assert all((np.diff(shard) > 0).all() for shard in shards)


def test_more_teachers_than_images_are_refused():
    with pytest.raises(PateError, match="take from 1 to"):
        divide(3, 4)


def test_indices_are_written_and_read(tmp_path):
    shards = divide(30, 4)

    write_shard_indices(shards, tmp_path / "new" / "shard_indices.json")

    read = read_shard_indices(tmp_path / "new" / "shard_indices.json", range(4), 30)
    assert all((one == other).all() for one, other in zip(read, shards, strict=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"0": [1]}', "no teacher '1'"), ('{"0": [1], "1": [30]}', "the image 30"),
     ("[1]", "not of the form"), ("{", "not of the form"), ('{"0": ["a"], "1": []}', "the form"),
     ('{"0": [-1], "1": [2]}', "names the image")],
)  # fmt: skip
def test_other_indices_are_refused(tmp_path, text, message):
    (tmp_path / "indices.json").write_text(text)

    with pytest.raises(PateError, match=message):
        read_shard_indices(tmp_path / "indices.json", range(2), 30)
