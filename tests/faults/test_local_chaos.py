"""kill -9 and SIGSTOP at random: 25 runs here, and 200 with `python benchmarks/faults.py`."""

from __future__ import annotations

import pytest

from local_chaos import make_reference, run_chaos

RUNS = 25


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return make_reference(tmp_path_factory.mktemp("reference"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RUNS))
def test_chaos_loses_nothing_and_resume_completes(tmp_path, reference, seed):
    outcome = run_chaos(tmp_path, reference, seed)
    assert outcome.violations == [], f"seed {seed}: {dict(outcome.faults)}"
    assert outcome.checks > 0
