"""`datagen status`."""

from __future__ import annotations

from pathlib import Path

import generators_for_tests

ODD = """
import datagen_core

@datagen_core.generator(1)
def odd(start):
    if start % 2:
        raise datagen_core.RefusedSampleError(f"no root near {start}")
    yield {"x": 1.0}
"""

FILE = Path(generators_for_tests.__file__)


def test_status_tells_of_what_is_missing(run_cli, generate_inline):
    assert run_cli("status").out == "all runs are complete\n"
    generate_inline(f"{FILE}:broken", "-n", 20)
    answer = run_cli("status")

    assert "broken 0 run 0: holes, 15 of 20 samples (0 to 19)" in answer.out
    assert "10-14" in answer.out
    assert "RuntimeError: there is no sample 10" in answer.out
    assert run_cli("status", "broken", "-p", 0, "--json").json[0]["missing"] == 5


def test_many_refused_batches_are_one_line(run_cli, generate_inline, tmp_path):
    file = tmp_path / "odd.py"
    file.write_text(ODD)
    generate_inline(f"{file}:odd", "-n", 200)
    _, header, *rows, title, path = run_cli("status").out.splitlines()
    (run,) = run_cli("status", "--json").json

    assert header.split() == ["state", "count", "samples", "reason"]
    assert [row.split()[:2] for row in rows] == [["done", "100"], ["refused", "100"]]
    assert " 1, 3, 5, 7, 9 and 95 more ranges  no root near 1" in rows[1]
    assert title == "log of 1, 3, 5, 7, 9 and 95 more ranges:"
    assert path == run["ranges"][0]["log"]
    assert (run["state"], [item["count"] for item in run["ranges"]]) == ("refused", [100])
    assert len(run["ranges"][0]["samples"]) == 100


def test_many_runs_of_a_sweep_are_told_of_together(run_cli, generate_inline):
    for seed in range(5):
        generate_inline(f"{FILE}:broken", "-n", 20, "--seed", seed)
    title, header, *rows, log, path = run_cli("status").out.splitlines()

    assert title == "broken 0-4: holes, 75 of 100 samples in 5 runs"
    assert header.split() == ["state", "count", "reason"]
    assert [row.split()[:2] for row in rows] == [["done", "75"], ["failed", "25"]]
    assert (log, Path(path).is_file()) == ("log of run 0 of broken 0:", True)
    assert len(run_cli("status", "--json").json) == 5
