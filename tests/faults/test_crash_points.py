"""Killed, overtaken or raced at every step of every publish: what is visible is right, always."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[1] / "crash_points.py"
_IN_MEMORY = Path("/dev/shm")  # kill -9 asks nothing of a disk, and fsync would take all the time

FATES = ("crash", "zombie", "race")
SCENARIOS = ("generate", "work", "move", "spend", "exclude", "compact", "preprocess", "import")


@pytest.fixture(scope="module")
def explore():
    """Return a function that explores one scenario, in a process for all of them."""
    with (
        tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder,
        subprocess.Popen(
            [sys.executable, str(_SCRIPT), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as explorer,
    ):

        def run(fate: str, scenario: str, mutant: str = "none", stride: int = 1) -> dict:
            explorer.stdin.write(json.dumps([fate, scenario, mutant, stride]) + "\n")
            explorer.stdin.flush()
            return json.loads(explorer.stdout.readline())

        yield run
        explorer.stdin.close()


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("fate", FATES)
def test_nothing_is_lost_doubled_or_torn(explore, fate, scenario):
    # Most steps of `generate` are those of `work`, and each of `import` is repeated as a whole: a
    # third or a tenth of them here, all of them under stress.
    stride = 1 if fate == "race" else {"generate": 3, "import": 10}.get(scenario, 1)
    assert explore(fate, scenario, stride=stride)["violations"] == []


@pytest.mark.slow
@pytest.mark.stress
@pytest.mark.parametrize("scenario", ["generate", "import"])
@pytest.mark.parametrize("fate", ["crash", "zombie"])
def test_nothing_is_lost_doubled_or_torn_at_any_step_of_many(explore, fate, scenario):
    assert explore(fate, scenario)["violations"] == []


def test_every_step_of_a_publish_is_explored(explore):
    # Temporary file, torn text, fsync, folder, link, unlink, fsync, unlink; and done, unreported.
    assert explore("crash", "move")["steps"] >= 9


@pytest.mark.parametrize(
    ("mutant", "fate", "scenario"),
    [
        ("write in place", "crash", "work"),
        ("shared temporary name", "zombie", "work"),
        ("missing seed", "crash", "work"),
        ("move overwrites the newest generation", "zombie", "move"),
        ("move ignores the newest generation", "crash", "move"),
        ("move overwrites the newest generation", "zombie", "exclude"),
        ("spent numbers are free again", "zombie", "spend"),
    ],
)
def test_planted_faults_are_found(explore, mutant, fate, scenario):
    assert explore(fate, scenario, mutant)["violations"]
