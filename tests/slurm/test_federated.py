"""Federated runs as Slurm jobs: a sweep is one array, and its runs are those of this machine."""

from __future__ import annotations

import numpy as np

from datagen_core import Cache
from slurm_runs import prepare, run

ASKED = (
    "generate", "federated_metrics", "-n", 2, "-p", "dataset=iris", "-p", "model_type=LogReg",
    "-p", "rounds=2", "-p", "epochs_per_round=1", "--sweep", "strategy=iid,dirichlet",
    "--sweep", "clients=2,3",
)  # fmt: skip


def test_runs_shard_over_jobs(folder, tmp_path):
    run(
        folder,
        *ASKED,
        "--executor",
        "slurm",
        "--njobs",
        4,
        "--time",
        10,
        "--mem",
        "1500M",
        seconds=280,
    )
    here = prepare(tmp_path / "here")
    run(here, *ASKED, "--executor", "inline")
    made, expected = (Cache(where / "cache")["federated_metrics"] for where in (folder, here))

    assert [made[k].counts for k in made] == [{"raw": 2}] * 4
    for k in made:
        for name in ("accuracy", "samples_count", "update_norm"):
            ours, theirs = (each[k].samples[1]["clients"][name] for each in (made, expected))
            assert np.array_equal(ours, theirs)
