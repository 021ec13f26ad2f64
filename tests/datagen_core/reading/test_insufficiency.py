"""Too few samples: how many, how long, and a command that makes them when it is run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from datagen_core import Cache, InsufficientSamplesError, generate
from datagen_core.errors import IncompleteRunError
from datagen_core.store.layout import list_shards, shard_name
from generators_for_tests import broken, choosy, sine

BIN = Path(sys.executable).parent


def run(command):
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, shell=True, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def refused(split, n):
    with pytest.raises(InsufficientSamplesError) as caught:
        split.get(n)
    return caught.value


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"left": -0.1, "noise": 1e-7},
        {"label": "it's a $HOME of 3"},
        {"label": "5"},
        {"label": "true"},
        {"label": ""},
        {"label": '"quoted"'},
    ],
    ids=str,
)
def test_the_command_makes_what_is_missing(tmp_path, params):
    made = generate(sine, 10, params, seed=4, executor="inline", cache=tmp_path / "a cache")
    error = refused(made["raw"], 25)
    run(error.command)

    assert error.missing == 15
    assert len(made["raw"].get(25)[0]) == 25
    assert len(Cache(tmp_path / "a cache")["sine"]) == 1


def test_the_command_labels_too(tmp_path):
    made = generate(sine, 20, executor="inline", cache=tmp_path)
    made.move(12, "train")
    before = made["train"].get()[0]
    error = refused(made["train"], 30)
    run(error.command)

    assert error.missing == 18
    assert made.counts == {"raw": 0, "train": 30}
    assert made["train"].get(30)[0][:12].tolist() == before.tolist()


def test_samples_that_are_raw_are_only_labelled(tmp_path):
    made = generate(sine, 20, executor="inline", cache=tmp_path)
    made.move(5, "train")
    error = refused(made["train"], 10)

    assert "generate" not in error.command
    run(error.command)
    assert made.counts == {"raw": 10, "train": 10}


def test_holes_are_filled_first(tmp_path):
    for n in (10, 10):
        made = generate(sine, n, executor="inline", cache=tmp_path)
    (made.paths.shards / shard_name(list_shards(made.paths.shards)[0])).unlink()
    error = refused(made["raw"], 20)

    assert shlex.split(error.command)[:2] == ["datagen", "resume"]
    run(error.command)
    assert made.counts == {"raw": 20}


def test_the_time_is_that_of_the_missing_batches(tmp_path):
    made = generate(sine, 100, executor="inline", cache=tmp_path)
    some, more = refused(made["raw"], 110), refused(made["raw"], 300)

    assert 0 < some.seconds < 10
    assert more.seconds == pytest.approx(20 * some.seconds)
    assert "compute time" in str(more)


def test_without_timings_no_time_is_told(tmp_path):
    made = generate(sine, 10, executor="inline", cache=tmp_path)
    for journal in made.paths.runs.rglob("*.jsonl"):
        journal.unlink()

    assert refused(made["raw"], 20).seconds is None
    assert "compute time" not in str(refused(made["raw"], 20))


def test_the_message_is_one_line_with_everything_in_it(tmp_path):
    made = generate(sine, 10, executor="inline", cache=tmp_path)
    error = refused(made["raw"], 12)

    assert str(error).startswith("raw of sine 0 has 10 samples, 2 fewer than the 12 asked for")
    assert str(error).endswith(error.command)
    assert "\n" not in str(error)


def test_a_generator_that_fails_has_its_holes_named(tmp_path):
    with pytest.raises(IncompleteRunError, match="samples are missing"):
        generate(broken, 20, executor="inline", cache=tmp_path)
    made = Cache(tmp_path)["broken"][0]

    assert refused(made["raw"], 20).command.startswith("datagen resume broken")


def test_refused_samples_are_named_and_others_made_instead(tmp_path):
    with pytest.raises(IncompleteRunError, match="the generator refuses samples 10-19: no root"):
        generate(choosy, 30, executor="inline", cache=tmp_path)
    made = Cache(tmp_path)["choosy"][0]
    error = refused(made["raw"], 30)
    run(error.command)

    assert "(the generator refuses samples 10-19: no root); get them with: " in str(error)
    assert shlex.split(error.command)[:2] == ["datagen", "generate"]
    assert len(made["raw"].get(30)["x"]) == 30
