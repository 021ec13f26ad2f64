import pytest

from datagen_federated.simulation import TrainingParams


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ("64,32", (64, 32)),
        ("(64, 32)", (64, 32)),
        ("128", (128,)),
        (16, (16,)),
        ("", ()),
        ("()", ()),
        ([8, 4], (8, 4)),
        ((), ()),
    ],
)
def test_hidden_layers_are_given_in_many_ways(given, sizes):
    assert TrainingParams(hidden_layers=given).hidden_layers == sizes


def test_defaults_are_the_original_ones():
    params = TrainingParams()

    assert (params.rounds, params.epochs_per_round, params.batch_size) == (5, 5, 32)
    assert (params.learning_rate, params.hidden_layers) == (0.01, (16, 32, 64, 128))
    assert (params.model_type, params.optimizer, params.activation) == ("CNN", "adam", "relu")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rounds", 0),
        ("client_dropout_rate", 1.0),
        ("client_dropout_rate", -0.1),
        ("participation", 0.0),
        ("participation", 1.1),
        ("model_type", "Custom"),
        ("hidden_layers", "64,0"),
        ("hidden_layers", "64;32"),
        ("dropout", 1.0),
        ("weight_decay", -1e-9),
        ("optimizer", "lion"),
        ("learning_rate", 0.0),
        ("batch_size", 0),
        ("epochs_per_round", 0),
        ("aggregation", "median"),
        ("proximal_mu", -1),
        ("server_learning_rate", 0),
        ("server_beta1", 1),
        ("server_beta2", 1),
        ("server_tau", 0),
        ("precision", "float16"),
        ("threads", 0),
    ],
)
def test_wrong_values_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        TrainingParams(**{name: value})
