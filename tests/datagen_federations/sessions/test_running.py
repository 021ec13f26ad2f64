"""A whole run from Python: who is to blame for one that fails, and that nothing is left of it."""

from __future__ import annotations

import threading

import numpy as np
import psutil
import pytest

from datagen_federations.errors import TrainingError
from datagen_federations.roles.requests import SERVER, ClientRequest
from datagen_federations.sessions.plans import make_plan
from datagen_federations.sessions.processes import Processes
from datagen_federations.sessions.running import Federation, run_federation
from datagen_partitions.client_files import ClientData, write_client
from patience import patience
from slurm_cluster import wait_until

pytest.importorskip("declearn")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

NAMES = ("anna", "ben")
CHILD = "datagen_federations.sessions.child"


@pytest.fixture
def federation(tmp_path, monkeypatch):
    """Return a function that describes a run of two clients with rows of two numbers."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    x, y = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 3
    for name in NAMES:
        write_client(tmp_path / "data" / name, ClientData((x, y), None))

    def describe(classes=3, rounds=1, **options):
        plan = make_plan(shape=(2,), classes=classes, changes={"rounds": rounds})
        return Federation(tmp_path / "data", NAMES, plan, tmp_path / "r", **options)

    yield describe
    assert not children()
    assert not list((tmp_path / "tmp").iterdir())


def children():
    """Return the processes of runs that this one has; a cluster for tests may be its child, too."""
    return [process for process in psutil.Process().children() if CHILD in command_of(process)]


def command_of(process):
    try:
        return process.cmdline()
    except psutil.ZombieProcess:  # of that cluster
        return []


def fail(federation, report=lambda _: None):
    with pytest.raises(TrainingError) as caught:
        run_federation(federation, report)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_who_reports_is_named_and_clients_without_validation_use_what_they_train_on(federation):
    heard = []
    outcome = run_federation(federation(checkpoints=False), heard.append)

    assert {event["from"] for event in heard if event["event"] == "done"} == {SERVER, *NAMES}
    assert outcome.sizes == {name: {"train": 20, "valid": 0} for name in NAMES}
    assert 0 <= outcome.rounds[0]["clients"]["ben"]["accuracy"] <= 1
    assert outcome.model.name == "model.pth"
    assert {path.name for path in outcome.model.parent.iterdir()} == {"model.pth", "logs.txt"}


def test_labels_beyond_the_models_classes_name_the_client(federation, tmp_path):
    message = fail(federation(classes=2))

    assert message.startswith("training failed for 2 clients: anna: training failed: ")
    assert "Target 2 is out of bounds" in message
    assert message.endswith(f"its log: {tmp_path / 'r' / 'anna' / 'logs.txt'}")


def test_a_client_without_rows_is_named_at_once(federation, tmp_path):
    np.save(tmp_path / "data" / "ben" / "train_data.npy", np.zeros((0, 2)))
    np.save(tmp_path / "data" / "ben" / "train_target.npy", np.zeros(0, np.int64))
    message = fail(federation())

    assert message.startswith("ben: ")
    assert "has no training rows" in message
    assert message.endswith(f"its log: {tmp_path / 'r' / 'ben' / 'logs.txt'}")


def test_a_client_that_hangs_before_it_comes_is_named(federation, tmp_path):
    def stop_ben():
        log = str(tmp_path / "r" / "ben" / "logs.txt")
        wait_until(lambda: writer_of(log), "ben's process")
        writer_of(log).suspend()

    thread = threading.Thread(target=stop_ben)
    thread.start()
    deadline = round(patience(20))
    message = fail(federation(deadline=deadline))
    thread.join()

    said = f"not over after {deadline} s: only 1 of 2 clients came (anna), without ben"
    assert message.startswith(said)
    assert message.endswith(f"its log: {tmp_path / 'r' / 'ben' / 'logs.txt'}")


def writer_of(log):
    for process in children():
        if log in {file.path for file in process.open_files()}:
            return process
    return None


def test_a_deadline_that_is_too_short_to_begin_ends_all(federation, tmp_path):
    message = fail(federation(deadline=0.5))

    assert message.startswith("not over after 0.5 s: server did not end")
    assert str(tmp_path / "r" / "server" / "logs.txt") in message


def test_a_plan_that_declearn_does_not_take_is_the_servers(federation):
    wrong = federation()
    wrong.plan["run"]["training"]["batch_sise"] = 3
    message = fail(wrong)

    assert message.startswith("server: declearn does not take this plan: ")
    assert "batch_sise" in message


def test_a_process_without_a_server_ends_with_its_parent(tmp_path):
    request = ClientRequest(name="anna", data_folder=".", uri=None, ca_cert="none.pem")
    with Processes() as processes:
        processes.start("anna", tmp_path / "log", request)
        assert processes.alive == {"anna"}
        processes._running["anna"].stdin.close()
        assert processes.wait(patience(60)).event is None
        assert processes.describe_end("anna") == "ended with exit code 1"
