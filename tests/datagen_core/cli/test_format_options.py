"""`datagen export … --KEY VALUE`: options of the format beside those of the command."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import datagen_core


@datagen_core.generator(4)
def plain(size, start):
    for index in range(start, start + size):
        yield {"x": float(index)}


def write_shout(path, selection, *, volume="1", ear_plugs="no"):
    """Write what it was told."""
    path.write_text(f"{volume} {ear_plugs}")


def write_soft(path, selection, *, forced="no"):
    """Take an option that reads like one of the command."""


@pytest.fixture
def export(cache, run_cli, tmp_path, monkeypatch):
    """Return a function that exports in the format `shout`: its answer, and what was written."""
    datagen_core.generate(plain, 2, executor="inline", cache=cache)
    formats = {"shout": write_shout, "soft": write_soft}
    points = [SimpleNamespace(name=name, load=lambda f=f: f) for name, f in formats.items()]

    def entry_points(group, name=None):
        return points if group == "datagen.formats" else []

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    monkeypatch.chdir(tmp_path)

    def export(*words):
        answer = run_cli("export", *words)
        path = tmp_path / "out"
        return answer, path.read_text() if path.exists() else None

    return export


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (["--volume", "3"], "3 no"),
        (["--volume=3", "--ear-plugs", "yes"], "3 yes"),
        (["--volume", "-1"], "-1 no"),
        (["-o", "volume=1", "--volume", "2", "--volume=3"], "1,2,3 no"),
        (["--volume", "", "-o", "ear_plugs=a,b"], " a,b"),
        (["--ear_plugs=--"], "1 --"),
    ],
)
def test_options_of_the_format_are_told_to_it(export, words, written):
    answer, found = export("plain", "--format", "shout", "out", *words)
    assert (answer.err, found) == ("", written)


def test_they_may_stand_anywhere(export):
    answer, found = export("--volume", "5", "plain", "--ear-plugs=x", "out", "--format=shout")
    assert (answer.err, found) == ("", "5 x")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--volum", "3"], "--volum is not an option of export; the format shout has --volume"),
        (["--spilt", "raw"], "has --volume, --ear-plugs; did you mean --split?"),
        (["--qqq", "1"], "--qqq is not an option of export"),
        (["--volume"], "Option --volume requires an argument"),
        (["--volume", "--force"], "--volume takes a value"),
        (["--forec"], "--force"),
        (["--volume", "1", "--split"], "requires an argument"),
        (["-o", "volum=3"], "format 'shout' has no option 'volum'; it has volume, ear_plugs"),
    ],
)
def test_what_nobody_knows_is_one_line(export, words, message):
    answer, found = export("plain", "--format", "shout", "out", *words)
    assert answer.code == 2
    assert found is None
    assert message.replace("'", "") in answer.err.replace("'", "")


def test_a_misspelt_flag_does_not_swallow_the_destination(export):
    answer, found = export("plain", "--format", "shout", "--forec", "out")
    assert (answer.code, found) == (2, None)
    assert "--forec" in answer.err
    assert "--force" in answer.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plain", "--format", "soft", "--forced", "1"], "Missing argument 'DESTINATION'"),
        (["--forced", "1", "--format=soft"], "Missing argument 'NAME'"),
        (
            ["plain", "--format", "soft", "--forec", "out"],
            "has --forced; did you mean --force",
        ),
        (["plain", "out", "--formt", "soft"], "No such option '--formt'"),
        (["plain", "--format", "sift", "--forced", "1"], "there is no format 'sift'"),
    ],
)
def test_what_is_missing_is_told_whatever_the_format_was_told(export, words, message):
    answer, _ = export(*words)
    assert answer.code == 2
    assert message.replace("'", "") in answer.err.replace("'", "")


def test_a_format_without_that_option_says_what_it_has(export):
    answer, _ = export("plain", "--format", "csv", "out", "--volume", "3")
    assert "the format csv has --fields, --shards, --flat" in answer.err


def test_what_stands_behind_two_dashes_is_no_option(export):
    answer, _ = export("plain", "--format", "shout", "--", "--out")
    assert answer.code == 0
