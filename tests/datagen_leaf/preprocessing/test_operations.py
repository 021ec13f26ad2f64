"""Which rows each stage selects: against LEAF's own results, and against its way done anew."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_leaf.errors import PreprocessingError
from datagen_leaf.preprocessing.operations import (
    Users,
    remove_users,
    sample_iid,
    sample_niid,
    split_by_sample,
    split_by_user,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden_preprocess.json").read_text())
RUNS = [(name, run) for name, made in GOLDEN.items() for run in made["runs"]]
SAMPLING, SPLITTING = 1549786595, 1549786796


def tasks(sizes):
    return Users.of_samples(np.arange(len(sizes)), np.asarray(sizes, np.int64))


def leaf_sizes(count, seed):
    drawn = np.random.RandomState(seed).lognormal(3, 2, count).astype(int)
    return np.minimum(drawn + 5, 1000)


def names_and_rows(users):
    return users.names, list(zip(users.sample.tolist(), users.row.tolist(), strict=True))


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def digests_of(users, starts):
    rows = starts[users.sample] + users.row
    names = json.dumps(users.names, separators=(",", ":")).encode()
    return {
        "users": len(users.names),
        "samples": users.rows,
        "users_sha256": sha256(names),
        "num_samples_sha256": sha256(users.sizes.astype("<i8").tobytes()),
        "rows_sha256": sha256(rows.astype("<i8").tobytes()),
    }


def carry_out(users, words):
    """Yield the folder and the users that each stage of LEAF's arguments ends in."""
    options = dict(zip(words[::2], words[1::2], strict=True))
    if "-s" in options:
        fraction, seed = float(options.get("--sf", 0.1)), int(options["--smplseed"])
        if options["-s"] == "iid":
            users = sample_iid(users, fraction, float(options.get("--iu", 0.01)), seed)
        else:
            users = sample_niid(users, fraction, seed)
        yield "sampled_data", users
    if "-k" in options:
        users = remove_users(users, int(options["-k"]))
        yield "rem_user_data", users
    if "-t" in options:
        split = split_by_user if options["-t"] == "user" else split_by_sample
        sides = split(users, float(options.get("--tf", 0.9)), int(options["--spltseed"]))
        yield from zip(("train", "test"), sides, strict=False)


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_rows_are_those_of_leaf(name, run):
    golden = GOLDEN[name]
    users = tasks(leaf_sizes(golden["tasks"], golden["seed"]))
    expected = {path.split("/")[0]: file for path, file in golden["runs"][run]["files"].items()}
    assert sha256(users.sizes.astype("<i8").tobytes()) == golden["num_samples_sha256"]

    for folder, made in carry_out(users, golden["runs"][run]["args"].split()):
        found = {**digests_of(made, users.offsets), "file_md5": expected[folder]["file_md5"]}
        assert found == expected.pop(folder)
    assert not expected


sizes = st.lists(st.integers(0, 12), min_size=1, max_size=12).filter(any)
fractions = st.floats(0.001, 1)
seeds = st.integers(0, 2**32)


@given(sizes, fractions, seeds)
def test_niid_takes_whole_users_but_for_the_last(sizes, fraction, seed):
    wanted = int(fraction * sum(sizes))
    users = tasks(sizes)
    if not wanted:
        with pytest.raises(PreprocessingError, match=r"--sf .* leaves none"):
            sample_niid(users, fraction, seed)
        return
    taken = sample_niid(users, fraction, seed)
    full = [size == sizes[int(name)] for name, size in zip(taken.names, taken.sizes, strict=True)]

    assert taken.rows == wanted
    assert len(set(taken.names)) == len(taken.names)
    assert all(full[:-1])
    last = taken.row[taken.offsets[-2] :]
    assert sorted(last.tolist()) == list(range(len(last)))


