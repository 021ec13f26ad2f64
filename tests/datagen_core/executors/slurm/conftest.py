"""What tests of the Slurm executor share."""

from __future__ import annotations

import tempfile

import pytest

from slurm_jobs import EXECUTOR, make_job


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Return a folder for temporary files of this process alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def start(slurm, tmp_path):
    def submit(work, tasks=1, **options):
        job = make_job(tmp_path, work, tasks, **options)
        EXECUTOR.submit(job)
        return job.plans[0]

    yield submit
    slurm.cancel_all()
