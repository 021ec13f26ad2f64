"""Weights as files: they are the models whose metrics are stored."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datagen_core
from datagen_core.generators import inputs
from datagen_federated.data import load_data
from datagen_federated.errors import WeightsError
from datagen_federated.runs import weights as module
from datagen_federated.runs.experiment import prepare_experiment
from datagen_federated.runs.weights import name_files, write_weights

PARAMS = {
    "dataset": "digits",
    "model_type": "MLP",
    "hidden_layers": [8],
    "clients": 4,
    "rounds": 3,
    "epochs_per_round": 2,
    "client_dropout_rate": 0.4,
    "aggregation": "uniform",
    "save_weights": True,
}
IRIS = PARAMS | {"dataset": "iris", "model_type": "LogReg", "rounds": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two runs with weights, of which run 1 is in the split `kept`."""
    cache = tmp_path_factory.mktemp("weights") / "cache"
    runs = datagen_core.generate("federated_metrics", 2, PARAMS, executor="inline", cache=cache)
    runs.move(1, "first")
    runs.move(1, "kept")
    return datagen_core.Cache(cache)["federated_metrics"][0]


@pytest.fixture(scope="module")
def npz(made, tmp_path_factory):
    """The folder of run 0."""
    folder = tmp_path_factory.mktemp("npz")
    assert [run.folder.name for run in write_weights(made, made.samples, folder, [0])] == ["0"]
    return folder / "0"


@pytest.fixture(autouse=True)
def leave_no_litter(tmp_path):
    yield
    assert not list(tmp_path.glob("**/.*~*"))


def write(made, folder, *arguments, **options):
    return list(write_weights(made, made.samples, folder, *arguments, **options))


def read(path):
    with np.load(path) as file:
        return [file[f"layer_{number}"] for number in range(len(file.files))]


def measure(layers):
    """Return the accuracy of a dense model on the test part of digits."""
    data = load_data("digits")
    x = data.x_test.reshape(len(data.x_test), -1) / np.float32(255)
    hidden = np.maximum(x @ layers[0] + layers[1], 0)
    return np.mean((hidden @ layers[2] + layers[3]).argmax(axis=1) == data.y_test)


def test_models_from_files_have_the_stored_accuracy(made, npz):
    run = made.samples[0]
    for row in run["clients"][run["clients"]["participated"]]:
        path = npz / f"round_{row['round']}" / f"client_{row['client_id']}.npz"
        assert measure(read(path)) == row["accuracy"]
    for row in run["rounds"]:
        assert measure(read(npz / f"round_{row['round']}" / "global.npz")) == row["global_accuracy"]


def test_the_uniform_global_model_is_the_mean_of_the_clients(npz):
    for folder in npz.iterdir():
        clients = zip(*map(read, folder.glob("client_*.npz")), strict=True)
        for layer, of_clients in zip(read(folder / "global.npz"), clients, strict=True):
            assert layer.dtype == np.float32
            assert np.array_equal(layer, np.mean(of_clients, 0, np.float64).astype(np.float32))


def test_who_took_no_part_has_no_file(made, npz):
    clients = made.samples[0]["clients"]
    took_part = clients[clients["participated"]]

    assert 0 < len(took_part) < len(clients)
    assert {(path.parent.name, path.stem) for path in npz.glob("*/client_*.npz")} == {
        (f"round_{row['round']}", f"client_{row['client_id']}") for row in took_part
    }


def test_layers_have_the_shapes_of_keras(npz):
    layers = read(npz / "round_1" / "global.npz")

    assert [layer.shape for layer in layers] == [(64, 8), (8,), (8, 10), (10,)]
    assert all(layer.flags.c_contiguous for layer in layers)


def test_json_files_are_those_of_the_original(made, npz, tmp_path):
    (run,) = write(made, tmp_path, [0], form="json")
    for path in npz.glob("*/*.npz"):
        content = json.loads((run.folder / f"{path.stem}_{path.parent.name}.json").read_text())
        assert list(content) == [f"layer_{number}" for number in range(4)]
        layers = [np.array(layer, np.float32) for layer in content.values()]
        assert all(map(np.array_equal, layers, read(path)))
    accuracies = json.loads((run.folder / "global_accuracies.json").read_text())
    assert list(accuracies[0]) == ["Round:", "Global_accuracy", "Global_loss", "Global_f1"]
    stored = made.samples[0]["rounds"]["global_accuracy"]
    assert [row["Global_accuracy"] for row in accuracies] == stored.tolist()
    assert run.files == len(list(run.folder.iterdir()))


