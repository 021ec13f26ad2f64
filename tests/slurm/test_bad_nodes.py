"""Nodes of a real Slurm that fail: what fails there is not the work's fault."""

from __future__ import annotations

import shutil

from slurm_cluster import wait_until
from slurm_runs import (
    end,
    generate,
    job_ids,
    one_error,
    plans_of,
    run,
    same_bytes,
    set_trouble,
    start_generate,
    status,
    wait_for_trouble,
)

ASKED = ("-n", 400, "--njobs", 4, "--time", 5)
"""Four tasks of two batches each."""


def test_what_fails_on_one_node_is_made_on_others(folder, reference):
    set_trouble(folder, "n1", "raise")
    done = generate(folder, *ASKED)
    assert "failed on n1 and on no other node (ValueError: trouble at n1)" in done.stderr
    assert len(plans_of(folder)) == 2
    assert same_bytes(folder, reference, 400)


def test_status_names_the_node_and_resume_does_not_use_it(folder, reference):
    set_trouble(folder, "n1", "raise")
    generate(folder, *ASKED, "--no-wait")
    wait_until(lambda: status(folder)["state"] == "holes", "the failure")
    assert "ValueError: trouble at n1; all on n1" in run(folder, "status").stdout
    assert ["n1"] in [each["nodes"] for each in status(folder)["ranges"]]
    run(folder, "resume", "--no-wait")
    wait_until(lambda: status(folder)["state"] == "complete", "the samples")
    assert same_bytes(folder, reference, 400)


def test_without_a_good_node_batches_fail(folder, slurm):
    for node in slurm.nodes:
        set_trouble(folder, node, "raise")
    assert "ValueError: trouble at" in one_error(generate(folder, *ASKED, code=4))


def test_a_node_is_used_where_there_is_no_other(folder):
    set_trouble(folder, "n1", "raise")
    asked = ["--slurm-option", "exclude=n[2-4]"]
    line = one_error(generate(folder, "-n", 50, "--time", 5, *asked, code=4))
    assert "trouble at n1; all on n1" in line
    assert len(plans_of(folder)) == 3


def test_a_controller_that_lost_its_state_costs_no_attempt(folder, slurm, reference):
    for batch in (50, 150, 250, 350):
        set_trouble(folder, batch, "wait")
    process = start_generate(folder, *ASKED)
    wait_for_trouble(folder, 50, 150, 250, 350)
    slurm.kill_slurmctld()
    shutil.rmtree(slurm.folder / "state")
    (slurm.folder / "state").mkdir()
    slurm.start_slurmctld()
    wait_until(lambda: len(plans_of(folder)) == 2, "another submission", 120)
    wait_until(lambda: len(job_ids(slurm, "running")) == 4, "its tasks")
    for batch in (50, 150, 250, 350):
        set_trouble(folder, batch)
    end(process)
    assert len(plans_of(folder)[1]["tasks"]) == 4  # and not in halves, as those of dead processes
    assert same_bytes(folder, reference, 400)
