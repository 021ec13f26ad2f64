"""What decides how clients train and how the server combines them."""

from __future__ import annotations

from typing import Any, Literal

from datagen_core import Params

ModelType = Literal["CNN", "MLP", "LogReg", "ResNet"]
Activation = Literal["relu", "tanh", "sigmoid", "gelu", "elu", "selu", "softplus", "linear"]
OptimizerName = Literal["adam", "adamw", "sgd", "rmsprop", "adagrad"]
Aggregation = Literal["weighted", "uniform", "fedprox", "fedadam"]


class TrainingParams(Params):
    """Models, their training on the clients, and how the server combines them."""

    rounds: int = 5
    """How many rounds of training and combining there are."""

    client_dropout_rate: float = 0.0
    """Probability that a client which was selected does not train in a round."""

    participation: float = 1.0
    """The share of clients that the server selects each round, at least one of them; C of McMahan
    et al. 2017."""

    model_type: ModelType = "CNN"
    """CNN and ResNet need images; MLP and LogReg also take tables."""

    hidden_layers: tuple[int, ...] = (16, 32, 64, 128)
    """Sizes of the dense layers before the last one, such as 64,32; LogReg has none of them."""

    activation: Activation = "relu"
    """What follows a hidden dense layer; convolutions always have relu."""

    dropout: float = 0.0
    """The share of outputs of each hidden dense layer that is set to zero in training."""

    weight_decay: float = 0.0
    """L2: this times the sum of squares of all kernels is added to the loss. With adamw it is the
    decoupled decay of all weights instead."""

    optimizer: OptimizerName = "adam"
    """With Keras's defaults; its state begins anew for each client and round."""

    learning_rate: float = 0.01
    """Of the clients' optimizer."""

    batch_size: int = 32
    """Samples a step; the last step of an epoch takes what is left."""

    epochs_per_round: int = 5
    """How often a client goes through its samples in a round."""

    aggregation: Aggregation = "weighted"
    """weighted: mean by samples (FedAvg); uniform: plain mean; fedprox: FedAvg with a proximal term
    in training; fedadam: Adam on the server."""

    proximal_mu: float = 0.01
    """Weight of fedprox's proximal term."""

    server_learning_rate: float = 0.01
    """Of fedadam's server."""

    server_beta1: float = 0.9
    """Of fedadam: how much of the mean of updates is kept from round to round."""

    server_beta2: float = 0.99
    """Of fedadam: the same for the mean of their squares."""

    server_tau: float = 0.001
    """Of fedadam: added to the root of that mean, so it bounds how adaptive the server is."""

    save_updates: bool = False
    """Keep a sketch of each client's change of weights: 256 numbers."""

    save_weights: bool = False
    """Keep all weights of all clients and of the global model."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16: products in half precision, weights in float32; faster where the processor has it,
    and other numbers."""

    threads: int = 1
    """Threads of one run. Runs side by side are faster; another number gives other last digits."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take the hidden layers as text too, `64,32`; no text is no layer."""
        values = super().prepare(values)
        given = values.get("hidden_layers")
        if isinstance(given, int):
            return values | {"hidden_layers": (given,)}
        if isinstance(given, str):
            sizes = tuple(part.strip() for part in given.strip("()[] ").split(","))
            return values | {"hidden_layers": tuple(size for size in sizes if size)}
        return values

    def check(self) -> None:
        """Refuse numbers that count nothing, and shares that are none."""
        super().check()
        for name in ("rounds", "batch_size", "epochs_per_round", "threads"):
            _refuse(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("client_dropout_rate", "dropout", "server_beta1", "server_beta2"):
            value = getattr(self, name)
            _refuse(name, value, 0 <= value < 1, "at least 0 and below 1")
        for name in ("learning_rate", "server_learning_rate", "server_tau"):
            _refuse(name, getattr(self, name), getattr(self, name) > 0, "above 0")
        for name in ("weight_decay", "proximal_mu"):
            _refuse(name, getattr(self, name), getattr(self, name) >= 0, "at least 0")
        _refuse("participation", self.participation, 0 < self.participation <= 1, "in (0, 1]")
        fine = all(size >= 1 for size in self.hidden_layers)
        _refuse("hidden_layers", self.hidden_layers, fine, "made of sizes of at least 1")


def _refuse(name: str, value: object, fine: bool, wanted: str) -> None:  # noqa: FBT001
    if not fine:
        message = f"{name} is {wanted}, not {value}"
        raise ValueError(message)
