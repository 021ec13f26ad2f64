"""Excluded samples: no reader hands them out, nothing else changes, and the record says why."""

from __future__ import annotations

import getpass
import multiprocessing
import pickle
import socket
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core import Cache, InsufficientSamplesError, IntervalSet, generate
from datagen_core.errors import DatagenError, SelectionError, SplitError
from datagen_core.generators.preprocessor import Preprocessor
from datagen_core.reading.param_set import ParamSet
from datagen_core.store.compaction import compact
from datagen_core.upkeep.export import export, select
from datagen_core.upkeep.preprocess import preprocess
from datagen_core.upkeep.verify import verify
from generators_for_tests import count, walks

PARAMS = {"stop": 1000}
TWICE = Preprocessor("twice", lambda values: {"value": 2 * values["value"]})

BAD = [0, 3, 6, 7, 12, 24, 29]
"""The first and the last sample, those of a border of files, and some of each split."""

KEPT = {
    "train": [1, 2, 4, 5, 8, 9, 15, 16, 17, 18, 19, 20, 21, 22, 23],
    "test": [10, 11, 13, 14],
    "raw": [25, 26, 27, 28],
    None: [index for index in range(30) if index not in BAD],
}
"""Sample i of `count` is the number i; None stands for all samples."""


def make(folder, *runs):
    for n in runs:
        made = generate(count, n, PARAMS, executor="inline", cache=folder)
    return made


def split_up(folder):
    """Make three files; train has the samples 0 to 9 and 15 to 24."""
    made = make(folder, 7, 13, 10)
    for n, split in ((10, "train"), (5, "test"), (10, "train")):
        made.move(n, split)
    return made


def samples_of(made, split):
    return made.samples if split is None else made[split]


def with_bad(folder):
    made = split_up(folder)
    made.exclude(BAD, "the solver diverged")
    return made


