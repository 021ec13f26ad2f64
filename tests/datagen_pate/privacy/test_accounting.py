"""The privacy account: formulas by hand, the facts of papers, and another library's numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_pate.privacy.accounting import Spent, spend_gnmax, spend_threshold

DELTA = 1e-5
KNOWN = [  # GNMax, sigma, queries, epsilon at delta 1e-5, computed with dp-accounting 0.6.0
    (20, 100, 3.19), (20, 1000, 12.3), (40, 100, 1.48), (40, 300, 2.71), (40, 1000, 5.38),
    (40, 3000, 10.3), (60, 9000, 12.3), (100, 100, 0.55), (100, 1000, 1.91), (150, 9000, 4.16),
]  # fmt: skip


@pytest.mark.parametrize(("sigma", "queries", "epsilon"), KNOWN)
def test_known_budgets(sigma, queries, epsilon):
    found = (spend_gnmax(sigma) * queries).epsilon(DELTA)

    assert found == pytest.approx(epsilon, rel=0.01)


@pytest.mark.parametrize("sigma", [5.0, 20.0, 40.0, 150.0])
@pytest.mark.parametrize("queries", [1, 100, 3000])
def test_budgets_are_those_of_dp_accounting(sigma, queries):
    rdp = pytest.importorskip("dp_accounting.rdp")
    dp_accounting = pytest.importorskip("dp_accounting")
    # The noise of GNMax relative to its sensitivity.
    event = dp_accounting.GaussianDpEvent(sigma / math.sqrt(2))
    accountant = rdp.RdpAccountant()
    accountant.compose(event, queries)
    ours = (spend_gnmax(sigma) * queries).epsilon(DELTA)

    # Ours has more orders to choose from: never worse, and better only for tiny budgets.
    assert ours <= accountant.get_epsilon(DELTA) * (1 + 1e-9)
    assert ours >= accountant.get_epsilon(DELTA) * (0.98 if queries > 1 else 0.9)


def test_confident_answers_cost_their_check_too():
    rdp = pytest.importorskip("dp_accounting.rdp")
    dp_accounting = pytest.importorskip("dp_accounting")
    accountant = rdp.RdpAccountant()
    accountant.compose(dp_accounting.GaussianDpEvent(150), 2000)
    accountant.compose(dp_accounting.GaussianDpEvent(40 / math.sqrt(2)), 500)
    spent = spend_threshold(150) * 2000 + spend_gnmax(40) * 500

    assert spent.epsilon(DELTA) == pytest.approx(accountant.get_epsilon(DELTA), rel=0.01)


@given(st.floats(1, 1e3), st.integers(1, 10**5), st.floats(1e-12, 0.1))
def test_more_queries_and_less_delta_cost_more(sigma, queries, delta):
    spent = spend_gnmax(sigma) * queries

    assert (spent + spend_gnmax(sigma)).epsilon(delta) >= spent.epsilon(delta) >= 0
    assert spent.epsilon(delta / 10) >= spent.epsilon(delta)


@given(st.floats(1e-8, 100), st.floats(1e-10, 0.01))
def test_the_conversion_is_never_below_that_of_a_gaussian(slope, delta):
    """The exact curve of the Gaussian mechanism (Balle and Wang 2018) bounds it from below."""
    epsilon = Spent(slope).epsilon(delta)
    mu = math.sqrt(2 * slope)

    def cdf(x):
        return math.erfc(-x / math.sqrt(2)) / 2

    exact = cdf(mu / 2 - epsilon / mu) - math.exp(min(epsilon, 600)) * cdf(-mu / 2 - epsilon / mu)
    assert exact <= delta * (1 + 1e-6)


def test_nothing_costs_nothing():
    assert Spent().epsilon(DELTA) == 0


@pytest.mark.parametrize("delta", [0, 1, -0.1])
def test_delta_is_a_probability(delta):
    with pytest.raises(ValueError, match="delta is between 0 and 1"):
        Spent(1.0).epsilon(delta)
