"""`datagen federated server` and `client` as processes of their own, and what goes wrong."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from importlib.util import find_spec

import pytest

from datagen_federations.sessions.certificates import make_certificates
from federations import read_weights

pytest.importorskip("declearn")
pytest.importorskip("sklearn")
pytestmark = pytest.mark.timeout(180)


@pytest.mark.slow
def test_terminals_make_the_same_weights_as_the_demo(first, place, start):
    """Over IPv6; and one with another authority does not trust the server."""
    shutil.rmtree(place / "data")
    shutil.copytree(first[0] / "data", place / "data")
    server = start("server", "server", 3, "--host", "::1", "--port", 0, "--config", "c.toml",
                   "--seed", 5, "--rounds", 2, "-o", "r")  # fmt: skip
    uri = f"wss://[::1]:{server.port}"
    assert f"--serv-uri {uri}" in server.err
    ca = ("--ca-cert", place / "others" / "ca-cert.pem")
    words = ("--serv-uri", uri, "--seed", 5, "-o", "r")
    wrong = start("wrong", "client", "client_0", "data", *words, *ca).end()
    clients = [start(f"of_{i}", "client", f"client_{i}", "data", *words) for i in range(3)]
    ended = [command.end() for command in (server, *clients)]

    assert wrong.code == 1
    assert "is not to be trusted: " in wrong.error
    assert [each.code for each in ended] == [0, 0, 0, 0], [each.err for each in ended]
    assert ended[0].out == "r/server\n"
    assert ended[1].err == "client_0: 80 samples to train on, 20 to validate\n"
    models = [first[0] / "server", place / "server" / "r" / "server"]
    assert read_weights(models[0] / "model.pth") == read_weights(models[1] / "model.pth")


@pytest.mark.slow
def test_clients_that_do_not_come_end_the_server(start):
    server = start("server", "server", 2, "--port", 0, "--registration", 0.5)
    ended = server.end(seconds=40)

    assert ended.code == 1
    assert "not all within 0.5 s: only 0 of 2 clients came; see the logs" in ended.error


@pytest.mark.slow
def test_two_machines_with_a_network_of_their_own(start, place):
    """The server's address is not this machine's own; clients are on another one."""
    if (reason := why_no_networks()) is not None:
        pytest.skip(reason)
    make_certificates(place / "far", ["10.77.0.1"])
    with_far = ("--certificate", place / "far" / "server-cert.pem", "--private-key",
                place / "far" / "server-pkey.pem")  # fmt: skip
    with Networks() as (here, there):
        server = start("server", "server", 1, "--host", "10.77.0.1", "--config", "c.toml",
                       "--rounds", 1, *with_far, prefix=here)  # fmt: skip
        words = ("--serv-uri", f"wss://10.77.0.1:{server.port}", "--ca-cert",
                 place / "far" / "ca-cert.pem")  # fmt: skip
        client = start("of_0", "client", "client_0", "data", *words, prefix=there)
        ended = [command.end() for command in (server, client)]

    assert [each.code for each in ended] == [0, 0], [each.err for each in ended]
    assert "listening at wss://10.77.0.1:8765;" in server.err


class Networks:
    """Two network namespaces with a cable between them; gone with the processes in them."""

    NAMES = (f"datagen-{os.getpid()}-a", f"datagen-{os.getpid()}-b")

    def __enter__(self):
        for name in self.NAMES:
            ip("netns", "add", name)
        ip("link", "add", "veth0", "netns", self.NAMES[0], "type", "veth", "peer", "name", "veth0",
           "netns", self.NAMES[1])  # fmt: skip
        for number, name in enumerate(self.NAMES):
            ip("-n", name, "addr", "add", f"10.77.0.{number + 1}/24", "dev", "veth0")
            ip("-n", name, "link", "set", "veth0", "up")
        return [("ip", "netns", "exec", name) for name in self.NAMES]

    def __exit__(self, *_):
        for name in self.NAMES:
            ip("netns", "del", name, check=False)


def ip(*words, check=True):
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=check)


def why_no_networks():
    if shutil.which("ip") is None:
        return "no ip (Debian: iproute2)"
    try:
        with Networks():
            return None
    except subprocess.CalledProcessError as error:
        return f"no network namespaces: {error.stderr.strip()}"


@pytest.fixture
def call(place, run_cli, monkeypatch):
    monkeypatch.chdir(place)
    return lambda *words: run_cli("federated", *words)


def one_error(answer, code=1):
    (line,) = answer.err.splitlines()
    assert answer.code == code
    assert line.startswith("datagen: error: ")
    return line


def test_a_port_that_is_taken_is_told_before_any_work(call, place):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = call("server", 1, "--host", "127.0.0.1", "--port", port, "-o", "r")

    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in one_error(answer)
    assert not (place / "r").exists()


@pytest.mark.parametrize("role", ["server", "client", "demo"])
def test_results_of_two_runs_do_not_mix(call, place, role):
    folder = place / "r" / {"server": "server", "client": "client_0", "demo": ""}[role]
    folder.mkdir(parents=True)
    (folder / "mine").touch()
    words = {"server": [1], "client": ["client_0", "data"], "demo": [1]}[role]
    if role == "demo":
        words += ["--data-file", "x.npy", "--label-file", "y.npy"]

    assert "is not empty; name another folder with --output" in one_error(
        call(role, *words, "-o", "r"), 2
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["server", 1, "--host", "fl.example.org"], 1, "not for fl.example.org; make another"),
        (["server", 1, "--certificate", "none.pem"], 1, "none.pem"),
        (["server", 1, "--private-key", "others/server-pkey.pem"], 1, "is not the key of"),
        (["client", "client_7", "data"], 1, "there is no folder data/client_7 beside client_0"),
        (["client", "client_0", "data", "--ca-cert", "none.pem"], 1, "none.pem"),
        (["client", "client_0", "data", "--serv-uri", "here"], 2, "is not an address of a server"),
        pytest.param(
            ["client", "client_0", "data", "--protocol", "grpc"],
            2,
            "declearn[grpc]==",
            marks=pytest.mark.skipif(find_spec("grpc") is not None, reason="grpc is installed"),
        ),
    ],
)
def test_what_cannot_work_is_told_before_any_work(call, place, words, code, said):
    before = sorted(place.rglob("*"))

    assert said in one_error(call(*words), code)
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(
    "words", [["server", 1], ["client", "client_0", "data"], ["demo"]], ids=lambda each: each[0]
)
def test_without_declearn_it_says_what_to_install(call, monkeypatch, words):
    monkeypatch.setitem(sys.modules, "declearn", None)

    assert one_error(call(*words), 2) == (
        "datagen: error: declearn is not installed; run: pip install 'datagen[torch,declearn]'"
    )


def test_another_version_of_declearn_is_told(call, monkeypatch):
    from datagen_federations.roles import declearn_import

    monkeypatch.setattr(declearn_import, "version", lambda _: "2.10.0")

    assert "declearn 2.10.0 is installed, 2.9 is needed" in one_error(call("demo"))
