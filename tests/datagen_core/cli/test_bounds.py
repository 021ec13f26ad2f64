"""A slip of the finger costs one line, and a cache of a million million samples nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import datagen_core
import generators_for_tests
from datagen_core import Cache, generate
from datagen_core.errors import ConfigurationError, SelectionError, SplitError
from datagen_core.executors.local import LocalExecutor
from datagen_core.ranges import Interval
from datagen_core.store.reservations import reserve
from datagen_core.store.shards import ShardLabel, publish_shard
from generators_for_tests import sine

SINE = f"{generators_for_tests.__file__}:sine"
MANY = 10**12
THOUSAND = ",".join(map(str, range(1000)))


@pytest.fixture
def huge(cache):
    """Return a set of which 10**12 samples are reserved, and thirty are made."""
    made = generate(sine, 20, executor="inline", cache=cache)
    reserve(made.paths, lambda reserved: Interval(reserved, MANY), "sine", {"executor": "local"})
    for start in (MANY // 2, MANY - 10):
        label = ShardLabel("sine", made.record.digest, Interval(start, start + 5))
        columns = {"x": np.full(5, float(start)), "y": np.zeros(5)}
        publish_shard(made.paths.shards, made.paths.temporary, label, columns)
    return made


def test_what_there_is_of_a_huge_set_is_counted(huge, run_cli):
    (row,) = run_cli("list", "--json").json
    (_, status) = run_cli("status", "--json").json

    assert (row["samples"], row["reserved"], row["state"]) == (30, MANY, "holes")
    assert (status["done"], status["missing"]) == (10, MANY - 30)
    assert run_cli("status").code == 0


def test_samples_of_a_huge_set_are_read_in_their_order(huge):
    samples = huge.samples

    assert len(samples) == 30
    assert samples.indices[-10:].tolist() == [
        *range(MANY // 2, MANY // 2 + 5), *range(MANY - 10, MANY - 5)
    ]  # fmt: skip
    assert samples.get()[0][-1] == float(MANY - 10)
    assert [len(x) for x, _ in samples.batches(20)] == [20, 10]


def test_a_huge_set_is_moved_compacted_and_verified(huge, run_cli):
    assert run_cli("move", "sine", 30, "train", "-y").code == 0
    assert run_cli("compact").code == 0
    assert "good" in run_cli("verify").out
    assert Cache(huge.paths.root.parent.parent)["sine"][0].counts == {"raw": 0, "train": 30}


@pytest.mark.parametrize(("executor", "njobs"), [("local", "1"), ("local", "40"), ("inline", "1")])
@pytest.mark.parametrize("name", ["sine", "walks"])
def test_a_million_million_samples_are_planned_at_once(run_cli, cache, name, executor, njobs):
    source = f"{generators_for_tests.__file__}:{name}"
    plan = run_cli("generate", source, "-n", "1e12", "--dry-run", "--json",
                   "--executor", executor, "--njobs", njobs).json  # fmt: skip

    assert len(plan["tasks"]) == int(njobs)
    assert sum(stop - start for task in plan["tasks"] for start, stop in task) == MANY


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-n", "9223372036854775807"], "at most 2**63 - 1"),
        (["-n", "1e12", "--njobs", "1000000"], "64 that executor local runs here"),
        (["-n", "1", "--seed", "9" * 5000], "--seed"),
        (["-n", "1", "-p", f"left={'9' * 5000}"], "parameter left"),
        (["-n", "1", "--time", "99999999999"], "above fifty years"),
        (["-n", "1", "--mem", f"{10**30}G"], "above a million TB"),
        (["-n", "1", "--cpus", "1e9"], "above 65533"),
        (["-n", "1", *(word for key in ("left", "right", "noise")
                       for word in ("--sweep", f"{key}={THOUSAND}"))], "1,000,000,000 parameter"),
    ],
)  # fmt: skip
def test_a_slip_is_one_line_and_changes_nothing(run_cli, made, monkeypatch, arguments, words):
    monkeypatch.setattr(LocalExecutor, "max_parallel", lambda self: 64)
    answer = run_cli("generate", SINE, *arguments, "--executor", "local")

    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert words in answer.err
    assert len(answer.err) < 300
    assert made.reserved == 30


def test_too_many_samples_are_refused_in_python_too(made, cache):
    with pytest.raises(ConfigurationError, match="at most 2\\*\\*63 - 1"):
        generate(sine, 10**5000, executor="inline", cache=cache)
    with pytest.raises(ConfigurationError, match="more than 1,000 digits"):
        generate(sine, 1, seed=10**5000, executor="inline", cache=cache)
    with pytest.raises(SplitError, match="no parameter set has"):
        made.move(10**5000, "train")
    with pytest.raises(SelectionError, match="no set has"):
        made["raw"].get(10**5000)
    assert (made.reserved, made.counts) == (30, {"raw": 30})


def test_the_points_of_a_sweep_are_counted_before_they_are_bound(cache):
    endless = ({"left": -number} for number in itertools.count())

    with pytest.raises(ConfigurationError, match="at most 100,000 parameter sets"):
        datagen_core.sweep(sine, 1, endless, executor="inline", cache=cache)
    assert not (cache / "sine").exists()
