"""A cache is data: what a colleague's cache names runs as nobody who has not trusted it."""

import json
import sys

import pytest

from datagen_core.generators import registry
from datagen_core.store.documents import write_document

SOURCE = """
import pathlib
import datagen_core
import {helper}

with pathlib.Path({marker!r}).open("a") as file:
    file.write("loaded")

@datagen_core.generator(5)
def walk(size, start):
    yield from ((float(start + i), 1.0) for i in range(size))

@walk.preprocessor
def double(X, y):
    return 2 * X, y
"""
USING = ["verify walk --resample 3", "resume --executor inline", "preprocess walk double raw 5"]
READING = [
    "list", "list walk", "show walk -p 0", "show walk -p 0 --runs", "status", "verify",
    "move walk 3 train -y", "compact", "cancel", "export walk raw --format csv",
]  # fmt: skip


class Shared:
    """A cache that Eve made, of which samples are missing, and what Bob does with it."""

    def __init__(self, folder, cache, monkeypatch, run_cli):
        self.folder, self.cache, self.run_cli = folder, cache, run_cli
        self.marker, self.patch = folder / "marker", monkeypatch
        self.helper = f"helper_{abs(hash(folder)):x}"
        self.file = folder / "eve" / "generators.py"
        self.file.parent.mkdir()
        (self.file.parent / f"{self.helper}.py").write_text("x = 1\n")
        self.file.write_text(SOURCE.format(helper=self.helper, marker=str(self.marker)))
        self.become("eve")
        answer = run_cli("generate", f"{self.file}:walk", "-n", 20, "--executor", "inline")
        assert answer.code == 0, answer.err
        (self.set,) = (path.parent for path in cache.glob("walk/*/params.json"))
        self.record = self.set / "runs" / "0.json"
        self.lose()
        run_cli("generate", f"{self.file}:walk", "-n", 20, "--executor", "inline")

    def become(self, user):
        """Be another user, in a process that has loaded nothing."""
        self.patch.setenv("XDG_CONFIG_HOME", str(self.folder / f"home of {user}"))
        registry._execute.cache_clear()
        sys.modules.pop(self.helper, None)
        self.marker.unlink(missing_ok=True)

    def lose(self):
        """Remove the samples that were made so far."""
        for path in self.set.glob("shards/*"):
            path.unlink()

    def bob(self, words):
        self.become("bob")
        return self.run_cli(*words.split())

    def edit(self, **changes):
        """Write other details into the record of the run, with a valid checksum."""
        content = json.loads(self.record.read_text())
        del content["checksum"]
        content["source"] = changes.pop("source", content["source"])
        resources = {**content["details"]["resources"], **changes.pop("resources", {})}
        content["details"] |= {**changes, "resources": resources}
        self.record.write_text(write_document(content))


@pytest.fixture
def shared(tmp_path, cache, monkeypatch, run_cli):
    monkeypatch.chdir(tmp_path)
    return Shared(tmp_path, cache, monkeypatch, run_cli)


@pytest.mark.parametrize("words", USING)
def test_code_of_a_colleague_does_not_run(shared, words):
    answer = shared.bob(words)

    assert (answer.code, shared.marker.exists()) == (2, False)
    (line,) = answer.err.splitlines()
    assert "not trusted: source: " in line
    assert "generators.py:walk, fingerprint: " in line
    assert "--trust" in line


@pytest.mark.parametrize("words", USING)
def test_trust_is_said_once(shared, words):
    assert shared.bob(f"{words} --trust").code == 0
    assert shared.marker.exists()
    assert shared.bob(words.replace("raw 5", "raw 6")).code == 0


@pytest.mark.parametrize("words", USING)
def test_who_ran_the_code_by_its_name_is_not_asked(shared, words):
    shared.bob(f"generate {shared.file}:walk -n 5 --executor inline")

    assert shared.bob(words).code == 0
    assert shared.marker.exists()


@pytest.mark.parametrize("words", READING)
def test_reading_loads_no_code(shared, words):
    answer = shared.bob(words)

    assert (answer.code, shared.marker.exists()) == (0, False), answer.err


@pytest.mark.parametrize("words", USING)
@pytest.mark.parametrize("name", ["generators.py", "helper"])
def test_code_that_was_edited_is_asked_for_again(shared, words, name):
    assert shared.bob("verify --resample 1 --trust").code == 0
    file = shared.file if name == "generators.py" else shared.file.with_name(f"{shared.helper}.py")
    file.write_text(f"{file.read_text()}\n# innocent\n")

    answer = shared.bob(words)
    assert (answer.code, shared.marker.exists()) == (2, False)
    assert "which was edited since you ran it" in answer.err


