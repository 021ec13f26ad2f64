import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datagen_core import DatagenError
from datagen_federated.simulation import (
    FAIL_REASONS,
    SimulationError,
    client_dtype,
    federation,
    round_dtype,
    simulate,
)
from federated_data import NO_VALIDATION, make_images, make_table, quick, run
from patience import patience

MEASURED = ("Computation_Time", "cpu_time")
SAVED = {"save_updates": True, "save_weights": True}
DRAWN = {"dropout": 0.2, "client_dropout_rate": 0.3, "participation": 0.7, "rounds": 3}


def content(made):
    """Return all bytes of a run that do not measure time."""
    clients = made.clients.copy()
    for name in MEASURED:
        clients[name] = 0
    arrays = (clients, made.rounds, made.updates, made.weights, made.global_weights)
    return b"".join(array.tobytes() for array in arrays if array is not None)


def reasons(made):
    return [FAIL_REASONS[code] for code in made.clients["round_fail_reason"]]


def test_rows_are_rounds_then_clients(images):
    made = run(images)

    assert made.clients["round"].tolist() == [1, 1, 1, 2, 2, 2]
    assert made.clients["client_id"].tolist() == [1, 2, 3, 1, 2, 3]
    assert made.rounds["round"].tolist() == [1, 2]
    assert made.clients.dtype == client_dtype(3)
    assert made.rounds.dtype == round_dtype()
    assert made.clients["threads"].tolist() == 6 * [1]


def test_what_clients_have_is_counted(images):
    shares = [np.array([0, 1, 2, 3]), np.array([10, 11])]
    made = run(images, shares=shares, epochs_per_round=3)

    for row in made.clients:
        share = shares[row["client_id"] - 1]
        assert (
            row["data_Distribution"].tolist() == np.bincount(images.y[share], minlength=3).tolist()
        )
        assert row["samples_count"] == len(share)
        assert row["samples_epochs"] == 3 * len(share)
    assert made.rounds["samples"].tolist() == [6, 6]


def test_validation_part_is_measured(images):
    params, shares = quick(), [np.arange(30)]
    same = replace(images, x_test=images.x[40:], y_test=images.y[40:])
    made = simulate(same, shares, np.arange(40, 60), params, np.random.default_rng(0))

    for score in ("accuracy", "loss", "f1"):
        assert np.array_equal(made.rounds[f"validation_{score}"], made.rounds[f"global_{score}"])
    assert np.isnan(run(images).rounds["validation_loss"]).all()


def test_validation_changes_nothing_else(images):
    shares = [np.arange(30)]
    made = [
        simulate(images, shares, part, quick(), np.random.default_rng(0))
        for part in (NO_VALIDATION, np.arange(40, 60))
    ]

    assert np.array_equal(made[0].rounds["global_loss"], made[1].rounds["global_loss"])


@pytest.mark.parametrize("values", [{}, DRAWN | SAVED, {"model_type": "ResNet"}])
def test_equal_streams_give_equal_runs(images, values):
    assert content(run(images, **values)) == content(run(images, **values))
    assert content(run(images, **values)) != content(run(images, seed=1, **values))


def test_state_of_torch_and_numpy_is_left_alone(images):
    torch.manual_seed(3)
    np.random.seed(3)
    torch.set_num_threads(2)
    before = torch.get_rng_state(), np.random.get_state()[1]
    run(images, dropout=0.5, threads=1)

    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


SCRIPT = """
import sys
import torch
torch.set_num_threads(2)
torch.rand(500, 500) @ torch.rand(500, 500)
from test_simulation import DRAWN, SAVED, content, run, make_images
run(make_images(40), model_type="MLP", threads=2)
sys.stdout.buffer.write(content(run(make_images(), **(DRAWN | SAVED))))
"""


def test_another_process_makes_the_same_run(images):
    here = Path(__file__).parent
    code = f"import sys; sys.path[:0] = [{str(here)!r}, {str(here.parents[1])!r}]{SCRIPT}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, timeout=patience(120)
    )

    assert done.stdout == content(run(images, **(DRAWN | SAVED)))


def test_warming_up_draws_nothing(images, monkeypatch):
    monkeypatch.setattr(federation, "_warm", set())
    cold = content(run(images, **(DRAWN | SAVED)))

    assert sorted(kind[2] for kind in federation._warm) == [4, 8]  # of 20 samples by 8
    assert cold == content(run(images, **(DRAWN | SAVED)))
    assert len(federation._warm) == 2


def test_uniform_is_the_plain_mean(images):
    shares = [np.arange(30), np.arange(30, 34)]
    made = run(images, shares=shares, aggregation="uniform", save_weights=True)
    mean = made.weights.reshape(2, 2, -1).astype(np.float64).mean(axis=1)

    assert np.array_equal(made.global_weights, mean.astype(np.float32))


