"""What sites put in front of sbatch, set in shells, and limit, against a real controller."""

from __future__ import annotations

import json
import os

import pytest

from datagen_core.errors import ExecutionError, SchedulerFullError, SchedulerUnavailableError
from datagen_core.executors.base import Resources
from datagen_core.executors.slurm import sbatch
from slurm_jobs import EXECUTOR, make_job, phases, wait_for_end

POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
"""What sbatch says of any limit."""


@pytest.fixture
def before_sbatch(tmp_path, monkeypatch):
    """Return what puts a shell script in front of sbatch, as sites do."""
    folder = tmp_path / "in front"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(script):
        (folder / "sbatch").write_text(f"#!/bin/bash\n{script}\n")
        (folder / "sbatch").chmod(0o755)

    return put


def test_the_script_lies_where_others_neither_write_nor_read(slurm, tmp_path, before_sbatch):
    before_sbatch(f'stat -c %a "$(dirname "$1")" > "{tmp_path}/mode"; echo Submitted batch job 1')
    former = os.umask(0)
    try:
        EXECUTOR.submit(make_job(tmp_path, "note"))
    finally:
        os.umask(former)
    assert (tmp_path / "mode").read_text() == "700\n"


def jobs_named(cluster, name):
    found = cluster.run("squeue", "-h", "-r", "-t", "all", "-n", name, "-o", "%F %K").split("\n")
    return [line for line in found if line]


@pytest.mark.parametrize(
    "script",
    [
        'exec /usr/bin/sbatch --parsable "$@"',
        "echo 'Maintenance: see job 12345.'; exec /usr/bin/sbatch \"$@\"",
        'exec /usr/bin/sbatch "$@" > /dev/null',
        'exec /usr/bin/sbatch "$@" >&2',
        'head -c 500 /dev/urandom; exec /usr/bin/sbatch "$@"',
        "/usr/bin/sbatch \"$@\"; echo 'sbatch: error: lost' >&2; exit 1",
        "/usr/bin/sbatch \"$@\"; echo 'sbatch: error: Socket timed out on send/recv'; exit 1",
    ],
)
def test_sbatchs_answer_is_not_needed(slurm, tmp_path, before_sbatch, script):
    before_sbatch(script)
    job = make_job(tmp_path, "note", tasks=2, options={"hold": True})
    EXECUTOR.submit(job)
    EXECUTOR.submit(job)  # as after an answer that was lost
    assert len(jobs_named(slurm, job.name)) == 2
    assert phases(job.plans[0]) == {0: "queued", 1: "queued"}
    slurm.cancel_all()


def test_an_sbatch_that_submits_nothing_is_found_out(slurm, tmp_path, before_sbatch, monkeypatch):
    monkeypatch.setattr(sbatch, "_APPEAR_SECONDS", 1.0)
    before_sbatch("echo 'Thank you!'")
    with pytest.raises(ExecutionError, match=r"in front/sbatch says 'Thank you!' and exits with 0"):
        EXECUTOR.submit(make_job(tmp_path, "note"))


def test_an_sbatch_that_does_not_come_back_is_tried_again(
    slurm, tmp_path, before_sbatch, monkeypatch
):
    monkeypatch.setattr(sbatch, "_LONGEST_CALL", 0.5)
    before_sbatch("sleep 60")
    job = make_job(tmp_path, "note", options={"hold": True})
    with pytest.raises(SchedulerUnavailableError, match="try again later"):
        EXECUTOR.submit(job)
    monkeypatch.undo()
    EXECUTOR.submit(job)
    assert len(jobs_named(slurm, job.name)) == 1
    slurm.cancel_all()


def test_a_failure_of_which_squeue_does_not_tell_is_tried_again(slurm, tmp_path, before_sbatch):
    before_sbatch('/usr/bin/sbatch "$@"; echo lost; exit 1')
    squeue = tmp_path / "in front" / "squeue"
    squeue.write_text("#!/bin/sh\necho nothing\n")
    squeue.chmod(0o755)
    job = make_job(tmp_path, "note", options={"hold": True})
    for _ in range(2):
        with pytest.raises(SchedulerUnavailableError, match="squeue"):
            EXECUTOR.submit(job)
    squeue.unlink()
    EXECUTOR.submit(job)
    assert len(jobs_named(slurm, job.name)) == 1
    slurm.cancel_all()


