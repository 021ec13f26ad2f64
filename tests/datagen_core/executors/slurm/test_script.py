"""The batch script that the Slurm executor would submit, without a Slurm."""

from __future__ import annotations

import logging
import os

import pytest

from datagen_core.errors import ConfigurationError, ExecutionError, SchedulerUnavailableError
from datagen_core.executors.slurm.executor import SlurmExecutor
from slurm_jobs import make_job, note

EXECUTOR = SlurmExecutor()


@pytest.fixture
def srun_only(tmp_path, monkeypatch):
    """A machine where submitit believes in Slurm, and nothing answers."""
    srun = tmp_path / "bin" / "srun"
    srun.parent.mkdir()
    srun.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(srun.parent))


def options_of(script):
    lines = [line for line in script.splitlines() if line.startswith("#SBATCH --")]
    return dict(line.removeprefix("#SBATCH --").partition("=")[::2] for line in lines)


def test_a_described_job_has_the_options_asked_for(srun_only, tmp_path):
    job = make_job(tmp_path, note, 3, partition="p", memory="2G", cpus=4, minutes=90)
    options = options_of(EXECUTOR.describe(job._replace(parallel=2)))
    expected = {
        "array": "0-2%2", "cpus-per-task": "4", "job-name": job.plans[0].name, "mem": "2G",
        "partition": "p", "time": "90", "no-requeue": "",
    }  # fmt: skip
    assert expected.items() <= options.items()
    assert "wckey" not in options


def test_describing_writes_nothing(srun_only, tmp_path):
    job = make_job(tmp_path, note, 2)
    before = sorted(tmp_path.rglob("*"))
    EXECUTOR.describe(job)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_not_asked_for_is_left_to_the_site(srun_only, tmp_path):
    options = options_of(EXECUTOR.describe(make_job(tmp_path, note)))
    assert not {"time", "mem", "partition", "array"} & set(options)


def test_jobs_that_nobody_watches_are_requeued(srun_only, tmp_path):
    options = options_of(EXECUTOR.describe(make_job(tmp_path, note, waiting=False)))
    assert "requeue" in options
    assert "no-requeue" not in options


def test_options_win_over_everything(srun_only, tmp_path):
    own = {"cpus-per-task": "9", "time": "1-0", "requeue": True, "gres": "gpu:1", "mem": "1G"}
    job = make_job(tmp_path, note, cpus=2, minutes=5, memory="2G", options=own)
    options = options_of(EXECUTOR.describe(job))
    assert own.items() - {("requeue", True)} <= options.items()
    assert "no-requeue" not in options


def test_options_cannot_hide_tasks(srun_only, tmp_path):
    job = make_job(tmp_path, note, options={"job-name": "mine"})
    with pytest.raises(ConfigurationError, match="job_name"):
        EXECUTOR.describe(job)


def test_without_slurm_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    job = make_job(tmp_path, note)
    assert EXECUTOR.available().startswith("sbatch, srun, squeue, scancel, scontrol not found")
    assert EXECUTOR.poll([job.plans[0]]) is None
    with pytest.raises(SchedulerUnavailableError):
        EXECUTOR.max_tasks()
    with pytest.raises(SchedulerUnavailableError):
        EXECUTOR.cancel([job.plans[0]])
    with pytest.raises(ExecutionError):
        EXECUTOR.describe(job)


def test_a_run_without_attempts_has_no_tasks():
    assert EXECUTOR.poll([]) == {}


def test_importing_submitit_leaves_logging_alone(srun_only, tmp_path):
    EXECUTOR.describe(make_job(tmp_path, note))
    assert logging.getLogger("submitit").handlers == []
    assert "SUBMITIT_LOG_LEVEL" not in os.environ
