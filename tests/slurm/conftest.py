"""What the tests on a real Slurm share."""

from __future__ import annotations

import pytest

from slurm_runs import columns, generate, prepare


@pytest.fixture(scope="session")
def reference(tmp_path_factory):
    """Return 1000 samples of the defaults, made without Slurm, jobs or trouble."""
    folder = prepare(tmp_path_factory.mktemp("reference") / "run")
    generate(folder, "-n", 1000, executor="inline")
    return columns(folder)


@pytest.fixture
def folder(slurm, tmp_path):
    """Return a folder with generators; afterwards no job is left, and all nodes are well."""
    yield prepare(tmp_path / "user")
    slurm.cancel_all()