@given(sizes, fractions, fractions, seeds)
def test_iid_deals_rows_out_evenly(sizes, fraction, user_fraction, seed):
    users = tasks(sizes)
    wanted = int(fraction * users.rows)
    if not wanted:
        return
    dealt = sample_iid(users, fraction, user_fraction, seed)

    assert dealt.rows == wanted
    assert len(set(names_and_rows(dealt)[1])) == wanted
    assert np.ptp(dealt.sizes) <= 1
    assert sorted(dealt.sizes.tolist()) == dealt.sizes.tolist()


@given(sizes, st.floats(0.01, 0.99), seeds)
def test_a_split_by_sample_loses_only_users_with_one_row(sizes, fraction, seed):
    users = tasks(sizes)
    if max(sizes) < 2:
        return
    train, test, dropped = split_by_sample(users, fraction, seed)
    rows = Counter(names_and_rows(train)[1]) + Counter(names_and_rows(test)[1])

    assert dropped == sum(size < 2 for size in sizes)
    assert train.names == test.names == [str(i) for i, size in enumerate(sizes) if size > 1]
    assert rows == Counter(
        (i, row) for i, size in enumerate(sizes) if size > 1 for row in range(size)
    )
    assert (train.sizes > 0).all()
    assert (test.sizes > 0).all()


@given(st.integers(2, 40), st.floats(0.01, 0.99), seeds)
def test_a_split_by_user_keeps_users_whole_and_in_order(count, fraction, seed):
    users = tasks(range(count))
    if not int(fraction * count):
        with pytest.raises(PreprocessingError, match="one part without a user"):
            split_by_user(users, fraction, seed)
        return
    train, test, _ = split_by_user(users, fraction, seed)

    for side in (train, test):
        assert side.sizes.tolist() == list(map(int, side.names)) == sorted(map(int, side.names))
    assert len(train.names) == int(fraction * count)
    assert sorted(map(int, train.names + test.names)) == list(range(count))


@pytest.mark.parametrize("fraction", [-0.1, 0, 1.5, float("nan")])
def test_fractions_out_of_range_are_refused(fraction):
    users = tasks([5, 5])

    for refused in (
        lambda: sample_niid(users, fraction, 0),
        lambda: sample_iid(users, 1.0, fraction, 0),
        lambda: split_by_sample(users, fraction, 0),
        lambda: split_by_user(users, fraction, 0),
    ):
        with pytest.raises(PreprocessingError, match=r"--(sf|iu|tf) is "):
            refused()


@pytest.mark.parametrize("split", [split_by_sample, split_by_user])
def test_all_for_training_is_refused(split):
    with pytest.raises(PreprocessingError, match="--tf is between 0 and 1, not"):
        split(tasks([5, 5]), 1.0, 0)


def test_a_split_that_no_user_survives_is_refused():
    with pytest.raises(PreprocessingError, match="no user has the two samples"):
        split_by_sample(tasks([1, 0, 1]), 0.5, 0)


def test_users_with_enough_rows_are_kept():
    kept = remove_users(tasks([4, 5, 6]), 5)

    assert names_and_rows(kept) == (["1", "2"], [(i, row) for i in (1, 2) for row in range(i + 4)])


def test_removing_all_users_is_refused():
    with pytest.raises(PreprocessingError, match="-k 7 leaves no user; the largest one has 6"):
        remove_users(tasks([4, 5, 6]), 7)


def test_more_new_users_than_rows_leaves_some_empty():
    users = sample_iid(tasks([1] * 51), 1.0, 1.0, 0)
    many = sample_iid(tasks([2] * 100), 0.255, 1.0, 0)

    assert users.sizes.tolist() == [1] * 51
    assert (many.sizes == 0).sum() == 49


def test_stages_go_on_from_each_other():
    users = tasks(leaf_sizes(60, 3))
    kept = remove_users(sample_niid(users, 0.5, SAMPLING), 20)
    train, test, _ = split_by_sample(kept, 0.6, SPLITTING)

    assert train.rows + test.rows == kept.rows
    assert set(names_and_rows(train)[1]) < set(names_and_rows(users)[1])