CHANGES = {
    "setup": {"resources": {"setup": ["touch marker"]}},
    "options": {"resources": {"options": {"wrap": "touch marker"}}},
    "partition": {"resources": {"partition": "costly"}},
    "memory": {"resources": {"memory": "900G"}},
    "account": {"resources": {"account": "others"}},
    "qos": {"resources": {"qos": "costly"}},
    "working directory": {"working_directory": "/tmp"},
    "pythonpath": {"pythonpath": "/tmp"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_run_has_around_it_is_asked_for(shared, name):
    assert shared.bob("verify --resample 1 --trust").code == 0
    shared.edit(**CHANGES[name])
    answer = shared.bob("resume --executor inline")

    assert (answer.code, shared.marker.exists()) == (2, False)
    assert f" {name}: " in answer.err.replace("option wrap", "options")
    assert "--trust" in answer.err


@pytest.mark.parametrize("name", CHANGES)
def test_who_asked_for_it_is_not_asked(shared, name):
    shared.edit(**CHANGES[name])
    assert shared.bob("resume --executor inline --trust").code == 0
    shared.lose()

    assert shared.bob("resume --executor inline").code == 0


def test_what_the_caller_asks_for_instead_is_not_asked_for(shared):
    shared.edit(**CHANGES["memory"])
    shared.bob("verify --resample 1 --trust")

    assert shared.bob("resume --executor inline --mem 1G").code == 0


def test_another_working_directory_is_asked_for(shared):
    assert shared.bob("verify --resample 1 --trust").code == 0
    shared.patch.chdir("/")

    answer = shared.bob("resume --executor inline")
    assert (answer.code, shared.marker.exists()) == (2, False)
    assert f"working directory: {shared.folder}" in answer.err


def test_installed_generators_are_trusted(shared):
    answer = shared.bob("generate leaf_synthetic -n 2 -p num_classes=2 --executor inline")
    assert answer.code == 0, answer.err
    next(shared.cache.glob("leaf_synthetic/*/shards/*")).unlink()
    shared.become("carol")

    assert shared.run_cli("resume", "leaf_synthetic", "--executor", "inline").code == 0


def test_a_module_in_front_of_an_installed_one_is_asked_for(shared):
    elsewhere = shared.folder / "elsewhere"
    elsewhere.mkdir()
    shared.edit(working_directory=str(elsewhere))
    assert shared.bob("resume --executor inline --trust").code == 0
    shared.lose()
    (elsewhere / "json.py").write_text("raise SystemExit")

    answer = shared.bob("resume --executor inline --run 0")
    assert (answer.code, shared.marker.exists()) == (2, False)
    assert "modules: " in answer.err


NAMES = {"a plain name": "walk", "no name": "", "a path from here": "generators.py:walk"}


@pytest.mark.parametrize("words", USING)
@pytest.mark.parametrize("kind", NAMES)
def test_a_recorded_name_is_not_looked_for_in_the_current_folder(shared, words, kind):
    for record in shared.set.glob("runs/*.json"):
        shared.record = record
        shared.edit(source=NAMES[kind])
    shared.patch.chdir(shared.file.parent)

    assert shared.bob(words).code in {2, 5}
    assert not shared.marker.exists()


def test_a_recorded_name_leads_out_of_no_folder_that_is_named(shared):
    (shared.folder / "mine").mkdir()
    for record in shared.set.glob("runs/*.json"):
        shared.record = record
        shared.edit(source=f"/x/../eve/{shared.file.name}:walk")
    shared.file.rename(shared.file.with_name("evil.py"))
    shared.edit(source="/x/../eve/evil.py:walk")

    answer = shared.bob("resume --executor inline --generators mine")
    assert (answer.code, shared.marker.exists()) == (2, False)


def test_a_folder_that_is_named_is_trusted(shared):
    assert shared.bob(f"resume --executor inline --generators {shared.file.parent}").code == 0
    assert shared.bob("verify --resample 1").code == 0


def test_a_terminal_shows_what_would_run(shared, type_in):
    type_in("y\ny\n")
    shared.edit(resources={"setup": ["\x1b[2Jinnocent"]})
    answer = shared.bob("resume --executor inline")

    assert answer.code == 0
    assert "run 0 of walk/" in answer.err
    assert f"  source: {shared.file}:walk\n  fingerprint: " in answer.err
    assert r"  setup: \x1b[2Jinnocent" in answer.err
    assert "\x1b" not in answer.err


def test_a_terminal_is_asked_once_for_each_thing(shared, type_in):
    shared.run_cli("generate", f"{shared.file}:walk", "-n", 5, "--seed", 1, "--executor", "inline")
    type_in("y\n")

    answer = shared.bob("verify --resample 1")
    assert (answer.code, answer.err.count("Let it run as you?")) == (0, 1)


def test_a_no_on_the_terminal_runs_nothing(shared, type_in):
    type_in("n\n")

    assert shared.bob("resume --executor inline").code == 2
    assert not shared.marker.exists()


@pytest.mark.parametrize("broken", [{"resources": {"setup": "ls"}}, {"working_directory": 3},
                                    {"resources": {"cpus": "many"}}, {"pythonpath": ["/tmp"]},
                                    {"resources": {"colour": "red"}}])  # fmt: skip
def test_a_record_of_another_form_is_one_line(shared, broken):
    shared.edit(**broken)
    answer = shared.bob("resume --executor inline --trust")

    assert answer.code == 1
    assert f"{shared.record} is damaged" in answer.err


def test_runs_that_are_trusted_go_on_without_those_that_are_not(shared, run_cli):
    own = shared.folder / "own.py"
    text = SOURCE.format(helper=shared.helper, marker="/dev/null").replace("walk", "stroll")
    own.write_text(text)
    (shared.folder / f"{shared.helper}.py").write_text("")
    assert shared.bob(f"generate {own}:stroll -n 5 --executor inline").code == 0
    next(shared.cache.glob("stroll/*/shards/*")).unlink()

    answer = shared.bob("resume --executor inline")
    assert (answer.code, shared.marker.exists()) == (2, False)
    assert "resumed 1 run" in answer.out
    assert list(shared.cache.glob("stroll/*/shards/*"))


def test_generate_goes_on_where_nothing_can_be_kept(shared, tmp_path):
    (tmp_path / "home of carol").touch()
    shared.become("carol")
    answer = shared.run_cli("generate", f"{shared.file}:walk", "-n", 5, "--executor", "inline")

    assert answer.code == 0
    assert answer.err.count("cannot be written") == 1
