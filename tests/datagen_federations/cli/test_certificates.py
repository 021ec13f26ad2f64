"""`datagen federated certificates`."""

import json

import pytest
from click.testing import CliRunner

from datagen_federated.cli import federated
from datagen_federations.errors import TrainingError
from datagen_federations.sessions.certificate_checks import check_ca, check_server_files

pytest.importorskip("cryptography")


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(federated, ["certificates", *words])


def test_it_says_what_lies_where_and_what_goes_to_clients(call, tmp_path):
    lines = call().output.splitlines()

    assert lines[0] == "certificates/ca-cert.pem: copy this file, and no other, to each client"
    assert "Valid for localhost, 127.0.0.1, ::1 until 20" in lines[3]
    assert sorted(path.name for path in (tmp_path / "certificates").iterdir()) == [
        "ca-cert.pem", "server-cert.pem", "server-pkey.pem",
    ]  # fmt: skip


def test_hosts_come_on_top_of_those_of_this_machine(call, tmp_path):
    call("--host", "fl.example.org", "--host", "10.0.0.7")
    files = [tmp_path / "certificates" / f"server-{kind}.pem" for kind in ("cert", "pkey")]

    for host in ("localhost", "127.0.0.1", "::1", "fl.example.org", "10.0.0.7"):
        check_server_files(*files, host)


def test_json_names_the_files(call, tmp_path):
    told = json.loads(call("--folder", "a/b", "--keep-ca-key", "--days", "2", "--json").output)

    assert told["ca_key"] == "a/b/ca-pkey.pem"
    assert told["hosts"] == ["localhost", "127.0.0.1", "::1"]
    assert len(told["ca_sha256"]) == 64
    check_ca(tmp_path / told["ca_cert"])


def test_the_authoritys_key_is_shown_where_it_is_kept(call):
    assert "ca-pkey.pem: the authority's key, a secret" in call("--keep-ca-key").output


def test_a_second_call_replaces_nothing(call, tmp_path):
    call()
    before = {path: path.read_bytes() for path in (tmp_path / "certificates").iterdir()}
    again = call()

    assert isinstance(again.exception, TrainingError)
    assert before == {path: path.read_bytes() for path in (tmp_path / "certificates").iterdir()}


@pytest.mark.parametrize(
    ("words", "reason"),
    [(["--days", "0"], "1<=x<=3650"), (["--host", "wss://a:1"], "without a port"),
     (["--host", "0.0.0.0"], "not an address to connect to")],
)  # fmt: skip
def test_wrong_usage_is_told(call, tmp_path, words, reason):
    done = call(*words)

    code = getattr(done.exception, "exit_code", done.exit_code)
    assert code == 2
    assert reason in f"{done.output}{done.exception}"
    assert not list(tmp_path.iterdir())


def test_help_shows_files_and_examples_line_by_line(call):
    text = call("--help").output

    assert "  server-pkey.pem  stays with the server: its key, a secret\n" in text
    assert "  datagen federated certificates --host fl.example.org --host 192.168.1.7\n" in text
    assert "\b" not in text
