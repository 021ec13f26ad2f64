"""`datagen resume`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import generators_for_tests
from datagen_core import Cache
from datagen_core.executors.choice import find_executor
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.resuming import take_up
from datagen_core.store.layout import list_shards, shard_name
from datagen_core.store.runs import read_run
from published_documents import change

DEADLY = """
import os
import datagen_core

@datagen_core.generator(5)
def deadly(size, start):
    if start == 30:
        os.abort()
    return {"x": [1.0] * size}
"""

FILE = Path(generators_for_tests.__file__)
SINE = f"{FILE}:sine"


def test_resume_makes_what_was_lost_and_then_nothing(run_cli, generate_inline, cache):
    generate_inline(SINE, "-n", 25)
    shards = Cache(cache)["sine"][0].paths.shards
    (shards / shard_name(list_shards(shards)[0])).unlink()

    assert run_cli("resume").out == "resumed 1 run\n"
    assert run_cli("resume").out == "nothing is missing\n"
    assert Cache(cache)["sine"][0].counts == {"raw": 25}


def test_resume_tries_again_and_says_what_is_still_missing(run_cli, generate_inline):
    generate_inline(f"{FILE}:broken", "-n", 20)
    answer = run_cli("resume", "broken")

    assert answer.code == 4
    assert "5 of 20 samples are missing" in answer.err.splitlines()[-1]


def test_resume_of_refused_samples_tries_once_more_and_is_not_advised(run_cli, generate_inline):
    first = generate_inline(f"{FILE}:choosy", "-n", 30)
    again = run_cli("resume", "choosy")

    assert (first.code, again.code) == (4, 4)
    for answer in (first, again):
        line = answer.err.splitlines()[-1]
        assert "the generator refuses samples 10-19: no root" in line
        assert line.endswith("raise its `version`, or go on with the samples that are made")
        assert "datagen resume" not in line
    assert run_cli("list", "--json").json[0]["state"] == "refused"


def test_a_total_with_refused_samples_says_so(run_cli, generate_inline):
    generate_inline(f"{FILE}:choosy", "-n", 30)
    line = generate_inline(f"{FILE}:choosy", "--total", 30).err.splitlines()[-1]

    assert "10 of 30 samples are missing (10-19), and the generator refuses samples 10-19" in line
    assert "datagen resume" not in line


def test_a_crash_that_was_mended_is_made_by_resume(run_cli, tmp_path, cache):
    file = tmp_path / "deadly.py"
    file.write_text(DEADLY)
    answer = run_cli("generate", f"{file}:deadly", "-n", 100, "--executor", "local")
    file.write_text(DEADLY.replace("os.abort()", "pass"))

    assert answer.code == 4
    assert "samples 30-34 failed: died: SIGABRT; log: " in answer.err
    assert "samples 0-99: died: SIGABRT; trying them in halves" in answer.err
    assert run_cli("resume", "--trust").code == 0
    assert Cache(cache)["deadly"][0].counts == {"raw": 100}


ODD_DETAILS = [
    {"executor": None}, {"njobs": None}, {"resources": None}, {"resources": {"cpus": "many"}},
    {"resources": {"cpus": 1, "tpus": 2}}, {"resources": {"options": [1]}},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_DETAILS, ids=str)
def test_a_run_that_does_not_say_how_it_was_asked_for_is_damage(
    run_cli, generate_inline, cache, odd
):
    generate_inline(f"{FILE}:broken", "-n", 20)
    (path,) = cache.glob("broken/*/runs/0.json")
    details = {**json.loads(path.read_text())["details"], **odd}
    change(path, details={key: value for key, value in details.items() if value is not None})
    answer = run_cli("resume", "--trust")

    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert f"{path} is damaged" in answer.err


def test_resume_asks_for_what_the_run_asked_for(run_cli, generate_inline, cache, monkeypatch):
    asked = ["--account", "phys", "--qos", "long", "--gpus", 1, "--executor", "local"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    assert run_cli("generate", SINE, "-n", 20, *asked).code == 0
    paths = Cache(cache)["sine"][0].paths
    run = read_run(paths, 0)
    assert json.loads(paths.run(0).record.read_text())["format"] == "1.1"
    settings = take_up(paths, run, Settings(), choose=find_executor).settings.resources
    assert (settings.account, settings.qos, settings.gpus) == ("phys", "long", 1)

    elsewhere = take_up(paths, run, Settings(executor="inline"), choose=find_executor)
    assert elsewhere.settings.resources.gpus == 0


def test_what_older_versions_know_is_written_as_they_know_it(generate_inline, cache):
    generate_inline(SINE, "-n", 20, "--gpus", 0)
    record = json.loads(Cache(cache)["sine"][0].paths.run(0).record.read_text())
    assert record["format"] == "1.0"
    assert not {"gpus", "account", "qos"} & record["details"]["resources"].keys()


def test_an_executor_without_gpus_says_so(generate_inline, cache):
    answer = generate_inline(SINE, "-n", 20, "--gpus", 1)
    assert (answer.code, cache.exists()) == (2, False)
    assert "executor inline cannot give GPUs to jobs; leave out --gpus" in answer.err
