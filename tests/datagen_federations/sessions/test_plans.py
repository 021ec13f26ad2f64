"""What a run trains: defaults, a file, single values, and mistakes in one line."""

import json

import pytest

from datagen_federations.errors import TrainingError
from datagen_federations.sessions.plans import CHANGES, make_plan


@pytest.fixture
def config(tmp_path):
    def write(text):
        (tmp_path / "c.toml").write_text(text)
        return tmp_path / "c.toml"

    return write


def test_the_usual_plan_is_a_convolution_and_adam():
    plan = make_plan()

    assert [layer["type"] for layer in plan["model"]["layers"]] == [
        "Unflatten", "Conv2d", "ReLU", "MaxPool2d", "Dropout", "Flatten", "LazyLinear",
    ]  # fmt: skip
    assert plan["optim"]["client_opt"] == {"lrate": 0.001, "modules": ["adam"]}
    assert plan["run"]["rounds"] == 5
    assert json.loads(json.dumps(plan)) == plan


def test_rows_of_a_table_get_a_hidden_layer():
    layers = make_plan(shape=(4,), classes=3)["model"]["layers"]

    assert layers[0] == {"type": "Linear", "in_features": 4, "out_features": 64}
    assert layers[-1] == {"type": "Linear", "in_features": 64, "out_features": 3}


def test_shape_and_classes_decide_the_usual_layers():
    layers = make_plan(shape=(8, 9), classes=3)["model"]["layers"]

    assert layers[0]["unflattened_size"] == [1, 8]
    assert layers[-1]["out_features"] == 3


def test_tables_of_a_run_are_merged_and_other_keys_replaced(config):
    plan = make_plan(config("[run]\ntraining = {batch_size = 4}\n[optim]\nclient_opt = 0.5"))

    assert plan["run"]["training"] == {
        "batch_size": 4, "n_epoch": 1, "drop_remainder": False, "shuffle": True,
    }  # fmt: skip
    assert plan["optim"] == {"client_opt": 0.5, "aggregator": "averaging"}


def test_a_plan_leaves_the_next_one_alone(config):
    make_plan(config("[run]\nrounds = 2"), changes={"batch_size": 7, "lrate": 3.0})

    assert make_plan()["run"]["training"]["batch_size"] == 32
    assert make_plan()["optim"]["client_opt"]["lrate"] == 0.001


@pytest.mark.parametrize("name", CHANGES)
def test_a_single_value_replaces_the_files(config, name):
    value = ("adam", "momentum") if name == "modules" else 3
    plan = make_plan(config("[run]\nrounds = 2\ntraining = {n_epoch = 9}"), changes={name: value})
    for key in CHANGES[name]:
        plan = plan[key]

    assert plan == (["adam", "momentum"] if name == "modules" else 3)


def test_values_that_are_none_change_nothing():
    assert make_plan(changes=dict.fromkeys(CHANGES)) == make_plan()


def test_an_optimizer_that_is_a_learning_rate_gets_modules(config):
    plan = make_plan(config("[optim]\nclient_opt = 0.5"), changes={"modules": ("adam",)})

    assert plan["optim"]["client_opt"] == {"lrate": 0.5, "modules": ["adam"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = ", "is not TOML"),
        ("[modle]\n", "there is no section 'modle'; did you mean 'model'?"),
        ("[quark]\n", "there are model, optim, run"),
        ("run = 3\n", "run should be a section: write [run]"),
        ("[run]\nround = 3\n", "no key of [run] 'round'; did you mean 'rounds'?"),
        ("[run]\nrounds = 0\n", "rounds should be a whole number from 1, not 0"),
        ("[run]\nrounds = true\n", "rounds should be a whole number from 1, not True"),
        ("[run]\ntraining = 3\n", "run.training should be a table, not 3"),
        ("[model]\nclasses = 1\n", "classes should be a whole number from 2, not 1"),
        ("[model]\nshape = 8\n", "shape should be a list of sizes, such as [28, 28], not 8"),
        ("[model]\nshape = []\n", "shape should be a list of sizes"),
        ("[model]\nshape = [8, 0]\n", "shape should be a list of sizes"),
        ("[model]\nshape = [3, 8, 8]\n", "no default layers; name them in a --config"),
        ("[model]\nlayers = []\n", "layers should be a list of tables"),
        ("[model]\nlayers = ['ReLU']\n", "a layer should be a table with a type, not 'ReLU'"),
        ("[model]\nlayers = [{p = 1}]\n", "a layer should be a table with a type, not {'p': 1}"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_file(config, text, words):
    path = config(text)
    with pytest.raises(TrainingError) as caught:
        make_plan(path, changes={"batch_size": 3})

    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"shape": (8, 8)}, "model.shape is [28, 28], but the data have [8, 8]; leave it out"),
        ({"classes": 3}, "model.classes is 10, but the data have 3; leave it out"),
    ],
)
def test_a_file_may_repeat_what_the_data_are_but_not_contradict(config, known, words):
    path = config("[model]\nshape = [28, 28]\nclasses = 10")
    make_plan(path, shape=(28, 28), classes=10)
    with pytest.raises(TrainingError, match="leave it out") as caught:
        make_plan(path, **known)

    assert str(caught.value) == f"{path}: {words}"


def test_a_file_that_is_not_there_or_no_text_is_one_line(tmp_path):
    with pytest.raises(TrainingError, match="cannot be read: No such file"):
        make_plan(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TrainingError, match=r"bytes\.toml is not TOML"):
        make_plan(tmp_path / "bytes.toml")
