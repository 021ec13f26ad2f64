"""What sites put in front of Slurm's commands, and limit: runs are as anywhere else."""

from __future__ import annotations

import os

import pytest

from slurm_cluster import wait_until
from slurm_runs import (
    end,
    generate,
    job_ids,
    one_error,
    plans_of,
    reasons,
    run,
    same_bytes,
    set_trouble,
    start_generate,
    states,
    stderr_of,
    wait_for_words,
)

SBATCH = {
    "sbatch_banner": """\
echo "Welcome. Maintenance window: see job 12345 of the help desk."
exec /usr/bin/sbatch "$@"
""",
    "sbatch_number_only": """exec /usr/bin/sbatch --parsable "$@"
""",
    "sbatch_submit_limit": r"""
for argument in "$@"; do file=$argument; done
last=$(grep -oP '^#SBATCH --array=0-\K[0-9]+' "$file")
if [ $((${last:-0} + 1)) -gt 4 ]; then
  echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2
  echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)" >&2
  exit 1
fi
exec /usr/bin/sbatch "$@"
""",  # noqa: E501
    "places": r"""
for argument in "$@"; do file=$argument; done
range=$(grep -oP '^#SBATCH --array=\K[0-9]+-[0-9]+' "$file" || echo 0-0)
count=$(( ${range#*-} - ${range%-*} + 1 + $(/usr/bin/squeue -h -r | wc -l) ))
if [ $count -gt 3 ]; then
  echo "sbatch: error: AssocMaxSubmitJobLimit" >&2
  exit 1
fi
exec /usr/bin/sbatch "$@"
""",
}  # fmt: skip
SQUEUE = """\
echo "### Maintenance on Monday ###"
head -c 100 /dev/urandom
exec /usr/bin/squeue "$@"
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return what puts a script in front of one of Slurm's commands."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")

    def put(name, script):
        (place / name).write_text(f"#!/bin/bash\n{script}")
        (place / name).chmod(0o755)

    return put


@pytest.mark.parametrize("case", ["sbatch_banner", "sbatch_number_only", "sbatch_submit_limit"])
def test_a_run_takes_no_harm(folder, site, reference, case):
    site("sbatch", SBATCH[case])
    site("squeue", SQUEUE)
    generate(folder, "-n", 400, "--njobs", 8, "--time", 5)
    assert same_bytes(folder, reference, 400)
    assert len(plans_of(folder)) == 1


def test_a_run_goes_on_as_places_become_free(folder, site, reference):
    site("sbatch", SBATCH["places"])
    set_trouble(folder, 0, "wait")
    waiting = start_generate(folder, "-n", 400, "--njobs", 8, "--time", 5)
    wait_for_words(folder, "AssocMaxSubmitJobLimit; ")
    assert "tasks wait for places; a smaller --njobs makes fewer" in stderr_of(folder)
    assert states(folder) <= {"running", "queued"}
    set_trouble(folder, 0)
    end(waiting)
    assert same_bytes(folder, reference, 400)
    assert len(plans_of(folder)) == 1


def test_whoever_does_not_wait_is_told_what_is_left(folder, site, slurm, reference):
    site("sbatch", SBATCH["places"])
    set_trouble(folder, 0, "wait")
    line = one_error(generate(folder, "-n", 400, "--njobs", 8, "--time", 5, "--no-wait", code=4))
    assert "3 of 8 tasks are submitted, 5 are not: Slurm takes no more jobs of yours: Assoc" in line
    assert "a smaller --njobs makes fewer; go on with: datagen resume" in line
    assert "never submitted" in reasons(folder)
    set_trouble(folder, 0)
    run(folder, "resume")
    assert same_bytes(folder, reference, 400)


def test_a_run_that_waits_for_places_can_be_cancelled(folder, site, slurm):
    site("sbatch", SBATCH["places"])
    set_trouble(folder, 0, "wait")
    waiting = start_generate(folder, "-n", 400, "--njobs", 8, "--time", 5)
    wait_for_words(folder, "tasks wait for places")
    run(folder, "cancel")
    end(waiting, 4)
    assert states(folder) == {"cancelled"}
    assert job_ids(slurm) == []


def test_a_controller_that_restarts_is_waited_for_from_the_first(folder, slurm, reference):
    slurm.stop_slurmctld()
    try:
        waiting = start_generate(folder, "-n", 100, "--time", 5)
        wait_for_words(folder, "does not answer")
        assert not (folder / "cache").exists()
    finally:
        slurm.start_slurmctld()
    end(waiting)
    assert same_bytes(folder, reference, 100)


def test_a_start_that_was_asked_for_is_no_requeue(folder):
    later = ["--slurm-option", "begin=now+1hour"]
    generate(folder, "-n", 100, "--time", 5, "--no-wait", *later)
    wait_until(lambda: "waiting for its start time, 20" in reasons(folder), "the reason")
    assert "requeue" not in reasons(folder)


ANOTHER_CLUSTER = {
    "scontrol": """/usr/bin/scontrol "$@" | sed '/^ClusterName/s/=.*/= another/'
exit ${PIPESTATUS[0]}
""",
    "squeue": """/usr/bin/squeue "$@" | grep -v noisy_sine
exit ${PIPESTATUS[0]}
""",
}


def test_tasks_on_another_cluster_are_neither_dead_nor_made_again(folder, site, slurm, reference):
    generate(
        folder,
        "-n",
        200,
        "--njobs",
        2,
        "--time",
        5,
        "--no-wait",
        "--slurm-option",
        "begin=now+1hour",
    )
    for name, script in ANOTHER_CLUSTER.items():
        site(name, script)
    reason = "on cluster test, and perhaps not visible here"
    wait_until(lambda: reasons(folder) == reason, "what is too old to be on its way")
    assert states(folder) == {"queued"}
    run(folder, "resume", "--no-wait")
    assert len(plans_of(folder)) == 1

    line = one_error(run(folder, "cancel", "noisy_sine", code=1))
    assert "was submitted on cluster test and may go on there; end it there with `scancel" in line
    run(folder, "resume", "--executor", "inline")
    assert same_bytes(folder, reference, 200)
    slurm.cancel_all()


STRANDED = """/usr/bin/squeue "$@" | sed 's/BeginTime|/launch failed requeued held|/'
exit ${PIPESTATUS[0]}
"""


def test_what_a_node_could_not_start_is_submitted_again(folder, site, slurm, reference):
    generate(folder, "-n", 200, "--njobs", 2, "--time", 5, "--no-wait",
             "--slurm-option", "begin=now+1hour")  # fmt: skip
    site("squeue", STRANDED)
    reason = "not started by its node, and held by Slurm: launch failed requeued held"
    wait_until(lambda: reasons(folder) == reason, "a job that Slurm has looked at")
    assert states(folder) == {"lost"}
    run(folder, "resume", "--slurm-option", "begin=now")
    assert same_bytes(folder, reference, 200)
    assert not job_ids(slurm, "pending,running")
