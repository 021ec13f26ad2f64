"""`datagen status`."""

from __future__ import annotations

from pathlib import Path

import generators_for_tests

FILE = Path(generators_for_tests.__file__)


def test_status_tells_of_what_is_missing(run_cli, generate_inline):
    assert run_cli("status").out == "all runs are complete\n"
    generate_inline(f"{FILE}:broken", "-n", 20)
    answer = run_cli("status")

    assert "broken 0 run 0: holes, 15 of 20 samples (0 to 19)" in answer.out
    assert "10-14" in answer.out
    assert "RuntimeError: there is no sample 10" in answer.out
    assert run_cli("status", "broken", "-p", 0, "--json").json[0]["missing"] == 5