FULL = "sbatch: error: Slurm job queue full, sleeping and retrying."


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (FULL, r"Slurm's queue is full, \d+ jobs are in it, MaxJobCount is 10,000"),
        ("sbatch: error: QOSMaxSubmitJobPerUserLimit", "takes no more jobs of yours: QOSMaxSubm"),
        ("sbatch: error: AssocMaxSubmitJobLimit", "takes no more jobs of yours: AssocMaxSubmit"),
        ("sbatch: error: lua: MaxSubmitPU reached", "takes no more jobs of yours: lua: MaxSubmit"),
        ("sbatch: error: Batch job submission failed: Invalid job array specification", "array"),
        (f"sbatch: error: Batch job submission failed: {POLICY}", "takes no more jobs of yours"),
    ],
)
def test_what_fewer_jobs_would_pass_is_told_apart(slurm, tmp_path, before_sbatch, words, told):
    before_sbatch(f'echo "{words}" >&2; [[ "{words}" = *sleeping* ]] && sleep 60; exit 1')
    with pytest.raises(SchedulerFullError, match=told):
        EXECUTOR.submit(make_job(tmp_path, "note", tasks=2))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (f"sbatch: error: QOSMaxWallDurationPerJobLimit\n{POLICY}", "ask for a shorter --time"),
        (f"sbatch: error: QOSMaxMemoryPerJob\n{POLICY}", "ask for less memory"),
        (POLICY, "ask for a shorter --time, less --mem or fewer --cpus"),
        ("Invalid job array specification", "ask for fewer jobs"),
    ],
)
def test_what_never_passes_is_refused_at_once(slurm, tmp_path, before_sbatch, words, told):
    before_sbatch(f'echo "{words}" >&2; exit 1')
    with pytest.raises(ExecutionError, match=told) as error:
        EXECUTOR.submit(make_job(tmp_path, "note"))
    assert not isinstance(error.value, SchedulerUnavailableError)


def test_a_part_of_a_job_is_submitted_alone(slurm, tmp_path):
    job = make_job(tmp_path, "note", tasks=6, options={"hold": True})
    for part in (range(2), range(2, 5), range(5, 6)):
        EXECUTOR.submit(job._replace(part=part))
    assert phases(job.plans[0]) == dict.fromkeys(range(6), "queued")
    slurm.run("scontrol", "release", f"jobname={job.name}")
    wait_for_end(job.plans[0])
    assert len(list(tmp_path.glob("*.json"))) == 6
    assert {path.name for path in job.plans[0].log(0).parent.iterdir()} == {
        f"0-{place}.log" for place in range(6)
    }


HOSTILE = {
    "SBATCH_TIMELIMIT": "1", "SBATCH_MEM_PER_NODE": "9G", "SBATCH_JOB_NAME": "mine",
    "SBATCH_ARRAY_INX": "7-9", "SBATCH_OUTPUT": "/nowhere/%j", "SBATCH_EXPORT": "NONE",
    "SBATCH_NO_REQUEUE": "1", "SBATCH_WAIT": "1", "SBATCH_HOLD": "1", "SBATCH_EXCLUSIVE": "1",
    "SQUEUE_FORMAT": "%i", "SQUEUE_STATES": "COMPLETED", "SQUEUE_USERS": "nobody",
    "SQUEUE_PARTITION": "short", "SQUEUE_NAMES": "x", "SCANCEL_NAME": "x", "SCANCEL_STATE": "PD",
    "SLURM_TIME_FORMAT": "%s", "SLURM_JOB_ID": "77", "SLURM_ARRAY_TASK_ID": "7",
    "SLURM_MEM_PER_CPU": "100", "SLURM_CPUS_PER_TASK": "9", "SLURM_NTASKS": "3",
    "SLURM_EXIT_ERROR": "0", "CUDA_VISIBLE_DEVICES": "3", "SBATCH_PARTITION": "urgent",
}  # fmt: skip


def test_variables_of_the_shell_do_not_overrule_what_is_asked_for(
    start, slurm, tmp_path, monkeypatch
):
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    asked = EXECUTOR.complete(Resources(memory="300M", options={"hold": True}))
    plan = start("note", tasks=2, minutes=5, memory="300M", partition=asked.partition,
                 options=asked.options)  # fmt: skip
    assert phases(plan) == {0: "queued", 1: "queued"}
    monkeypatch.undo()
    shown = slurm.run("squeue", "-h", "-n", plan.name, "-o", "%l %m %P %D")
    assert shown == "5:00 300M urgent 1"
    slurm.run("scontrol", "release", f"jobname={plan.name}")
    wait_for_end(plan)
    found = json.loads((tmp_path / "1.json").read_text())["environment"]
    own = {"SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID"}
    assert not {name for name in HOSTILE.keys() - own if found.get(name) == HOSTILE[name]}


def test_a_task_sees_the_gpus_that_it_asked_for(start, tmp_path):
    plan = start("note", tasks=2, gpus=1)
    single = start("note_as_9", gpus=2)
    wait_for_end(plan)
    wait_for_end(single)
    seen = [
        json.loads((tmp_path / f"{place}.json").read_text())["environment"] for place in (0, 1, 9)
    ]
    assert {each["CUDA_VISIBLE_DEVICES"] for each in seen[:2]} <= {"0", "1"}
    assert seen[2]["CUDA_VISIBLE_DEVICES"] == "0,1"
