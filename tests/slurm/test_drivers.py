"""Several processes look after one run on a real Slurm: each sample has one job."""

from __future__ import annotations

from collections import Counter

from slurm_cluster import wait_until
from slurm_runs import (
    end,
    generate,
    job_ids,
    plans_of,
    run,
    same_bytes,
    set_trouble,
    start,
    states,
    wait_for_trouble,
)

ASKED = ("-n", 400, "--njobs", 4, "--time", 5)
"""Four tasks of two batches each."""
HELD = (50, 150, 250, 350)
"""The second batch of each."""


def submitted(folder):
    """Count how often each range was submitted."""
    return Counter(tuple(map(tuple, task)) for plan in plans_of(folder) for task in plan["tasks"])


def test_of_drivers_that_resume_at_once_one_submits(folder, slurm, reference):
    for batch in HELD:
        set_trouble(folder, batch, "wait")
    generate(folder, *ASKED, "--no-wait")
    wait_for_trouble(folder, *HELD)
    slurm.cancel_all()
    drivers = [start(folder, "resume") for _ in range(3)]
    try:
        wait_until(lambda: states(folder) == {"running"}, "running tasks")
        run(folder, "resume", "--no-wait")
        assert len(job_ids(slurm, "running,pending")) == 4
    finally:
        for batch in HELD:
            set_trouble(folder, batch)
        for driver in drivers:
            end(driver)
    assert max(submitted(folder).values()) == 1
    assert job_ids(slurm, "running,pending") == []
    assert same_bytes(folder, reference, 400)
