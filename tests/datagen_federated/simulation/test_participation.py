import numpy as np
import pytest

from datagen_federated.simulation.participation import REASONS, draw_participation
from federated_data import quick


def draw(clients=10, seed=0, empty=(), **values):
    sizes = np.ones(clients, np.int64)
    sizes[list(empty)] = 0
    return draw_participation(sizes, quick(**values), np.random.default_rng(seed))


def count(reasons, reason):
    return int(np.sum(reasons == REASONS[reason]))


def test_all_take_part_by_default():
    assert not draw().any()


@pytest.mark.parametrize(("share", "selected"), [(0.3, 3), (0.01, 1), (0.25, 2), (1.0, 10)])
def test_a_fraction_is_selected(share, selected):
    reasons = draw(participation=share)

    assert count(reasons, "") == selected
    assert count(reasons, "not_selected") == 10 - selected


def test_clients_drop_out_at_the_rate():
    assert abs(count(draw(10_000, client_dropout_rate=0.3), "dropped_out") - 3000) < 200


def test_only_selected_clients_drop_out():
    reasons = draw(1000, participation=0.2, client_dropout_rate=0.5)

    assert count(reasons, "not_selected") == 800
    assert 60 < count(reasons, "dropped_out") < 140


def test_others_are_drawn_in_another_round():
    rng, sizes = np.random.default_rng(0), np.ones(20, np.int64)
    first, second = (draw_participation(sizes, quick(participation=0.5), rng) for _ in range(2))

    assert not np.array_equal(first, second)


def test_clients_without_samples_do_not_train():
    assert draw(4, empty=[2]).tolist() == [0, 0, REASONS["no_samples"], 0]


def test_the_rate_changes_no_selection():
    one, other = (draw(participation=0.4, client_dropout_rate=rate) for rate in (0, 0.9))
    none = REASONS["not_selected"]

    assert np.array_equal(one == none, other == none)
