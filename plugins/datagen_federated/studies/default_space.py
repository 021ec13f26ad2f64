"""The default space of studies: that of the MLaaS data generator, with corrections.

Values are those of its `autogen`, with three exceptions: data sets need no download, all its
schemes and optimizers occur, and no point asks for more samples than there are. Shares that are
uneven by chance may be empty, as there (`min_samples` 0); such clients take no part.
"""

from __future__ import annotations

from typing import Any

Space = dict[str, Any]

_RUN: Space = {
    "rounds": [5, 10, 20],
    "epochs_per_round": [1, 2, 3, 5],
    "batch_size": [16, 32, 64],
    "client_dropout_rate": {"uniform": [0.0, 0.3]},
}

_LAYERS: Space = {
    "hidden_layers": [[64], [128], [128, 64], [256, 128], [128, 64, 32]],
    "activation": ["relu", "tanh", "gelu"],
    "dropout": [0.0, 0.2, 0.5],
    "weight_decay": [0.0, 1e-4, 1e-3],
}

_MLP: Space = {"model_type": "MLP", **_LAYERS}
_CNN: Space = {"model_type": "CNN", **_LAYERS}
_RESNET: Space = {"model_type": "ResNet", **_LAYERS}
_LOGREG: Space = {"model_type": "LogReg", "hidden_layers": [[]], "weight_decay": [0.0, 1e-4, 1e-3]}

_UNEVEN: list[Space] = [
    {"strategy": "quantity_skew", "alpha": [0.5, 1.0, 2.0], "min_samples": 0},
    {"strategy": "shard", "shards_per_client": [2, 3, 4, 5]},
]
_BY_LABEL: list[Space] = [
    {"strategy": "dirichlet", "alpha": [0.1, 0.5, 1.0], "min_samples": 0},
    {"strategy": "label_per_client", "labels_per_client": [1, 2]},
]


def _choose(*spaces: Space) -> list[Space]:
    return [{"space": space} for space in spaces]


def _optimize(adaptive: list[float], others: list[float]) -> list[Space]:
    """Return cases of optimizers; adaptive ones have smaller learning rates."""
    return _choose(
        {"optimizer": ["adam", "adamw", "rmsprop"], "learning_rate": {"log_uniform": adaptive}},
        {"optimizer": ["sgd", "adagrad"], "learning_rate": {"log_uniform": others}},
    )


DEFAULT_SPACE: Space = {
    "classification": {
        "task_type": "classification",
        **_RUN,
        "cases": [
            _choose(
                {
                    "dataset": "digits",
                    "clients": [5, 10, 20, 50],
                    "cases": _choose(_CNN, _RESNET, _MLP, _LOGREG),
                },
                {
                    "dataset": "breast_cancer",
                    "clients": [5, 10, 20],
                    "scaler": ["standard", "minmax"],
                    "cases": _choose(_MLP, _LOGREG),
                },
                {
                    "dataset": ["iris", "wine"],
                    "clients": [5, 10],
                    "scaler": ["standard", "minmax"],
                    "cases": _choose(_MLP, _LOGREG),
                },
            ),
            _choose({"strategy": "iid"}, *_UNEVEN, *_BY_LABEL),
            _optimize([1e-4, 1e-2], [3e-4, 3e-2]),
        ],
    },
    "regression": {
        "task_type": "regression",
        "dataset": "diabetes",
        "clients": [5, 10, 20],
        "scaler": ["standard", "minmax"],
        **_RUN,
        "cases": [
            _choose(_MLP, _LOGREG),
            _choose({"strategy": "iid"}, *_UNEVEN),
            _optimize([1e-4, 1e-1], [1e-4, 1e-1]),
        ],
    },
}
"""A space for each task."""
