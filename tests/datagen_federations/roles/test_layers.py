"""Models from plain data."""

import io

import pytest

from datagen_federations.errors import TrainingError

torch = pytest.importorskip("torch")

from datagen_federations.roles.layers import build_module, find_trusted  # noqa: E402

LAST = [{"type": "Flatten"}, {"type": "LazyLinear", "out_features": 3}]


def build(*layers, shape=(2, 8, 8)):
    return build_module([*layers, *LAST], shape, 3)


def test_lazy_layers_find_out_their_sizes():
    module = build({"type": "LazyConv2d", "out_channels": 4, "kernel_size": 3})

    assert [type(each) for each in module] == [torch.nn.Conv2d, torch.nn.Flatten, torch.nn.Linear]
    assert module[2].in_features == 4 * 6 * 6
    assert module.training


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        weights.append(build()[1].weight.detach().numpy().tobytes())

    assert weights[0] == weights[1] != weights[2]


def test_the_usual_layers_fit_images_and_rows():
    from datagen_federations.sessions.plans import make_plan

    for shape in ((28, 28), (8, 8), (5,)):
        model = make_plan(shape=shape, classes=4)["model"]
        assert build_module(**model)(torch.zeros(3, *shape)).shape == (3, 4)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"type": "Conv2D"}, "layer 0: torch.nn has no layer 'Conv2D'"),
        ({"type": "functional"}, "torch.nn has no layer 'functional'"),
        ({"type": "Linear"}, r"layer 0, Linear: Linear.__init__\(\) missing"),
        ({"type": "ReLU", "q": 1}, "layer 0, ReLU: .*unexpected keyword argument 'q'"),
        ({"type": "Dropout", "p": 2}, "layer 0, Dropout: dropout probability"),
        ({"type": "LazyLinear", "out_features": "x"}, "layer 0, LazyLinear: |do not fit"),
        ({"type": "Conv2d", "in_channels": 1, "out_channels": 2, "kernel_size": 3},
         r"the layers do not fit inputs of shape \[2, 8, 8\]: .*channels"),
        ({"type": "Module"}, "the layers do not fit"),
    ],
)  # fmt: skip
def test_a_wrong_layer_is_one_line(layer, words):
    with pytest.raises(TrainingError, match=words) as caught:
        build(layer)

    assert "\n" not in str(caught.value)


def test_the_last_layer_has_an_output_for_each_class():
    with pytest.raises(TrainingError, match=r"gives \[3\] for an input; 4 classes need \[4\]"):
        build_module(LAST, (2,), 4)
    with pytest.raises(TrainingError, match=r"gives \[2, 8\] for an input"):
        build_module([{"type": "ReLU"}], (2, 8), 3)


def test_a_layer_that_gives_no_tensor_is_one_line():
    with pytest.raises(TrainingError, match="gives tuple for an input"):
        build_module([{"type": "LSTM", "input_size": 8, "hidden_size": 3}], (4, 8), 3)


def test_running_statistics_are_refused_since_clients_do_not_send_them():
    with pytest.raises(TrainingError, match="layer 0, BatchNorm2d: clients do not send its runn"):
        build({"type": "BatchNorm2d", "num_features": 2})


def test_what_clients_would_refuse_is_refused_at_once(monkeypatch):
    monkeypatch.setattr("datagen_federations.roles.layers.find_trusted", lambda: [torch.nn.Linear])
    with pytest.raises(TrainingError, match=r"clients would refuse .*torch.nn.modules.*Sequential"):
        build()


LAYERS = [
    ("AdaptiveAvgPool2d", {"output_size": 2}), ("AlphaDropout", {"p": 0.5}),
    ("AvgPool2d", {"kernel_size": 2}), ("CELU", {}),
    ("BatchNorm2d", {"num_features": 2, "track_running_stats": False}),
    ("ConstantPad2d", {"padding": 1, "value": 0.5}),
    ("Conv2d", {"in_channels": 2, "out_channels": 3, "kernel_size": [3, 1], "padding": "valid"}),
    ("ConvTranspose2d", {"in_channels": 2, "out_channels": 3, "kernel_size": 3}),
    ("Dropout", {}), ("Dropout2d", {"inplace": True}), ("ELU", {}), ("GELU", {}),
    ("GELU", {"approximate": "tanh"}), ("GLU", {}), ("GroupNorm", {"num_groups": 1,
    "num_channels": 2}), ("Hardswish", {}), ("Hardtanh", {}), ("Identity", {}),
    ("InstanceNorm2d", {"num_features": 2, "affine": True}),
    ("LazyBatchNorm2d", {"track_running_stats": False}),
    ("LazyConv2d", {"out_channels": 3, "kernel_size": 3}),
    ("LazyConvTranspose2d", {"out_channels": 3, "kernel_size": 3}),
    ("LazyLinear", {"out_features": 4}), ("LayerNorm", {"normalized_shape": [8, 8]}),
    ("LeakyReLU", {}), ("Linear", {"in_features": 8, "out_features": 4, "bias": False}),
    ("LocalResponseNorm", {"size": 2}), ("LogSoftmax", {"dim": 1}),
    ("MaxPool2d", {"kernel_size": 2}), ("Mish", {}), ("PReLU", {}), ("PixelUnshuffle",
    {"downscale_factor": 2}), ("RReLU", {}), ("ReLU", {}), ("ReLU6", {}), ("SELU", {}),
    ("SiLU", {}), ("Sigmoid", {}), ("Softmax", {"dim": 1}), ("Softplus", {}), ("Tanh", {}),
    ("Threshold", {"threshold": 0.1, "value": 0.0}), ("Upsample", {"scale_factor": 2}),
    ("ZeroPad2d", {"padding": [1, 0, 2, 0]}),
]  # fmt: skip
ROWS = [
    ("Conv1d", {"in_channels": 4, "out_channels": 2, "kernel_size": 3}),
    ("LazyBatchNorm1d", {"track_running_stats": False}), ("MaxPool1d", {"kernel_size": 2}),
    ("TransformerEncoderLayer", {"d_model": 8, "nhead": 2, "batch_first": True}),
    ("TransformerEncoderLayer", {"d_model": 8, "nhead": 2, "activation": "gelu"}),
    ("Unflatten", {"dim": 2, "unflattened_size": [2, 4]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [*((*each, (2, 8, 8)) for each in LAYERS), *((*each, (4, 8)) for each in ROWS)],
)
def test_ordinary_layers_reach_the_clients_as_they_are(name, arguments, shape):
    built = build({"type": name, **arguments}, shape=shape)
    with io.BytesIO() as file, torch.serialization.safe_globals(find_trusted()):
        torch.save(built, file)
        file.seek(0)
        loaded = torch.load(file, weights_only=True).eval()

    inputs = torch.randn(3, *shape)
    assert torch.equal(loaded(inputs), built.eval()(inputs))
