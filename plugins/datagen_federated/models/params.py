"""Parameters of training: models, their training on clients, and their combination."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from datagen_core import Params

ModelType = Literal["CNN", "MLP", "LogReg", "ResNet"]
Activation = Literal["relu", "tanh", "sigmoid", "gelu", "elu", "selu", "softplus", "linear"]
OptimizerName = Literal["adam", "adamw", "sgd", "rmsprop", "adagrad"]
Aggregation = Literal["weighted", "uniform", "fedprox", "fedadam"]

Fraction = Annotated[float, Field(ge=0, lt=1)]


class TrainingParams(Params):
    """Parameters of models, of their training on clients, and of their combination."""

    rounds: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    """Number of rounds of training and combining."""

    client_dropout_rate: Fraction = 0.0
    """Probability that a selected client does not train in a round."""

    participation: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of clients that the server selects each round, at least one client; C of McMahan et
    al. 2017."""

    model_type: ModelType = "CNN"
    """CNN and ResNet need images; MLP and LogReg also take tables."""

    hidden_layers: tuple[PositiveInt, ...] = (16, 32, 64, 128)
    """Sizes of the dense layers before the last one, such as 64,32; LogReg has none."""

    activation: Activation = "relu"
    """Activation of the hidden dense layers; convolutions always have relu."""

    dropout: Fraction = 0.0
    """The share of outputs of each hidden dense layer that is set to zero in training."""

    weight_decay: NonNegativeFloat = 0.0
    """L2: the loss grows by weight_decay times the sum of squares of all kernels. With adamw it is
    the decoupled decay of all weights instead."""

    optimizer: OptimizerName = "adam"
    """With Keras's defaults; its state begins anew for each client and round."""

    learning_rate: PositiveFloat = 0.01
    """Learning rate of the clients' optimizer."""

    batch_size: PositiveInt = 32
    """Samples per step; the last step of an epoch takes the samples left."""

    epochs_per_round: PositiveInt = 5
    """Passes of a client through its samples per round."""

    aggregation: Aggregation = "weighted"
    """weighted: mean by samples (FedAvg); uniform: plain mean; fedprox: FedAvg with a proximal term
    in training; fedadam: Adam on the server."""

    proximal_mu: NonNegativeFloat = 0.01
    """fedprox: weight of the proximal term."""

    server_learning_rate: PositiveFloat = 0.01
    """fedadam: learning rate of the server."""

    server_beta1: Fraction = 0.9
    """fedadam: share of the mean of updates that is kept from round to round."""

    server_beta2: Fraction = 0.99
    """fedadam: share of the mean of squared updates that is kept from round to round."""

    server_tau: PositiveFloat = 0.001
    """fedadam: added to the root of the mean of squares; it bounds how adaptive the server is."""

    save_updates: bool = False
    """Keep a sketch of each client's change of weights: 256 numbers."""

    save_weights: bool = False
    """Keep all weights of all clients and of the global model."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16: products in half precision, weights in float32. Faster on processors that have it;
    results differ."""

    threads: Annotated[int, Field(ge=1, le=4096)] = 1
    """Threads of one run. Runs side by side are faster; another number changes the last digits."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Accept hidden layers as text too, such as `64,32`; an empty text means no layers."""
        values = super().prepare(values)
        given = values.get("hidden_layers")
        if isinstance(given, int):
            return values | {"hidden_layers": (given,)}
        if isinstance(given, str):
            sizes = tuple(part.strip() for part in given.strip("()[] ").split(","))
            return values | {"hidden_layers": tuple(size for size in sizes if size)}
        return values
