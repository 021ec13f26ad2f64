"""kill -9 and SIGSTOP at random: 3 runs here, 25 with `make stress`.

200 and more: `python benchmarks/faults.py`.
"""

from __future__ import annotations

import pytest

from local_chaos import make_reference, run_chaos

RUNS, STRESS_RUNS = 3, 25


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return make_reference(tmp_path_factory.mktemp("reference"))


def check(folder, reference, seed):
    outcome = run_chaos(folder, reference, seed)
    assert outcome.violations == [], f"seed {seed}: {dict(outcome.faults)}"
    assert outcome.checks > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RUNS))
def test_chaos_loses_nothing_and_resume_completes(tmp_path, reference, seed):
    check(tmp_path, reference, seed)


@pytest.mark.slow
@pytest.mark.stress
@pytest.mark.parametrize("seed", range(RUNS, STRESS_RUNS))
def test_more_chaos_loses_nothing_either(tmp_path, reference, seed):
    check(tmp_path, reference, seed)
