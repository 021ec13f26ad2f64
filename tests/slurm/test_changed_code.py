"""Other code on a real Slurm: compared in the job where nobody waits, and before it otherwise."""

from __future__ import annotations

import json

from slurm_cluster import wait_until
from slurm_runs import generate, one_error, run

OTHER, REWRITTEN = ("np.sin(x) +", "np.cos(x) +"), ("np.sin(x) +", "np.sin(x + 0.0) +")


def edit(folder, old, new):
    file = folder / "generators.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def last_run(folder):
    return json.loads(run(folder, "status", "--json").stdout)[-1]


def end_of_last(folder):
    wait_until(lambda: last_run(folder)["state"] != "running", "the end of the run")
    return last_run(folder)


def listed(folder):
    (row,) = json.loads(run(folder, "list", "--json").stdout)
    return row


def test_a_job_of_other_code_publishes_nothing_until_it_is_accepted(folder):
    generate(folder, "-n", 100, "--time", 5)
    edit(folder, *OTHER)
    generate(folder, "-n", 400, "--njobs", 3, "--time", 5, "--no-wait")

    status = end_of_last(folder)
    assert (status["state"], status["done"]) == ("refused", 0)
    reason = status["ranges"][0]["reason"]
    assert "noisy_sine (function); sample 0 made anew differs in field y" in reason
    run(folder, "resume", "--accept-code")
    assert (listed(folder)["samples"], listed(folder)["mixed"]) == (500, True)


def test_one_task_of_a_job_compares_and_the_others_go_on(folder):
    generate(folder, "-n", 100, "--time", 5)
    edit(folder, *REWRITTEN)
    generate(folder, "-n", 400, "--njobs", 3, "--time", 5, "--no-wait")

    assert end_of_last(folder)["state"] == "complete"
    (row,) = json.loads(run(folder, "verify", "--json").stdout)
    assert [(each["probe"], each["compared"]) for each in row["codes"]] == [
        ("first", 0), ("equal", 100)
    ]  # fmt: skip


def test_quick_batches_are_compared_before_anything_is_submitted(folder, slurm):
    generate(folder, "-n", 100, "--time", 5)
    edit(folder, *OTHER)
    done = generate(folder, "-n", 400, "--time", 5, code=2)

    assert "noisy_sine 0 was made by other code: noisy_sine (function)" in one_error(done)
    assert (listed(folder)["reserved"], listed(folder)["mixed"]) == (100, False)
