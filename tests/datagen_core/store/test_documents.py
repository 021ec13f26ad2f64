"""Small JSON files with a checksum."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core.errors import DamagedFileError, NewerFormatError
from datagen_core.store import documents
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import check_name
from strategies import json_objects


@settings(max_examples=50)
@given(json_objects)
def test_documents_come_back_as_written(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("documents")

    assert publish_document(folder / "a.json", content, folder / "tmp")
    assert read_document(folder / "a.json", "1.0", dict) == content


def test_the_first_document_stays(tmp_path):
    path = tmp_path / "a.json"

    assert publish_document(path, {"k": 1}, tmp_path / "tmp") is True
    assert publish_document(path, {"k": 2}, tmp_path / "tmp") is False
    assert read_document(path, "1.0", dict) == {"k": 1}


def test_a_document_is_json_for_people(tmp_path):
    publish_document(tmp_path / "a.json", {"k": [1]}, tmp_path)

    assert json.loads((tmp_path / "a.json").read_text())["k"] == [1]


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(documents, "_RETRIES", 1)


@settings(max_examples=50)
@given(data=st.data())
def test_any_changed_byte_is_noticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("changed")
    path = folder / "a.json"
    publish_document(path, {"range": [0, 700], "name": "train"}, folder)
    text = bytearray(path.read_bytes().strip())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= 1
    path.write_bytes(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "_RETRIES", 1)
        with pytest.raises(DamagedFileError, match=r"a\.json is damaged"):
            read_document(path, "1.0", dict)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '{"k": 1}', '"checksum"', "\xff"])
def test_what_is_no_document_is_named(tmp_path, quick, text):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="latin-1")

    with pytest.raises(DamagedFileError, match=f"{re.escape(str(path))} is damaged"):
        read_document(path, "1.0", dict)


def test_a_missing_document_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_document(tmp_path / "a.json", "1.0", dict)


def test_a_document_that_is_truncated_for_a_moment_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    publish_document(path, {"k": 1}, tmp_path)
    text = path.read_bytes()
    os.truncate(path, 5)
    monkeypatch.setattr(documents.time, "sleep", lambda _: path.write_bytes(text))

    assert read_document(path, "1.0", dict) == {"k": 1}


def published(path, content):
    path.unlink(missing_ok=True)
    publish_document(path, content, path.parent)


DAMAGED = {
    "deep": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b', "checksum": "0"}',
    "many digits": b'{"a": ' + b"9" * 5000 + b', "checksum": "0"}',
    "NaN": b'{"a": NaN, "checksum": "0"}',
    "infinite": b'{"a": 1e999, "checksum": "0"}',
    "UTF-16": '{"checksum": "0"}'.encode("utf-16"),
    "mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_whatever_json_stumbles_over_is_damage(tmp_path, quick, text):
    (tmp_path / "a.json").write_bytes(text)

    with pytest.raises(DamagedFileError, match=r"a\.json is damaged: its checksum"):
        read_document(tmp_path / "a.json", "1.0", dict)


PLACES = {
    "folder": os.mkdir,
    "pipe": os.mkfifo,
    "loop": lambda path: path.symlink_to(path),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "hole": lambda path: path.touch() or os.truncate(path, 2**40),
    "socket": lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
}


@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_what_is_in_place_of_a_file_is_damage(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)  # a socket's name is short
    make(path := Path("a.json"))

    with pytest.raises(DamagedFileError, match="something else is in its place"):
        read_document(path, "1.0", dict)


@pytest.mark.parametrize("stamp", ["9.0", "²", [], {}, 1, True, "9" * 5000, "", "1.0.0"])
def test_a_format_that_nobody_knows_is_newer(tmp_path, stamp):
    published(tmp_path / "a.json", {"format": stamp})

    with pytest.raises(NewerFormatError, match="was made by a newer datagen") as error:
        read_document(tmp_path / "a.json", "1.0", dict)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    "parse",
    [lambda content: content["missing"], lambda content: content["a"].b, lambda _: 1.0**"",
     lambda _: float(10**400), lambda _: list[int]()[1], lambda _: int("x"),
     lambda _: check_name("/", "")],
)  # fmt: skip
def test_what_parsing_stumbles_over_is_damage(tmp_path, parse):
    published(tmp_path / "a.json", {"a": 1})

    with pytest.raises(DamagedFileError, match=r"a\.json is damaged: .*; restore it"):
        read_document(tmp_path / "a.json", "1.0", parse)
