"""Faults that strike a run on a real Slurm at random: whatever strikes, nothing is lost or torn."""

from __future__ import annotations

import pytest

from slurm_faults import FAULTS, disturb, undisturbed


@pytest.fixture(scope="session")
def reference(tmp_path_factory):
    return undisturbed(tmp_path_factory.mktemp("undisturbed") / "run")


@pytest.mark.parametrize(
    ("seed", "faults"),
    [
        (1, ["task killed", "slurmctld killed", "submitter killed"]),
        (2, ["task requeued", "slurmd killed", "task scancelled"]),
        (3, ["node spoilt", "another submitter", "submitter killed"]),
    ],
)
def test_nothing_is_lost_or_torn(slurm, tmp_path, reference, seed, faults):
    found = disturb(slurm, tmp_path / "user", reference, seed, faults)
    assert not found.wrong
    assert set(found.faults) <= set(FAULTS)
