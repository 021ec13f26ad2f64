"""`datagen federated demo`: from data to curves, with a real server and real clients."""

from __future__ import annotations

import csv
import json
import re
import signal

import pytest

from federations import Command, read_weights, run
from patience import patience
from slurm_cluster import wait_until

pytest.importorskip("declearn")
pytest.importorskip("sklearn")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

LONG = ("--rounds", 2000)

CONFIG = """
[model]
layers = [
  {type = "Flatten"},
  {type = "LazyLinear", out_features = 16},
  {type = "GroupNorm", num_groups = 4, num_channels = 16},
  {type = "Tanh"},
  {type = "Linear", in_features = 16, out_features = 10},
]
[optim]
aggregator = "averaging"
client_opt = {lrate = 0.05, modules = [["momentum", {beta = 0.5}]]}
[run]
rounds = 1
training = {batch_size = 8}
"""


@pytest.fixture(scope="module")
def again(tmp_path_factory, digits):
    folder = tmp_path_factory.mktemp("again")
    words = ("--rounds", 2, "--seed", 5, "-o", "r", "--json")
    return folder / "r", run(folder, "demo", 3, *digits, *words, PYTHONHASHSEED="2")


@pytest.fixture
def demo(tmp_path, digits):
    """Return a function that starts a demo of two clients; nothing of it survives the test."""
    started = []

    def start(*words, clients=2):
        started.append(Command(tmp_path, "demo", clients, *digits, "-o", tmp_path / "r", *words))
        return started[-1]

    yield start
    for command in started:
        command.kill_all()


def check_end(command, ended, *words):
    """An error of one line with these words, and no process and no key is left."""
    assert ended.code == 1
    for word in words:
        assert word in ended.error
    assert not command.relatives()
    assert not list(command._out.parent.glob("tmp/*"))


def test_it_says_what_happens_and_ends_with_a_table(first):
    _, ended = first
    head, one, two, last = ended.out.splitlines()

    assert ended.code == 0, ended.err
    assert head.split() == ["round", "seconds", "all", "client_0", "client_1", "client_2"]
    assert (one.split()[0], two.split()[0]) == ("1", "2")
    assert last == "r: rounds.csv, clients.csv, learning_curve.png, server/model.pth"
    said = [re.sub(r"[\d.]+", "N", line) for line in ended.err.splitlines()]
    assert said == [
        "N clients with N, N, N samples to train on", "server at wss://N:N",
        *["round N: accuracy N, loss N, N s"] * 2,
    ]  # fmt: skip


def test_the_tables_are_what_was_printed(first):
    folder, ended = first
    with (folder / "clients.csv").open(newline="") as file:
        clients = list(csv.DictReader(file))
    with (folder / "rounds.csv").open(newline="") as file:
        rounds = list(csv.DictReader(file))

    assert [(row["round"], row["client"]) for row in clients] == [
        (number, f"client_{i}") for number in "12" for i in range(3)
    ]
    assert {(row["samples_count"], row["valid_count"]) for row in clients} == {("80", "20")}
    mean = sum(float(row["accuracy"]) for row in clients[3:]) / 3
    assert float(rounds[1]["global_accuracy"]) == pytest.approx(mean)
    assert f"{mean:.4f}" in ended.out.splitlines()[2]


def test_everybodys_results_are_there(first):
    folder, _ = first

    assert (folder / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    for name in ("server", "client_0", "client_1", "client_2"):
        assert "INFO" in (folder / name / "logs.txt").read_text()
    assert (folder / "data" / "client_1" / "train_data.npy").exists()
    assert not list(folder.rglob("*.pem"))


def test_the_same_seed_gives_the_same_weights_bit_for_bit(first, again):
    weights = [read_weights(folder / "server" / "model.pth") for folder, _ in (first, again)]

    assert list(weights[0]) == ["1.weight", "1.bias", "6.weight", "6.bias"]
    assert weights[0] == weights[1]


def test_json_has_the_rounds_with_all_clients(first, again):
    told = again[1].json
    with (first[0] / "rounds.csv").open(newline="") as file:
        losses = [float(row["global_loss"]) for row in csv.DictReader(file)]

    assert told["folder"] == "r"
    assert [each["round"] for each in told["rounds"]] == [1, 2]
    assert list(told["rounds"][0]["clients"]) == ["client_0", "client_1", "client_2"]
    assert [each["loss"] for each in told["rounds"]] == losses


def test_a_file_names_model_and_optimizer(tmp_path, digits):
    (tmp_path / "c.toml").write_text(CONFIG)
    ended = run(tmp_path, "demo", 1, *digits, "--config", "c.toml", "-o", "r")
    optimizer = json.loads((tmp_path / "r" / "client_0" / "optimizer_config.json").read_text())

    assert ended.code == 0, ended.err
    assert len(ended.out.splitlines()) == 3  # one round
    assert set(read_weights(tmp_path / "r" / "server" / "model.pth")) >= {
        "1.weight", "2.weight", "4.bias",
    }  # fmt: skip
    assert "0.05" in json.dumps(optimizer)
    assert "momentum" in json.dumps(optimizer)


@pytest.mark.parametrize(("victim", "clients"), [("client_1", 2), ("server", 1)])
def test_who_is_killed_is_named_with_its_log(demo, tmp_path, victim, clients):
    command = demo(*LONG, clients=clients).wait_for("round 1:")
    log = tmp_path / "r" / victim / "logs.txt"
    command.find(log).kill()

    check_end(command, command.end(), f"{victim} was killed by signal 9 (SIGKILL); its log: {log}")


def test_a_client_that_dies_before_it_comes_is_named(demo, tmp_path):
    command = demo(*LONG)
    log = tmp_path / "r" / "client_0" / "logs.txt"
    wait_until(lambda: command.find(log), "client_0")
    command.find(log).kill()

    check_end(command, command.end(), "client_0 was killed by signal 9", str(log))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_in_one_line(demo, how):
    command = demo(*LONG, clients=1).wait_for("round 1:")
    ended = command.end(how)

    assert ended.code == 130
    assert ended.err.splitlines()[-1] == "datagen: interrupted; what is published is kept"
    assert "Traceback" not in ended.err
    assert not command.relatives()
    assert not list(command._out.parent.glob("tmp/*"))


def test_no_process_survives_the_command_not_even_a_stopped_one(demo, tmp_path):
    command = demo(*LONG, clients=1).wait_for("round 1:")
    assert len(command.relatives()) == 2
    command.find(tmp_path / "r" / "client_0" / "logs.txt").suspend()
    command.end(signal.SIGKILL)

    wait_until(lambda: not command.relatives(), "the end of server and clients", 10)


def test_who_hangs_is_named_within_the_deadline(tmp_path, digits):
    hung, deadline = {}, round(patience(15))
    for victim in ("client_0", "server"):
        words = (*LONG, "--deadline", deadline, "-o", tmp_path / victim / "r")
        hung[victim] = Command(tmp_path / victim, "demo", 1, *digits, *words)
    try:
        for victim, command in hung.items():
            command.wait_for("round 1:")
            command.find(tmp_path / victim / "r" / victim / "logs.txt").suspend()
        ended = {victim: command.end(seconds=2 * deadline) for victim, command in hung.items()}
        for victim, command in hung.items():
            log = tmp_path / victim / "r" / victim / "logs.txt"
            check_end(command, ended[victim], f"not over after {deadline} s", f"its log: {log}")
    finally:
        for command in hung.values():
            command.kill_all()
