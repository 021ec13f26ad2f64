"""Federated runs with a real server inside Slurm jobs: the runs of this machine, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_core import Cache
from federations import write_digits
from slurm_runs import prepare, run

pytest.importorskip("declearn")


@pytest.mark.timeout(400)
def test_servers_and_clients_run_inside_jobs(folder, tmp_path):
    files = [word.removeprefix("--") for word in write_digits(tmp_path)]
    words = [f"data_file={files[1]}", f"label_file={files[3]}", "clients=1", "rounds=1"]
    asked = ("generate", "federated_training", "-n", 2, *(w for p in words for w in ("-p", p)))
    jobs = ("--njobs", 2, "--time", 10, "--mem", "1900M")
    run(folder, *asked, "--executor", "slurm", *jobs, seconds=280)
    here = prepare(tmp_path / "here")
    run(here, *asked, "--executor", "inline", seconds=120)
    made, expected = (Cache(at / "cache")["federated_training"][0] for at in (folder, here))

    assert made.counts == {"raw": 2}
    for index in range(2):
        for name in ("accuracy", "loss", "data_Distribution"):
            ours, theirs = (each.samples[index]["clients"][name] for each in (made, expected))
            assert np.array_equal(ours, theirs)