def test_scores_of_a_regression_are_null_where_there_are_none(tmp_path):
    params = IRIS | {"dataset": "diabetes"}
    runs = datagen_core.generate(
        "federated_metrics", 1, params, executor="inline", cache=tmp_path / "cache"
    )
    (run,) = write(runs, tmp_path / "w", form="json")
    (row,) = json.loads((run.folder / "global_accuracies.json").read_text())

    assert row["Global_accuracy"] is row["Global_f1"] is None
    assert row["Global_loss"] > 0


def test_a_split_has_its_runs_alone(made, tmp_path):
    assert [run.folder.name for run in write_weights(made, made["kept"], tmp_path)] == ["1"]
    with pytest.raises(WeightsError, match="no run 0 in that split; there are 1, from 1 to 1"):
        next(write_weights(made, made["kept"], tmp_path, [0]))


def test_an_existing_run_needs_force(made, tmp_path):
    first, _ = write(made, tmp_path)
    with pytest.raises(WeightsError, match="0 exists; choose another -o, or replace it with"):
        write(made, tmp_path, [0])
    (first.folder / "round_9").mkdir()
    write(made, tmp_path, [0], force=True)

    assert not (first.folder / "round_9").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


def test_force_removes_nothing_but_weights(made, tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "notes.txt").touch()
    with pytest.raises(WeightsError, match=r"holds 'notes\.txt', which is not a file of weights"):
        write(made, tmp_path, force=True)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_in_the_place_of_a_run_stays(made, tmp_path):
    (tmp_path / "1").write_text("mine")
    with pytest.raises(WeightsError, match="1 is not a folder; choose another -o"):
        write(made, tmp_path, force=True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_run_is_written_whole_or_not_at_all(made, tmp_path, monkeypatch):
    write(made, tmp_path, [0])
    calls = iter(range(3))
    monkeypatch.setattr(module.np, "savez", lambda path, **_: path.touch() or next(calls))
    with pytest.raises(RuntimeError, match="StopIteration"):
        write(made, tmp_path, [0], force=True)

    assert [path.name for path in tmp_path.iterdir()] == ["0"]
    assert (tmp_path / "0" / "round_1" / "global.npz").stat().st_size


def test_runs_without_weights_are_told_how_to_have_them(tmp_path):
    params = IRIS | {"save_weights": False}
    runs = datagen_core.generate("federated_metrics", 1, params, executor="inline", cache=tmp_path)
    with pytest.raises(WeightsError, match=r"0 has no saved weights; .* -p save_weights=true"):
        write(runs, tmp_path / "w")


def test_the_file_of_the_data_may_be_gone(tmp_path, monkeypatch):
    table = tmp_path / "table.csv"
    table.write_text("a,b,c\n" + "".join(f"{i},{i % 7},{'uv'[i % 2]}\n" for i in range(60)))
    params = IRIS | {"dataset": "csv", "file": str(table)}
    cache = tmp_path / "cache"
    datagen_core.generate("federated_metrics", 1, params, executor="inline", cache=cache)
    table.unlink()
    prepare_experiment.cache_clear()
    monkeypatch.setattr(inputs, "_given", {})
    monkeypatch.setattr(inputs, "_folders", [])

    opened = datagen_core.Cache(cache)["federated_metrics"][0]
    (run,) = write(opened, tmp_path / "w")
    assert [layer.shape for layer in read(run.folder / "round_1" / "global.npz")] == [(2, 2), (2,)]


def test_other_data_than_those_of_the_runs_are_said(made, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "prepare_experiment", lambda params: SimpleNamespace(specs=()))
    with pytest.raises(WeightsError, match="has 610 weights, and its model now has 0"):
        write(made, tmp_path)


def test_names_of_clients_are_safe():
    names = ["client_1", "Client_1", "global", "../up", "a b", "a/b", "", ".hidden", "ü"]

    assert name_files(names) == [
        "client_1", "Client_1-2", "global-3", "_up", "a_b", "a_b-6", "client", "hidden", "_",
    ]  # fmt: skip


@given(st.lists(st.text(max_size=4)))
def test_names_of_clients_stay_different(names):
    made = name_files(names)
    assert len({name.casefold() for name in [*made, "global"]}) == len(names) + 1
    assert all(name and not name.startswith(".") and "/" not in name for name in made)
