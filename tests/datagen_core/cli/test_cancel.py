"""`datagen cancel`."""

from __future__ import annotations

from pathlib import Path

import generators_for_tests
from datagen_core import Cache
from slurm_cluster import wait_until

FILE = Path(generators_for_tests.__file__)
SINE = f"{FILE}:sine"


def test_nothing_alive_is_nothing_to_cancel(run_cli, generate_inline):
    generate_inline(SINE, "-n", 5)

    assert run_cli("cancel").out == "nothing is alive\n"


def test_a_run_that_is_not_waited_for_goes_on_and_can_be_cancelled(run_cli, cache, slow):
    answer = run_cli("generate", slow, "-n", 500, "--executor", "local", "--no-wait", "--json")
    assert answer.json["state"] == "running"
    made = Cache(cache)["slow"][0]
    journal = made.paths.run(0).journal(0, 0)
    wait_until(lambda: journal.exists() and '"batches"' in journal.read_text(), "a batch")

    assert run_cli("list", "--json").json[0]["state"] == "running"
    assert "runs that are alive" in run_cli("rm", "slow", "-y").err
    assert run_cli("cancel", "slow").out == "cancelled 1 run\n"
    assert 0 < made.counts["raw"] < 500
    (status,) = run_cli("status", "--json").json
    assert (status["state"], status["ranges"][0]["state"]) == ("holes", "cancelled")
