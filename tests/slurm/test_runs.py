"""Runs on a real Slurm that meet no trouble: what is made, told, recorded and refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from datagen_core import Cache
from slurm_runs import (
    columns,
    end,
    files_of,
    generate,
    job_ids,
    kill,
    logs_of,
    one_error,
    plans_of,
    prepare,
    reasons,
    run,
    same_bytes,
    set_trouble,
    start_generate,
    states,
    status,
    stderr_of,
    wait_for_trouble,
    wait_until_complete,
)


def test_the_first_example_makes_the_same_samples_as_this_machine(folder, tmp_path):
    asked = ["-n", 1000, "-njobs", 40, "--params", "{'left': 0, 'std_dev': 0.5}"]
    done = generate(folder, *asked, "--time", "30", "--verbose")
    assert "1000 samples made" in done.stdout
    assert len(logs_of(folder)) == 20  # one for each task; a task has whole batches
    here = prepare(tmp_path / "here")
    generate(here, *asked, executor="inline")
    assert columns(folder).tobytes() == columns(here).tobytes()


def test_no_wait_returns_and_status_tells_the_rest(folder, reference):
    set_trouble(folder, 50, "wait")
    done = generate(folder, "-n", 200, "--njobs", 2, "--time", 5, "--no-wait")
    assert "datagen status" in done.stdout
    wait_for_trouble(folder, 50)
    assert "running" in states(folder)
    set_trouble(folder, 50)
    wait_until_complete(folder)
    assert same_bytes(folder, reference, 200)


def test_resuming_what_is_complete_changes_nothing(folder):
    generate(folder, "-n", 100, "--time", 5)
    before = files_of(folder)
    assert "nothing is missing" in run(folder, "resume").stdout
    assert files_of(folder) == before


def test_more_tasks_than_an_array_holds_are_packed_and_can_be_cancelled(folder, slurm):
    held = ["--slurm-option", "hold", "--no-wait", "--time", 5]
    generate(folder, "-n", 7500, "--njobs", 150, *held)
    (plan,) = plans_of(folder)
    assert len(job_ids(slurm, "pending")) == len(plan["tasks"]) == 101
    assert "held by its owner" in reasons(folder)
    run(folder, "cancel")
    assert job_ids(slurm, "pending") == []
    assert states(folder) == {"cancelled"}


def test_the_estimate_is_told_and_used_when_no_time_is_given(folder, slurm):
    generate(folder, "-n", 200, "--njobs", 2, executor="local")
    done = generate(folder, "-n", 200, "--no-wait", "--slurm-option", "hold")
    assert "gets a time limit of 00:02:00" in done.stderr
    assert slurm.run("squeue", "-h", "-r", "-o", "%l") == "2:00"


def test_without_time_or_timings_nothing_begins(folder):
    done = generate(folder, "-n", 200, code=2)
    assert "give --time, or first run a few: datagen generate" in one_error(done)
    assert not (folder / "cache").exists()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--time", 5, "--partition", "nowhere"), 1, "no partition 'nowhere'; choose from"),
        (("--time", 5, "--partition", "short"), 2, "above the maximum of 00:01:00"),
        (("--time", 5, "--mem", "much"), 2, "is not a memory size"),
        (("--time", "soon"), 2, "is not a time limit"),
        (("--time", 5, "--mem", "900G"), 1, "ask for less memory"),
        (("--time", 5, "--slurm-option", "no-such-option=1"), 1, "remove or correct the option"),
    ],
)
def test_what_slurm_cannot_do_is_refused_in_one_line(folder, options, code, words):
    assert words in one_error(generate(folder, "-n", 100, *options, code=code))


def test_interrupting_the_submitter_leaves_jobs_running_and_says_so(folder, slurm, reference):
    set_trouble(folder, 0, "wait")
    waiting = start_generate(folder, "-n", 100, "--time", 5)
    wait_for_trouble(folder, 0)
    end(waiting, 130, how=signal.SIGINT)
    for words in ("jobs go on", "datagen status", "datagen cancel"):
        assert words in stderr_of(folder)
    assert job_ids(slurm)
    set_trouble(folder, 0)
    wait_until_complete(folder)
    assert same_bytes(folder, reference, 100)


def test_killing_the_submitter_loses_nothing(folder, reference):
    set_trouble(folder, 50, "wait")
    waiting = start_generate(folder, "-n", 200, "--njobs", 2, "--time", 5)
    wait_for_trouble(folder, 50)
    kill(waiting)
    set_trouble(folder, 50)
    wait_until_complete(folder)
    assert same_bytes(folder, reference, 200)


def test_timings_of_slurm_tasks_are_recorded(folder):
    generate(folder, "-n", 300, "--njobs", 2, "--time", 5)
    plan = run(folder, "generate", "noisy_sine", "-n", 300, "--dry-run", "--json")
    estimate = json.loads(plan.stdout)["estimate"]
    assert 0 < estimate["mean_seconds"] < 60
    assert status(folder)["state"] == "complete"


GRID = ["--sweep", "left=-3,-2", "--sweep", "std_dev=0.1,0.5"]


def test_a_sweep_is_one_array_with_the_same_samples(folder, tmp_path):
    generate(folder, "-n", 100, *GRID, "--njobs", 2, "--time", 5)
    here = prepare(tmp_path / "here")
    generate(here, "-n", 100, *GRID, executor="inline")

    made, expected = (Cache(where / "cache")["noisy_sine"] for where in (folder, here))
    assert [made[k].params for k in made] == [expected[k].params for k in expected]
    for k in made:
        assert np.array_equal(made[k]["raw"].get(100), expected[k]["raw"].get(100))
    jobs = list((folder / "cache" / "noisy_sine" / "jobs").iterdir())
    assert [len(list((job / "logs").iterdir())) for job in jobs] == [4]


def test_one_set_of_a_sweep_can_be_cancelled_and_resumed(folder, slurm):
    held = ["--slurm-option", "hold", "--no-wait", "--time", 5]
    generate(folder, "-n", 100, *GRID, *held)
    assert len(job_ids(slurm, "pending")) == 4
    run(folder, "cancel", "noisy_sine", "-p", "1")
    found = json.loads(run(folder, "status", "--json").stdout)

    assert {(each["number"], each["ranges"][0]["state"]) for each in found} == {
        (0, "queued"), (1, "cancelled"), (2, "queued"), (3, "queued"),
    }  # fmt: skip
    run(folder, "resume", "--no-wait", "--time", 5)
    slurm.run("scontrol", "release", *job_ids(slurm, "pending"))
    run(folder, "resume", "--time", 5)
    sets = Cache(folder / "cache")["noisy_sine"]
    assert [made.counts for made in sets.values()] == [{"raw": 100}] * 4


LOUD = """
import datagen_core

