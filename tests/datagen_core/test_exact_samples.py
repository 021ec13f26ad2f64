"""Bytes, dates and names with dots from the generator to every way of reading."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from datagen_core import Cache, Ragged, generate
from datagen_core.generators.registry import load_generator
from datagen_core.upkeep.preprocess import find_preprocessor, preprocess

SOURCE = """
import datetime as dt

import numpy as np

import datagen_core

CODES = [b"a", b"bbb", b"c\\0", b""]


@datagen_core.generator(4, compress={compress})
def events(size, rng, start):
    place = np.zeros(2)
    for index in range(start, start + size):
        place += rng.normal(size=2)
        yield {{
            "code": CODES[index % 4],
            "when": dt.datetime(2020, 1, 1) + dt.timedelta(microseconds=index),
            "at": {{"place": place, "parts": CODES[: index % 3]}},
            "took": np.timedelta64(index, "ms"),
        }}


@events.preprocessor
def shortened(columns):
    starts = [code[:1] for code in columns["code"]]
    return {{"code": starts, "day": columns["when"].astype("M8[D]")}}
"""
CODES = [b"a", b"bbb", b"c\0", b""]
NAMES = ["code", "when", "at.place", "at.parts", "took"]


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def source(request, tmp_path):
    (tmp_path / "events.py").write_text(SOURCE.format(compress=request.param))
    return f"{tmp_path / 'events.py'}:events"


@pytest.fixture
def made(source, cache):
    for n in (6, 4, 2):
        made = generate(source, n, executor="inline", cache=cache)
    return made


def check_columns(columns, indices):
    assert list(columns) == NAMES
    assert columns["code"].tolist() == [CODES[index % 4] for index in indices]
    assert columns["when"].dtype == "M8[us]"
    assert columns["when"].tolist() == (np.datetime64("2020-01-01", "us") + indices).tolist()
    assert columns["took"].tolist() == indices.astype("m8[ms]").tolist()
    assert [list(part) for part in columns["at.parts"]] == [CODES[: index % 3] for index in indices]
    assert len({tuple(place) for place in columns["at.place"].tolist()}) == len(indices)


def test_samples_are_read_as_they_were_made(made):
    split = made["raw"]

    check_columns(split.get(), np.arange(12))
    check_columns(pickle.loads(pickle.dumps(split)).get(8), np.arange(8))
    for _ in range(10):  # small ones are kept in memory after a few
        check_columns(split[np.array([7, 2, 11])], np.array([7, 2, 11]))
    assert split[2]["code"] == b"c\0"
    assert [each["code"] for each in split] == CODES * 3
    rows = split.rows("at.parts")
    assert rows["at.parts"].tolist() == [code for i in range(12) for code in CODES[: i % 3]]


def test_files_are_sound_and_samples_are_made_again_alike(made, source, run_cli):
    assert run_cli("verify", "events", "--resample", 12).code == 0
    assert run_cli("compact", "events", "--grace", 0).code == 0
    assert run_cli("verify", "events", "--resample", 12).code == 0
    compacted = Cache(made.paths.root.parents[1])["events"][0]["raw"]
    check_columns(compacted.get(copy=False), np.arange(12))
    check_columns(compacted.take([5, 0]), np.array([5, 0]))


def test_a_preprocessor_gets_and_returns_them(made, source, run_cli):
    made.move(5, "train")
    preprocess(made, find_preprocessor(load_generator(source).generator, "shortened"), "train", 5)
    found = Cache(made.paths.root.parents[1])["events"][0]["train"]["shortened"].get()

    assert found["code"].tolist() == [code[:1] for code in [*CODES, CODES[0]]]
    assert found["day"].dtype == "M8[D]"
    assert run_cli("verify", "events").code == 0


def test_a_view_has_their_rows(made):
    sample, row = (Ragged(np.array(each), np.array([0, 2, 3])) for each in ([2, 2, 5], [1, 0, 1]))
    parts = {"all": {"users": ["u", "v"], "sample": sample, "row": row}}
    found = made.publish_view("mine", {"by": "hand"}, parts)["all"].get()

    assert found["code"].tolist() == [b"c\0", b"bbb"]
    assert [list(part) for part in found["at.parts"]] == [[b"bbb", b"a"], [b"bbb"]]


def test_what_older_versions_would_misread_says_so(made):
    assert json.loads(made.paths.schema.read_text())["format"] == "2.0"


def test_a_set_that_began_with_fixed_bytes_goes_on(tmp_path, cache, run_cli):
    (tmp_path / "codes.py").write_text(
        "import datagen_core, numpy as np\n\n\n"
        "@datagen_core.generator(2)\n"
        "def codes(size, start):\n"
        "    if start == 0:\n"
        "        return {'b': np.array([b'a', b'bbb'])}\n"
        "    return {'b': [b'cc', b'd' if start < 4 else b'd\\0']}\n"
    )
    run = ("generate", f"{tmp_path / 'codes.py'}:codes", "--executor", "inline")
    assert run_cli(*run, "-n", 4).code == 0
    failed = run_cli(*run, "-n", 2)

    assert Cache(cache)["codes"][0]["raw"].get()["b"].tolist() == [b"a", b"bbb", b"cc", b"d"]
    assert failed.code == 4
    assert r"field 'b' of sample 5: its |S3 cannot hold b'd\x00'" in failed.err


def test_one_batch_is_enough_to_see_that_a_generator_does_not_end(tmp_path, run_cli):
    (tmp_path / "endless.py").write_text(
        "import itertools\n\nimport datagen_core\n\n\n"
        "@datagen_core.generator(4)\n"
        "def endless(size):\n"
        "    return ({'a': i} for i in itertools.count())\n"
    )
    failed = run_cli(
        "generate", f"{tmp_path / 'endless.py'}:endless", "-n", 8, "--executor", "inline"
    )

    assert failed.code != 0
    assert "yielded more than 4 samples for a batch of 4; stop after `size`" in failed.err
