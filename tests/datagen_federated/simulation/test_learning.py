import numpy as np
import pytest

from datagen_federated.simulation import Groups, simulate
from federated_data import NO_VALIDATION, make_images, make_table, quick, run


@pytest.mark.parametrize("model", ["CNN", "ResNet", "MLP", "LogReg"])
def test_models_learn(model):
    values = {"rounds": 3, "epochs_per_round": 5, "hidden_layers": (16,), "learning_rate": 0.02}
    made = run(make_images(150, side=6), model_type=model, **values)

    assert made.rounds["global_accuracy"][-1] > 0.9
    assert made.rounds["global_f1"][-1] > 0.9
    assert made.rounds["global_loss"][-1] < made.rounds["global_loss"][0]


@pytest.mark.parametrize("model", ["MLP", "LogReg"])
def test_regressions_are_measured_in_units_of_the_target(model):
    data = make_table()
    values = {"rounds": 6, "epochs_per_round": 10, "hidden_layers": (16,)}
    last = run(data, model_type=model, **values).rounds[-1]

    assert last["global_rmse"] < 0.2 * data.y_test.std()
    assert last["global_rmse"] ** 2 == pytest.approx(last["global_loss"])
    assert last["global_r2"] == pytest.approx(1 - last["global_loss"] / data.y_test.var(), rel=1e-4)
    assert np.isnan([last["global_accuracy"], last["global_f1"]]).all()


def test_regression_counts_groups():
    data = make_table(20)
    groups = Groups(np.arange(20) % 4, 5)
    made = simulate(
        data,
        [np.arange(6)],
        NO_VALIDATION,
        quick(model_type="LogReg"),
        np.random.default_rng(),
        groups,
    )

    assert made.clients["data_Distribution"][0].tolist() == [2, 2, 1, 1, 0]
    assert run(data, model_type="LogReg").clients["data_Distribution"].shape == (6, 1)


def test_train_loss_of_a_regression_is_in_units_of_the_target():
    data = make_table()
    slow = {"model_type": "LogReg", "learning_rate": 1e-9, "save_weights": True, "rounds": 1}
    made = run(data, clients=1, **slow)
    mean, deviation = data.target_scale
    kernel, bias = made.global_weights[0][:-1], made.global_weights[0][-1]
    predicted = mean + deviation * (data.x @ kernel + bias)

    assert made.clients["train_loss"][0] == pytest.approx(
        np.mean((predicted - data.y) ** 2), rel=1e-4
    )


def test_half_precision_learns(images):
    made = run(make_images(200), precision="bfloat16", rounds=3, epochs_per_round=5)

    assert made.rounds["global_accuracy"][-1] > 0.6
    assert made.rounds["global_loss"][-1] != run(make_images(200)).rounds["global_loss"][-1]


def test_colours_are_learnt():
    made = run(make_images(channels=3), rounds=1)

    assert made.specs[0].shape == (32, 3, 3, 3)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop", "adagrad"])
def test_every_optimizer_learns(name):
    rate = {"adagrad": 0.1, "sgd": 0.5}.get(name, 0.01)
    made = run(make_images(150), model_type="LogReg", optimizer=name, learning_rate=rate, rounds=5)

    assert made.rounds["global_accuracy"][-1] > 0.9


@pytest.mark.parametrize("aggregation", ["uniform", "fedprox", "fedadam"])
def test_every_aggregation_learns(aggregation):
    values = {"model_type": "LogReg", "rounds": 5, "server_learning_rate": 0.1}
    made = run(make_images(150), aggregation=aggregation, epochs_per_round=3, **values)

    assert made.rounds["global_accuracy"][-1] > 0.9
