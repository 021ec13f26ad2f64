"""`datagen generate`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import generators_for_tests
from datagen_core import Cache
from datagen_core.executors.slurm.executor import SlurmExecutor
from patience import patience
from slurm_cluster import wait_until

FILE = Path(generators_for_tests.__file__)
SINE = f"{FILE}:sine"
EXAMPLES = FILE.parents[1] / "example_datasets"


def test_samples_are_made_and_told(generate_inline, cache):
    answer = generate_inline(SINE, "-n", 25)

    assert answer.code == 0
    assert answer.out == "sine: 25 samples made, 0 to 24\n"
    assert Cache(cache)["sine"][0].counts == {"raw": 25}


def test_a_second_call_adds(generate_inline):
    generate_inline(SINE, "-n", 25)

    assert generate_inline(SINE, "-n", 5).out == "sine: 5 samples made, 25 to 29\n"
    assert generate_inline(SINE, "--total", 32).out == "sine: 2 samples made, 30 to 31\n"
    assert (
        generate_inline(SINE, "--total", 32).out
        == "sine has 32 samples or more already; nothing to do\n"
    )


def test_a_total_with_holes_is_not_reached(generate_inline):
    generate_inline(f"{FILE}:broken", "--total", 20)
    answer = generate_inline(f"{FILE}:broken", "--total", 20)

    assert answer.code == 4
    assert "datagen resume broken" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "left=0", "-p", "noise=0.5"],
        ["--params", '{"left": 0, "noise": 0.5}'],
        ["--params", "{'left': 0, 'noise': 0.5}"],
        ["--params", "{'left': 9, 'noise': 0.5}", "-p", "left=0"],
        ["--params", "@params.json"],
        ["-p", "left=-0.0", "-p", "noise=5e-1", "-p", "right=1"],
    ],
)
def test_params_in_all_forms_are_one_set(generate_inline, cache, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.json").write_text('{"left": 0,\n "noise": 0.5}')
    generate_inline(SINE, "-n", 5, "-p", "left=0", "-p", "noise=0.5")
    answer = generate_inline(SINE, "-n", 5, *words)

    assert answer.code == 0, answer.err
    assert Cache(cache)["sine"][0].counts == {"raw": 10}


def test_generators_are_found_in_folders(generate_inline, cache, monkeypatch):
    assert generate_inline("noisy_sine", "-n", 5, "--generators", EXAMPLES).code == 0
    monkeypatch.chdir(EXAMPLES)

    assert generate_inline("noisy_sine", "-n", 5, "--cache", cache).out.endswith("5 to 9\n")


def test_json_tells_the_same(generate_inline):
    answer = generate_inline(SINE, "-n", 25, "--json", "--seed", 3)

    assert answer.json["done"] == 25
    assert (answer.json["state"], answer.json["missing"], answer.json["ranges"]) == (
        "complete",
        0,
        [],
    )


def test_plain_lines_tell_progress_where_there_is_no_terminal(generate_inline):
    answer = generate_inline(SINE, "-n", 25)

    assert answer.err.splitlines()[0].startswith("sine run 0: 0/25 samples")
    assert answer.err.splitlines()[-1].startswith("sine run 0: 25/25 samples")
    assert "\x1b" not in answer.err


def test_verbose_tells_where_samples_go(generate_inline, cache):
    answer = generate_inline(SINE, "-n", 5, "-v")

    assert str(cache) in answer.err
    assert "samples 0 to 4" in answer.err


def test_a_dry_run_tells_the_plan_and_writes_nothing(generate_inline, cache):
    answer = generate_inline(SINE, "-n", 25, "--dry-run", "--njobs", 3)

    assert answer.code == 0
    assert "samples    0 to 24 (25)" in answer.out
    assert "nothing timed yet" in answer.out
    assert not cache.exists()


def test_a_dry_run_knows_what_was_timed(generate_inline):
    generate_inline(SINE, "-n", 100)

    assert "about 1 s per task" in generate_inline(SINE, "-n", 25, "--dry-run").out


def test_a_dry_run_for_slurm_tells_what_sbatch_gets(run_cli, cache, monkeypatch):
    monkeypatch.setattr(SlurmExecutor, "available", lambda self: "")
    monkeypatch.setattr(SlurmExecutor, "max_minutes", lambda self, resources: None)
    monkeypatch.setattr(SlurmExecutor, "max_tasks", lambda self: 1000)
    options = ["--time", "1:30:00", "--partition", "long", "--slurm-option", "constraint=fast"]
    answer = run_cli(
        "generate", SINE, "-n", 95, "--njobs", 4, "--executor", "slurm", "--dry-run", *options
    )

    assert answer.code == 0, answer.err
    for words in ("4 of 15 to 30 samples", "01:30:00", "partition=long", "constraint=fast",
                  "qos=test", "exclusive", "mem=1GB", "array=0-3"):  # fmt: skip
        assert words in answer.out
    assert not cache.exists()


def test_a_dry_run_in_json_is_the_plan(generate_inline):
    plan = generate_inline(SINE, "-n", 25, "--dry-run", "--json").json

    assert (plan["start"], plan["stop"], plan["tasks"]) == (0, 25, [[[0, 25]]])
    assert plan["executor"] == "inline"


WALK = """
import datagen_core

def step():
    return {}

@datagen_core.generator()
def walk(size):
    yield 1.0, step()
"""


def test_other_code_is_refused_by_name_unless_it_makes_equal_samples(generate_inline, tmp_path):
    texts = {"file.py": WALK.format(1.0), "moved.py": WALK.format(" 1.0  # the same")}
    texts |= {"rewritten.py": WALK.format("float(1)"), "other.py": WALK.format(2.0)}
    answers = {}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        answers[name] = generate_inline(f"{tmp_path / name}:walk", "-n", 3)

    assert [answer.code for answer in answers.values()] == [0, 0, 0, 2]
    words = "walk 0 was made by other code: step (function); sample 0 made anew differs in field y"
    assert words in answers["other.py"].err
    assert "raise `version`" in answers["other.py"].err


def test_ctrl_c_keeps_what_is_made(cache, slow):
    command = [sys.executable, "-m", "datagen_core", "generate", slow, "-n", "500"]
    child = subprocess.Popen(
        [*command, "--executor", "local", "--cache", cache], stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: any('"batches"' in path.read_text() for path in cache.rglob("*.jsonl")),
               "a batch")  # fmt: skip
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=patience(60))

    assert child.returncode == 130
    assert errors.splitlines()[-1] == "datagen: interrupted; what is published is kept"
    assert 0 < Cache(cache)["slow"][0].counts["raw"] < 500


def test_plans_are_plain_json(generate_inline):
    assert json.loads(generate_inline(SINE, "-n", 1, "--json").out)["run"] == 0


@pytest.mark.parametrize("text", ["1", "1.0", "true", "null", "[1]", "0x1", "1,5"])
def test_a_text_parameter_keeps_what_is_typed(run_cli, generate_inline, text):
    generate_inline(SINE, "-n", 5, "-p", "label=other")
    generate_inline(SINE, "-n", 5, "-p", f"label={text}")

    assert run_cli("show", "sine", "-p", f"label={text}", "--json").json["params"]["label"] == text
    assert run_cli("move", "sine", 2, "train", "-p", f"label={text}").code == 0
