"""Small JSON files with a checksum."""

from __future__ import annotations

import json
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen_core.errors import DamagedFileError
from datagen_core.store import documents
from datagen_core.store.documents import publish_document, read_document
from strategies import json_objects


@settings(max_examples=50)
@given(json_objects)
def test_documents_come_back_as_written(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("documents")

    assert publish_document(folder / "a.json", content, folder / "tmp")
    assert read_document(folder / "a.json", "1.0") == content


def test_the_first_document_stays(tmp_path):
    path = tmp_path / "a.json"

    assert publish_document(path, {"k": 1}, tmp_path / "tmp") is True
    assert publish_document(path, {"k": 2}, tmp_path / "tmp") is False
    assert read_document(path, "1.0") == {"k": 1}


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
            read_document(path, "1.0")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '{"k": 1}', '"checksum"', "\xff"])
def test_what_is_no_document_is_named(tmp_path, quick, text):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="latin-1")

    with pytest.raises(DamagedFileError, match=f"{re.escape(str(path))} is damaged"):
        read_document(path, "1.0")


def test_a_missing_document_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_document(tmp_path / "a.json", "1.0")


def test_a_document_that_is_truncated_for_a_moment_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    publish_document(path, {"k": 1}, tmp_path)
    text = path.read_bytes()
    os.truncate(path, 5)
    monkeypatch.setattr(documents.time, "sleep", lambda _: path.write_bytes(text))

    assert read_document(path, "1.0") == {"k": 1}
