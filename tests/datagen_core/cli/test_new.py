"""`datagen new`: a plugin whose tests pass at once, or one line that says why there is none."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from datagen_core.upkeep import new_plugin
from datagen_core.upkeep.new_plugin import PluginNames, make_plugin
from distributions import write_distribution, write_module

FILES = {
    "pyproject.toml", "README.md", ".gitignore", "datagen_two_words.py", "tests/test_two_words.py",
}  # fmt: skip


EXAMPLES = Path(__file__).parents[3] / "example_datasets"


def files_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_plugin_has_its_names_everywhere(run_cli, here):
    answer = run_cli("new", "two-words", "--json")

    assert answer.json == {
        "distribution": "datagen-two-words", "module": "datagen_two_words",
        "generator": "two_words", "folder": "datagen-two-words",
        "files": answer.json["files"],
    }  # fmt: skip
    assert files_in(here / "datagen-two-words") == FILES
    texts = {path: Path(path).read_text() for path in answer.json["files"]}
    assert "class TwoWordsParams(" in texts["datagen-two-words/datagen_two_words.py"]
    assert not [path for path, text in texts.items() if "my" in text.lower().replace("mypy", "")]


def test_the_next_steps_are_printed(run_cli, here):
    answer = run_cli("new", "two_words", "deep/my plugin")

    assert files_in(here / "deep" / "my plugin") == FILES
    assert answer.out.splitlines()[1:3] == ["  cd 'deep/my plugin'", "  pip install -e '.[test]'"]


def test_the_template_is_all_of_it():
    inside = files_in(new_plugin._TEMPLATE)

    assert {name for name in inside if "__pycache__" not in name} == set(new_plugin._FILES)


def test_the_finished_example_has_the_shape_of_a_new_one(run_cli, here):
    example = EXAMPLES / "noisy_sine"
    names = PluginNames("datagen-noisy-sine", "datagen_noisy_sine", "noisy_sine")
    made = make_plugin(names, here / "noisy_sine")
    ours, theirs = (
        tomllib.loads((folder / "pyproject.toml").read_text())
        for folder in (made[0].parent, example)
    )
    for each in (ours, theirs):
        for key in ("version", "description"):
            each["project"].pop(key)

    assert files_in(here / "noisy_sine") == {n for n in files_in(example) if "cache" not in n}
    assert ours == theirs


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Two Words", "did you mean 'two-words'?"),
        ("TwoWords", "did you mean 'two-words'?"),
        ("datagen-walk", "did you mean 'walk'?"),
        ("../walk", "did you mean 'walk'?"),
        ("9walks", "for example 'my-sim'"),
        ("größe", "for example 'my-sim'"),
        ("", "for example 'my-sim'"),
        ("a" * 51, "up to 50"),
        ("class", "a word of Python"),
        ("core", "a module 'datagen_core' is here already"),
        ("leaf-synthetic", "the generator 'leaf_synthetic' of datagen is here already"),
    ],
)
def test_a_name_that_cannot_be_is_one_line(run_cli, here, name, words):
    answer = run_cli("new", name)

    assert answer.code == 2
    assert words in answer.err
    assert answer.err.count("\n") == 1
    assert not list(here.iterdir())


def test_names_of_installed_plugins_are_refused(run_cli, here, monkeypatch):
    write_module(here / "site", "other_module", name="walk")
    write_distribution(here / "site", "datagen-stroll", "[datagen]\nwalk = other_module\n")
    monkeypatch.syspath_prepend(here / "site")

    assert "the generator 'walk' of datagen-stroll is here" in run_cli("new", "walk").err
    assert "a distribution 'datagen-stroll' is here" in run_cli("new", "stroll").err


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("nowhere")])
def test_nothing_is_overwritten(run_cli, here, make):
    make(here / "datagen-walk")
    answer = run_cli("new", "walk")

    assert answer.code == 1
    assert "datagen-walk is there already; name another folder" in answer.err
    assert [path.name for path in here.iterdir()] == ["datagen-walk"]


def test_a_folder_that_cannot_be_filled_is_not_left_behind(run_cli, here, monkeypatch):
    monkeypatch.setattr(new_plugin, "_FILES", {**new_plugin._FILES, "lost.txt": "lost.txt"})

    assert run_cli("new", "walk").code == 1
    assert not list(here.iterdir())


def in_shell(binaries, folder, line):
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run(
        ["bash", "-euc", line], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_its_tests_pass_at_once(here):
    make_environment = pytest.importorskip("page_environments").make_environment
    pytest.importorskip("hatchling")
    packages = ["datagen", "editables", "hatchling", "pip", "pytest"]
    binaries = make_environment(packages, here / "environments")
    in_shell(binaries, here, "datagen new two-words")
    plugin = here / "datagen-two-words"
    in_shell(binaries, plugin, "pip install --no-build-isolation --no-deps --no-index -e .")

    assert "13 passed" in in_shell(binaries, plugin, "pytest -q -p no:cacheprovider")
    in_shell(binaries, plugin, "datagen generate two_words -n 250 --executor local --njobs 2")
    checked = in_shell(binaries, plugin, "datagen generators two_words --check")
    assert checked.splitlines()[-1].split()[:2] == ["two_words", "datagen-two-words"]
    wheel = (
        "pip wheel -q --no-build-isolation --no-deps -w dist . && python -m zipfile -l dist/*.whl"
    )
    assert "datagen_two_words.py" in in_shell(binaries, plugin, wheel)


def test_a_folder_that_cannot_be_made_is_refused_with_what_to_do(run_cli, here):
    (here / "file").write_text("mine")
    answer = run_cli("new", "two-words", "file/deep/plugin")

    assert answer.code == 1
    assert answer.err.endswith(
        "file/deep/plugin cannot be made: Not a directory; name another folder behind the plugin's "
        "name\n"
    )
    assert files_in(here) == {"file"}
