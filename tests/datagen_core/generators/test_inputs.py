"""Files that parameters name: known by content, kept in the cache."""

from __future__ import annotations

import hashlib

import pytest

import datagen_core
import generators_for_tests
from datagen_core import Cache, input_path
from datagen_core.errors import CacheError, ParamsError
from datagen_core.generators import inputs
from datagen_core.generators.inputs import refer_to, references_in
from generators_for_tests import FileParams, lengths


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("hello")
    return path


def test_a_path_becomes_the_identity_of_the_content(text):
    expected = f"sha256:{hashlib.sha256(b'hello').hexdigest()}"

    assert FileParams(text=str(text)).text == expected
    assert FileParams(text=expected).text == expected
    assert FileParams(nested={"a": str(text)}).nested == {"a": expected}


def test_two_paths_of_one_content_are_one_parameter_set(text, tmp_path, cache):
    other = tmp_path / "other.txt"
    other.write_text("hello")
    for path in (text, other):
        datagen_core.generate(lengths, 2, {"text": str(path)}, executor="inline", cache=cache)

    assert [each.counts for each in Cache(cache)["lengths"].values()] == [{"raw": 4}]


def test_other_processes_read_the_copy_in_the_cache(text, cache, run_cli):
    asked = (
        f"{generators_for_tests.__file__}:lengths",
        "-p",
        f"text={text}",
        "--executor",
        "local",
        "-n",
    )
    assert run_cli("generate", *asked, 2).code == 0
    reference = refer_to(str(text))
    kept = cache / "inputs" / reference.removeprefix("sha256:")
    assert kept.read_text() == "hello"
    text.unlink()

    again = (
        f"{generators_for_tests.__file__}:lengths",
        "-p",
        f"text={reference}",
        "--executor",
        "local",
        "-n",
    )
    assert run_cli("generate", *again, 4).code == 0
    assert Cache(cache)["lengths"][0]["raw"].get(6)[1].tolist() == [5.0] * 6


def test_an_open_cache_has_the_files_of_its_parameter_sets(text, cache, monkeypatch):
    made = datagen_core.generate(lengths, 1, {"text": str(text)}, executor="inline", cache=cache)
    text.write_text("not hello")  # the copy is what counts
    monkeypatch.setattr(inputs, "_folders", [])

    Cache(cache)
    assert input_path(made.params["text"]).parent == cache / "inputs"


def test_a_changed_file_is_not_taken_for_the_named_one(text):
    text.write_text("what no cache has")
    reference = FileParams(text=str(text)).text
    text.write_text("HELLO WORLD")

    with pytest.raises(CacheError, match="has changed since it was given"):
        input_path(reference)


def test_a_file_that_is_nowhere_is_named():
    with pytest.raises(CacheError, match="is not in the cache; give the file again"):
        input_path("sha256:" + 64 * "0")


def test_a_missing_file_is_one_line_before_anything_runs(cache):
    with pytest.raises(ParamsError, match=r"nope.txt cannot be read \(No such file"):
        datagen_core.generate(lengths, 2, {"text": "nope.txt"}, executor="inline", cache=cache)


def test_references_are_found_however_deep():
    reference = "sha256:" + 64 * "a"

    assert references_in({"a": [1, {"b": reference}], "c": "sha256:short"}) == {reference}


def test_people_read_a_short_form(text, cache, run_cli):
    datagen_core.generate(lengths, 1, {"text": str(text)}, executor="inline", cache=cache)

    assert "text=sha256:2cf24dba5fb0 " in run_cli("list").out