def test_weighted_is_the_mean_by_samples(images):
    shares = [np.arange(30), np.arange(30, 40)]
    made = run(images, shares=shares, save_weights=True)
    mean = 0.75 * made.weights[0::2] + 0.25 * made.weights[1::2]

    assert np.allclose(made.global_weights, mean, atol=1e-6)
    norms = np.linalg.norm(made.weights[2:] - made.global_weights[0], axis=1)
    assert np.allclose(made.clients["update_norm"][2:], norms, rtol=1e-5)


def test_updates_are_sketches_of_changes(images):
    from datagen_federated.simulation.sketch import sketch

    made = run(images, **SAVED)

    assert np.array_equal(made.updates[4], sketch(made.weights[4] - made.global_weights[0]))
    assert run(images).updates is run(images).weights is run(images).global_weights is None


def test_clients_that_do_not_train_are_told(images):
    made = run(images, clients=10, **(DRAWN | SAVED))
    away = ~made.clients["participated"]

    assert {"", "dropped_out", "not_selected"} == set(reasons(made))
    assert np.array_equal(away, made.clients["round_fail_reason"] != 0)
    assert np.isnan(
        [made.clients[n][away] for n in ("accuracy", "loss", "f1", "update_norm")]
    ).all()
    assert np.isnan(made.weights[away]).all()
    assert not made.updates[away].any()
    assert not made.clients["samples_epochs"][away].any()
    assert not np.any([made.clients[name][away] for name in MEASURED])
    assert np.all([made.clients[name][~away] > 0 for name in MEASURED])


def test_traffic_is_counted(images):
    made = run(images, clients=10, **DRAWN)
    reason, size = np.array(reasons(made)), 4 * made.params_count

    assert np.array_equal(made.clients["comm_bytes_up"], size * (reason == ""))
    assert np.array_equal(made.clients["comm_bytes_down"], size * (reason != "not_selected"))


def test_reliability_looks_back_only(images):
    long, short = (run(images, **(DRAWN | {"rounds": rounds})) for rounds in (5, 3))
    took_part = long.clients["participated"].reshape(5, 3)
    so_far = took_part.cumsum(axis=0)

    assert np.array_equal(long.clients["rounds_participated_so_far"].reshape(5, 3), so_far)
    expected = so_far / np.arange(1, 6)[:, None]
    assert np.array_equal(long.clients["reliability"].reshape(5, 3), expected)
    assert np.array_equal(long.clients["reliability"][:9], short.clients["reliability"])


def test_a_round_without_participants_changes_nothing(images):
    made = run(images, clients=1, client_dropout_rate=0.7, rounds=8, save_weights=True)
    idle = np.flatnonzero(made.rounds["participants"] == 0)[1:]

    assert idle.size > 1
    assert np.array_equal(made.global_weights[idle], made.global_weights[idle - 1])
    assert np.array_equal(made.rounds["global_loss"][idle], made.rounds["global_loss"][idle - 1])


def test_diverged_clients_are_left_out():
    data = make_table()
    x = data.x.copy()
    x[0] = 3e38
    broken = replace(data, x=x)
    shares = [np.arange(0, 20), np.arange(20, 40)]
    made = run(broken, shares=shares, model_type="LogReg", optimizer="sgd", **SAVED)

    assert reasons(made) == ["diverged", "", "diverged", ""]
    assert made.clients["comm_bytes_up"][0] == 0
    assert made.clients["samples_epochs"][0] == 20
    assert np.isnan(made.clients["accuracy"][0])
    assert np.array_equal(made.global_weights, made.weights[1::2])
    assert made.rounds["participants"].tolist() == [1, 1]


def test_empty_clients_are_no_error(images):
    made = run(images, shares=[np.arange(20), np.arange(0)])

    assert reasons(made) == ["", "no_samples", "", "no_samples"]
    assert made.rounds["samples"].tolist() == [20, 20]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shares": []}, "there are no clients"),
        ({"model_type": "CNN", "data": make_table()}, "needs images"),
        ({"data": replace(make_images(), y_test=np.zeros(0))}, "there is no test set"),
    ],
)
def test_what_cannot_be_simulated_is_refused(values, message):
    with pytest.raises(SimulationError, match=message):
        run(**({"data": make_images()} | values))


def test_without_torch_one_line_says_what_to_install(images, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(DatagenError, match=r"pip install 'datagen\[torch\]'"):
        run(images)


def test_threads_are_put_back_after_an_error(images, monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setattr(federation, "draw_participation", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(images, threads=before + 1)

    assert torch.get_num_threads() == before