@pytest.fixture
def made(tmp_path):
    return with_bad(tmp_path)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory):
    """The same, for tests that only read."""
    return with_bad(tmp_path_factory.mktemp("unchanged"))


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The same in one file."""
    made = with_bad(tmp_path_factory.mktemp("packed"))
    compact(made.paths, made.record, made.schema, grace=0)
    return made


READERS = {
    "get": lambda samples: samples.get()["value"],
    "get(n)": lambda samples: samples.get(len(samples))["value"],
    "mapped": lambda samples: samples.get(copy=False)["value"],
    "take": lambda samples: samples.take(range(len(samples)))["value"],
    "take often": lambda samples: [samples.take(range(len(samples))) for _ in range(12)][-1][
        "value"
    ],
    "index": lambda samples: [samples[place]["value"] for place in range(len(samples))],
    "slice": lambda samples: samples[:]["value"],
    "iteration": lambda samples: [each["value"] for each in samples],
    "batches": lambda samples: np.concatenate([part["value"] for part in samples.batches(4)]),
    "shuffled": lambda samples: sorted(
        value for part in samples.batches(4, shuffle=True) for value in part["value"]
    ),
    "indices": lambda samples: samples.indices,
    "pickle": lambda samples: pickle.loads(pickle.dumps(samples)).get()["value"],
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("split", KEPT)
def test_no_reader_hands_them_out(unchanged, split, reader):
    assert [int(value) for value in READERS[reader](samples_of(unchanged, split))] == KEPT[split]


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_hands_them_out_of_a_pack(packed, reader):
    assert [int(value) for value in READERS[reader](packed["train"])] == KEPT["train"]


def test_torch_gets_none(unchanged):
    data = pytest.importorskip("torch").utils.data
    loader = data.DataLoader(unchanged["train"].as_torch(), batch_size=4)

    values = [value for batch in loader for value in batch["value"].tolist()]
    assert values == KEPT["train"]


def test_rows_and_lengths_have_none(tmp_path):
    made = generate(walks, 12, executor="inline", cache=tmp_path)
    lengths = made.samples.lengths().tolist()
    made.exclude([0, 5], "bad")

    assert made["raw"].lengths().tolist() == [lengths[i] for i in range(12) if i not in {0, 5}]
    assert not {0, 5} & set(made["raw"].rows("path")["sample"].tolist())


def test_counts_leave_them_out(unchanged):
    assert unchanged.counts == {split: len(kept) for split, kept in KEPT.items() if split}
    assert len(unchanged.samples) == 23
    assert len(unchanged.existing) == 30
    assert unchanged.excluded == IntervalSet((index, index + 1) for index in BAD)
    assert {split: len(samples_of(unchanged, split).excluded) for split in KEPT} == {
        "train": 5, "test": 1, "raw": 1, None: 7,
    }  # fmt: skip


def test_the_record_says_what_why_who_and_when(made):
    made.exclude(np.array([26]), "another one")
    first, second = made.exclusions

    assert (str(first.samples), first.reason) == ("0, 3, 6-7, 12, 24, 29", "the solver diverged")
    assert (str(second.samples), second.reason) == ("26", "another one")
    assert first.by == f"{getpass.getuser()}@{socket.gethostname()}"
    assert first.created.startswith("20")


def test_the_first_samples_of_a_split_move_up(unchanged):
    assert unchanged["train"].get(3)["value"].tolist() == [1, 2, 4]


def test_they_are_never_moved(made):
    assert str(made.move(4, "late")) == "25-28"
    assert made.counts["raw"] == 0
    with pytest.raises(InsufficientSamplesError, match=r"raw .* has 0 samples \(and 1 excluded\)"):
        made.move(1, "late")


def test_they_stay_out_when_samples_are_added(made):
    make(made.paths.root.parents[1], 5)

    assert made["raw"].get()["value"].tolist() == [25, 26, 27, 28, 30, 31, 32, 33, 34]


def test_they_count_as_made(made):
    generate(count, 32, PARAMS, total=True, executor="inline", cache=made.paths.root.parents[1])

    assert made["raw"].get()["value"].tolist() == [25, 26, 27, 28, 30, 31]
    assert made.reserved == 32


def test_a_snapshot_keeps_its_samples(made):
    before = made["test"], pickle.dumps(made["test"])
    made.exclude([10], "later")

    for kept in (before[0], pickle.loads(before[1])):
        assert kept.get()["value"].tolist() == KEPT["test"]
    assert made["test"].get()["value"].tolist() == KEPT["test"][1:]


def test_results_that_were_made_before_are_left_out(tmp_path):
    made = split_up(tmp_path)
    preprocess(made, TWICE, "train", 12)
    made.exclude(BAD, "bad")
    found = made["train"]["twice"]

    assert found.get()["value"].tolist() == [2 * value for value in KEPT["train"][:8]]
    assert str(found.excluded) == "0, 3, 6-7"


def test_they_are_not_preprocessed(made):
    seen = []
    look = Preprocessor("look", lambda values: seen.extend(values["value"].tolist()) or values)

    assert preprocess(made, look, "train", 15) == 15
    assert seen == KEPT["train"]
    with pytest.raises(InsufficientSamplesError, match=r"15 samples \(and 5 excluded\), 1 fewer"):
        preprocess(made, look, "train", 16)


@pytest.mark.parametrize("split", KEPT)
def test_they_are_not_exported(made, tmp_path, split):
    written = export(select(made, split), "csv", tmp_path / "table.csv")
    rows = (tmp_path / "table.csv").read_text().splitlines()[1:]

    assert [row.split(",")[-2:] for row in rows] == [[str(value)] * 2 for value in KEPT[split]]
    assert list(written.samples.values()) == [len(rows)]


def test_the_command_that_helps_does_not_count_on_them(unchanged):
    with pytest.raises(InsufficientSamplesError, match=r"has 15 samples \(and 5 excl") as caught:
        unchanged["train"].get(20)

    assert caught.value.missing == 5
    assert " -n 1 " in caught.value.command  # four are raw
    assert " 5 train " in caught.value.command
    with pytest.raises(SelectionError, match=r"has 23 samples \(and 7 excluded\), not 30"):
        unchanged.samples.get(30)


def test_representations_say_how_many(unchanged):
    assert "raw 4, train 15, test 4, 7 excluded>" in repr(unchanged)
    assert repr(unchanged["train"]).startswith(
        "<count 0 train: 15 samples (and 5 excluded) of value"
    )
    assert "7 samples excluded." in unchanged._repr_html_()
    assert "4 samples (and 1 excluded)" in unchanged["raw"]._repr_html_()


def test_files_are_checked_as_before(made, tmp_path):
    assert verify(made, lambda: count, 30) == verify(
        split_up(tmp_path / "other"), lambda: count, 30
    )


def test_an_excluded_sample_that_is_lost_is_a_problem(tmp_path):
    made = make(tmp_path, 25, 5)
    made.exclude([29], "bad")
    max(made.paths.shards.iterdir()).unlink()

    assert any(
        "samples 29 of count 0 are excluded but in no file" in problem
        for problem in verify(made).problems
    )


def test_all_samples_can_be_excluded(tmp_path):
    made = split_up(tmp_path)
    made.exclude(range(30), "a broken simulation")

    assert made.counts == {"raw": 0, "train": 0, "test": 0}
    assert made["train"].get()["value"].tolist() == made.samples.get(0)["value"].tolist() == []
    assert list(made["train"].batches(3)) == list(made["train"]) == []
    with pytest.raises(SelectionError, match=r"no samples in any split.*; there is nothing to wri"):
        select(made)


REFUSED = {
    "none": ([], "why", SplitError, "without their indices"),
    "no reason": ([1], " \n", SplitError, "without a reason"),
    "again": (
        range(1, 10),
        "why",
        SplitError,
        r"samples 3, 6-7 of count 0 are excluded already \(3 by .* div",
    ),
    "missing": ([2, 31, 32, 40], "why", SelectionError, "no samples 31-32, 40; it has 0-29"),
    "negative": ([-1, 1], "why", SelectionError, "-1 is not the index"),
    "mask": ([True, False], "why", SelectionError, "True is not the index"),
    "numpy mask": (np.array([True]), "why", SelectionError, "True_? ?.*is not the index"),
    "fraction": ([1.0], "why", SelectionError, "1.0 is not the index"),
    "text": ("3-5", "why", SelectionError, "'3' is not the index"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_exclusion_changes_nothing(unchanged, case):
    indices, reason, error, words = REFUSED[case]
    before = unchanged.paths.generations()

    with pytest.raises(error, match=words):
        unchanged.exclude(indices, reason)
    assert unchanged.paths.generations() == before


def test_a_reason_of_several_lines_is_told_in_one(made):
    made.exclude([1], "one\n\x1b[1mtwo\t three")

    with pytest.raises(SplitError, match=r"one \[1mtwo three\); leave them out$"):
        made.exclude([1], "again")


def test_a_long_list_is_summed_up_where_it_is_refused(made):
    with pytest.raises(SelectionError) as caught:
        made.exclude(range(1000, 9000, 2), "why")

    assert len(str(caught.value)) < 200
    assert "and 3,995 more ranges" in str(caught.value)


indices = st.lists(st.integers(0, 60), min_size=1, max_size=6)
operations = st.one_of(
    st.tuples(st.just("move"), st.integers(1, 12), st.sampled_from(["a", "b"])),
    st.tuples(st.just("exclude"), indices),
    st.tuples(st.just("add"), st.integers(1, 9)),
    st.tuples(st.just("compact")),
)


def carry_out(made, name, *arguments):
    if name == "move":
        made.move(*arguments)
    elif name == "exclude":
        made.exclude(*arguments, "why")
    elif name == "add":
        make(made.paths.root.parents[1], *arguments)
    else:
        compact(made.paths, made.record, made.schema, grace=0)


@settings(max_examples=25)
@given(st.lists(operations, max_size=10))
def test_every_sample_is_once_in_a_split_in_raw_or_excluded(tmp_path_factory, planned):
    made = make(tmp_path_factory.mktemp("mixed"), 20)
    for operation in planned:
        with suppress(DatagenError):  # too many, or not there
            carry_out(made, *operation)
    held = [index for split in made.values() for index in split.get()["value"].tolist()]
    excluded = [index for part in made.excluded for index in range(*part)]

    assert sorted([*held, *excluded]) == list(range(len(made.existing)))
    assert sum(made.counts.values()) == len(held)


def work(root, number):
    """Move and exclude at once with other processes; return which samples were excluded."""
    made = ParamSet(root, 0)
    done = []
    for step in range(6):
        made.move(3, f"split{number}")
        try:
            made.exclude([number * 6 + step, 100 + step], "why")
        except SplitError:  # another process had the second one first
            made.exclude([number * 6 + step], "why")
        else:
            done.append(100 + step)
    return done


def test_processes_that_exclude_and_move_at_once_lose_nothing(tmp_path):
    made = make(tmp_path, 120)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        shared = pool.starmap(work, [(made.paths, number) for number in range(3)])
        pool.close()
        pool.join()
    found = Cache(tmp_path)["count"][0]

    assert sorted(index for done in shared for index in done) == list(range(100, 106))
    assert str(found.excluded) == "0-17, 100-105"
    assert sum(found.counts.values()) == 120 - 24
    recorded = [
        len(found[f"split{number}"]) + len(found[f"split{number}"].excluded) for number in range(3)
    ]
    assert recorded == [18, 18, 18]
