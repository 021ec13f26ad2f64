"""The generators that datagen brings go through its own conformance kit."""

from __future__ import annotations

import pytest

from datagen_core import testing

TASKS = {"leaf_synthetic": {"prob_clusters": [0.5, 0.5]}, "fedprox_synthetic": {"max_samples": 60}}
"""By generator values of parameters that the kit does not guess."""


@pytest.mark.parametrize("check", testing.checks)
@pytest.mark.parametrize("name", TASKS)
def test_tasks_conform(name, check, tmp_path):
    check(name, tmp_path, others=TASKS[name])


@pytest.mark.slow
@pytest.mark.parametrize(
    "check", [each for each in testing.checks if each.name in {"errors", "preflight", "repeatable"}]
)
def test_federated_runs_conform(check, tmp_path):
    """Each process loads torch, so few checks are made; of most parameters few matter at a time."""
    for package in ("torch", "sklearn"):
        pytest.importorskip(package)
    params = {"dataset": "iris", "rounds": 1, "clients": 2, "model_type": "LogReg"}
    check("federated_metrics", tmp_path, params)
