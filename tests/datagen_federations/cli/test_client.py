"""`datagen federated client`: whom it trusts, and how it ends when it is not welcome."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from patience import patience

pytest.importorskip("declearn")
pytest.importorskip("sklearn")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HOSTILE = Path(__file__).parents[2] / "hostile_server.py"


def test_a_late_client_is_refused_and_an_interrupt_ends_the_server(start):
    server = start("server", "server", 1, "--port", 0, "--config", "c.toml", "--rounds", 5000)
    words = ("--serv-uri", f"wss://localhost:{server.port}")
    first = start("first", "client", "client_0", "data", *words)
    server.wait_for("round 1:")
    late = start("late", "client", "client_1", "data", *words).end(seconds=40)
    ended = server.end(signal.SIGINT)
    left = first.end(seconds=30)

    assert late.code == 1
    assert "does not take client_1: it has all its clients, or another version" in late.error
    assert ended.code == 130
    assert ended.err.splitlines()[-1] == "datagen: interrupted; what is published is kept"
    assert "Traceback" not in ended.err
    assert left.code == 1
    assert "ended the run early; its own log says why" in left.error


def test_two_clients_of_one_name_are_told_apart_by_nobody(start):
    server = start("server", "server", 2, "--port", 0, "--config", "c.toml")
    words = ("client", "client_0", "data", "--serv-uri", f"wss://localhost:{server.port}")
    ended = [start(name, *words) for name in ("one", "two")]
    ended = [command.end(seconds=40) for command in (server, *ended)]

    assert [each.code for each in ended] == [1, 1, 1]
    assert "two clients are called client_0; each needs its own name" in ended[0].error
    assert all("its own log says why" in each.error for each in ended[1:])


def test_a_client_runs_nothing_of_a_hostile_server(start, place):
    """Its model is a pickle that would make a folder when it is loaded."""
    marker = place / "marker"
    hostile = subprocess.Popen(
        [sys.executable, HOSTILE, place / "certificates", marker], stdout=subprocess.PIPE, text=True
    )
    try:
        port = hostile.stdout.readline().strip()
        words = ("--serv-uri", f"wss://localhost:{port}")
        client = start("one", "client", "client_0", "data", *words).end(seconds=40)
    finally:
        hostile.kill()
        hostile.communicate()

    assert client.code == 1
    assert "model has more than layers of torch.nn: there is posix.mkdir in them" in client.error
    assert not marker.exists()


def test_a_client_that_is_killed_ends_the_others_at_once(start):
    server = start("server", "server", 2, "--port", 0, "--config", "c.toml", "--rounds", 5000)
    words = ("data", "--serv-uri", f"wss://localhost:{server.port}", "--quiet")
    clients = [start(f"of_{i}", "client", f"client_{i}", *words) for i in range(2)]
    server.wait_for("round 1:")
    clients[0].end(signal.SIGKILL)
    ended = [command.end(seconds=30) for command in (server, clients[1])]

    assert [each.code for each in ended] == [1, 1]
    assert "client_0 has gone: its connection broke" in ended[0].error
    assert "ended the run early; its own log says why" in ended[1].error
    assert ended[1].err.splitlines() == [ended[1].error]


LEAVES = """
import asyncio, sys, warnings
from declearn.communication import build_client

warnings.simplefilter("ignore")

async def main(uri, ca_cert, messages):
    for number in range(messages + 1):
        async with build_client("websockets", uri, "client_0", ca_cert) as client:
            await client.register()
            if number:
                await client.recv_message()
        await asyncio.sleep(0.5)

asyncio.run(main(*sys.argv[1:], messages=1))
"""
"""Registers and takes its leave; then once more, after it got a message."""


def test_a_client_that_takes_leave_is_named_once_all_are_there(start, place):
    server = start("server", "server", 1, "--port", 0, "--config", "c.toml")
    words = (f"wss://localhost:{server.port}", place / "certificates" / "ca-cert.pem")
    # It cannot come again once the server has noticed that it left, so its exit code says nothing.
    subprocess.run([sys.executable, "-c", LEAVES, *words], timeout=patience(60), check=False)
    ended = server.end(seconds=30)

    assert ended.code == 1
    assert "client_0 has gone: its connection broke" in ended.error


OTHERS = """
import json, sys, warnings
from declearn.utils.serialize import add_lazy_serial_support, json_deserialize
from datagen_federations.roles.joining import trust_torch_alone

warnings.simplefilter("ignore")
add_lazy_serial_support("TensorflowModel", "antigravity_of_tests")
trust_torch_alone()
json_deserialize(json.dumps({"__type__": "TensorflowModel", "dump": {}}))
"""


def test_models_of_other_frameworks_are_not_even_imported(tmp_path):
    """They load code of their own kinds, such as Keras's lambdas."""
    (tmp_path / "antigravity_of_tests.py").write_text("print('imported')")
    done = subprocess.run(
        [sys.executable, "-c", OTHERS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
