"""A repair that is killed loses nothing, and the next one ends it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[1] / "repair_kills.py"
_IN_MEMORY = Path("/dev/shm")


@pytest.mark.slow
@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.stress)])
def test_a_killed_repair_loses_nothing(stride):
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
        words = [sys.executable, str(_SCRIPT), folder, str(stride)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout.splitlines()[-1]) == []
