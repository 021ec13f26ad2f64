"""Approvals of the user: kept once, for exactly one thing, and only this user's own."""

import json
import os
import stat

import pytest

from datagen_core.store.trust import approval_path, approve, is_approved

pytestmark = pytest.mark.usefixtures("configuration")

CODE = {"source": "/home/ada/generators.py:walk", "fingerprint": "ab" * 32}


def test_nothing_is_approved_until_it_is():
    assert not is_approved("code", CODE)

    assert approve("code", CODE)
    assert is_approved("code", CODE)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("surroundings", CODE),
        ("address", CODE),
        ("code", {**CODE, "fingerprint": "ac" * 32}),
        ("code", {**CODE, "source": "/home/bob/generators.py:walk"}),
        ("code", {**CODE, "more": 1}),
        ("code", {}),
    ],
)
def test_an_approval_is_of_one_thing(kind, content):
    approve("code", CODE)

    assert not is_approved(kind, content)


def test_an_approval_says_for_people_what_and_when_and_how(monkeypatch):
    monkeypatch.setattr("sys.argv", ["datagen", "resume", "--trust"])
    approve("code", CODE)

    found = json.loads(approval_path("code", CODE).read_text())
    assert CODE.items() <= found.items()
    assert (found["format"], found["kind"], found["how"]) == (
        "1.0", "code", "datagen resume --trust",
    )  # fmt: skip
    assert {"by", "created", "checksum"} <= found.keys()


def test_approvals_are_for_nobody_else(configuration):
    before = os.umask(0)
    try:
        approve("code", CODE)
    finally:
        os.umask(before)

    path = approval_path("code", CODE)
    assert path.is_relative_to(configuration / "datagen" / "trusted")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_approval_is_written_once():
    approve("code", CODE)
    before = approval_path("code", CODE).stat()
    approve("code", CODE)

    assert approval_path("code", CODE).stat() == before


def forge(kind, path):
    if kind == "writable by others":
        path.chmod(0o666)
    elif kind == "a link":
        path.rename(path.with_name("elsewhere"))
        path.symlink_to("elsewhere")
    elif kind == "a folder":
        path.unlink()
        path.mkdir()
    else:
        os.chown(path, 2001, 2001)


@pytest.mark.parametrize("kind", ["writable by others", "a link", "a folder", "of another user"])
def test_a_document_that_is_not_the_users_own_approves_nothing(kind):
    if kind == "of another user" and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    approve("code", CODE)
    forge(kind, approval_path("code", CODE))

    assert not is_approved("code", CODE)
    assert approve("code", CODE) == is_approved("code", CODE) == (kind != "a folder")


def test_a_configuration_folder_that_cannot_be_written_approves_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))

    assert not approve("code", CODE)
    assert not is_approved("code", CODE)
