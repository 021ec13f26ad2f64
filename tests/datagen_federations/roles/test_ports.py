"""Addresses of servers."""

import socket

import pytest

from datagen_federations.errors import TrainingError
from datagen_federations.roles import ports
from datagen_federations.roles.ports import choose_port, make_uri, split_uri


@pytest.fixture
def taken(monkeypatch):
    """A port that somebody listens on, which is the usual one here."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(ports, "USUAL_PORT", port)
        yield port


def test_the_usual_port_is_chosen_while_it_is_free(taken, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    monkeypatch.setattr(ports, "USUAL_PORT", free)

    assert choose_port("127.0.0.1", None) == free
    assert choose_port("127.0.0.1", 0) == 0


def test_a_free_one_is_chosen_when_the_usual_one_is_taken(taken):
    assert choose_port("127.0.0.1", None) == 0
    assert choose_port("localhost", None) == 0


def test_a_port_that_is_asked_for_is_not_changed(taken):
    with pytest.raises(TrainingError, match=rf"127.0.0.1:{taken}: Address already in use; choose"):
        choose_port("127.0.0.1", taken)


@pytest.fixture
def names(monkeypatch):
    """Return a function that makes localhost mean these addresses, by family and address."""

    def name(*addresses):
        def look_up(host, port, **_):
            return [(family, socket.SOCK_STREAM, 6, "", (to, port)) for family, to in addresses]

        monkeypatch.setattr("socket.getaddrinfo", look_up)

    return name


ABSENT = (socket.AF_INET, "192.0.2.1")  # EADDRNOTAVAIL
HERE = (socket.AF_INET, "127.0.0.1")
NO_FAMILY = (12345, "::1")  # EAFNOSUPPORT


@pytest.mark.parametrize("absent", [ABSENT, NO_FAMILY])
def test_addresses_that_this_machine_does_not_have_are_left_out(names, taken, absent):
    for addresses in ([absent, HERE], [HERE, absent]):
        names(*addresses)
        assert choose_port("localhost", 0) == 0
        assert choose_port("localhost", None) == 0
        with pytest.raises(TrainingError, match="Address already in use"):
            choose_port("localhost", taken)


def test_one_of_the_addresses_must_be_here(names):
    names(NO_FAMILY, ABSENT)
    with pytest.raises(TrainingError, match="cannot listen on localhost:0: Address family not"):
        choose_port("localhost", 0)


@pytest.mark.parametrize("port", [None, 0])
def test_a_host_is_an_address_of_this_machine(port):
    with pytest.raises(TrainingError, match="--host is an address of this machine"):
        choose_port("192.0.2.1", port)
    with pytest.raises(TrainingError, match=r"cannot listen on no-such-host\.invalid:"):
        choose_port("no-such-host.invalid", port)


@pytest.mark.parametrize(
    ("uri", "host", "port"),
    [
        ("wss://localhost:8765", "localhost", 8765),
        ("localhost:8765", "localhost", 8765),
        ("wss://10.0.0.7:1/", "10.0.0.7", 1),
        ("wss://[::1]:8765", "::1", 8765),
        ("[fe80::1]:8765", "fe80::1", 8765),
    ],
)
def test_an_address_is_host_and_port(uri, host, port):
    assert split_uri(uri) == (host, port)
    assert split_uri(make_uri(host, port)) == (host, port)


@pytest.mark.parametrize(
    "uri", ["", "localhost", "wss://localhost", "wss://:8765", "wss://a:b", "wss://a:70000",
            "ws://localhost:8765", "https://localhost:8765", "wss://[::1:8765", "wss://a:0"],
)  # fmt: skip
def test_what_is_no_address_is_told(uri):
    with pytest.raises(TrainingError, match="is not an address of a server; write wss://HOST:PORT"):
        split_uri(uri)


def test_brackets_are_for_ipv6_alone():
    assert make_uri("::1", 8765) == "wss://[::1]:8765"
    assert make_uri("fl.example.org", 443) == "wss://fl.example.org:443"