@datagen_core.generator(5)
def loud(size):
    print("é")
    yield from [{"x": 1.0}] * size
"""
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def generate_loud(folder, prefix=Path(sys.prefix)):
    """Run a generator that prints a letter in a folder, in an ASCII locale."""
    folder.mkdir(exist_ok=True, parents=True)
    if prefix != Path(sys.prefix):
        prefix.symlink_to(sys.prefix)
    (folder / "generators.py").write_text(LOUD, encoding="utf-8")
    words = "generate loud -n 10 --executor slurm --time 5 --cache cache"
    command = [prefix / "bin" / "python", "-m", "datagen_core", *words.split()]
    environment = {**os.environ, **ASCII}
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, env=environment)


def test_a_job_prints_letters_that_its_locale_lacks(folder):
    done = generate_loud(folder)

    assert done.returncode == 0, done.stderr
    assert any(b"\\xe9" in log.read_bytes() for log in folder.rglob("*.log"))


ODD = {
    "expanded": b"50%j % 'n' \"q\" # $HOME \xe9",
    "not expanded": b"back\\slash/new\nline/%a tail\\",
}


@pytest.mark.parametrize("kind", ODD)
def test_any_path_will_do(folder, tmp_path, kind):
    """That of the cache, of the working directory and of the interpreter."""
    odd = tmp_path / os.fsdecode(ODD[kind])
    done = generate_loud(odd, odd / "environment")

    assert done.returncode == 0, done.stderr
    (log,) = odd.rglob("*.log")
    assert b"\\xe9" in log.read_bytes()
