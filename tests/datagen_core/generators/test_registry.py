"""Generators come from plugins, folders and files; a broken one harms no other."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import generators_for_tests
from datagen_core import generate
from datagen_core.errors import GeneratorError
from datagen_core.generators.registry import (
    folder_generators,
    installed_generators,
    load_generator,
    load_recorded,
    source_of,
)
from distributions import install_menagerie, write_distribution, write_module

FILE = Path(generators_for_tests.__file__).resolve()
WALK = "import datagen_core\n@datagen_core.generator()\ndef {name}(size):\n    yield 1.0, {y}\n"


@pytest.fixture
def menagerie(tmp_path, monkeypatch):
    site = install_menagerie(tmp_path / "site")
    monkeypatch.syspath_prepend(site)
    for module in site.glob("*.py"):  # another test may have imported it from elsewhere
        monkeypatch.delitem(sys.modules, module.stem, raising=False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "generators.py").write_text(WALK.format(name="walk", y=2))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_plugin_is_loaded_by_its_name(menagerie):
    generator, source = load_generator("good")

    assert (generator.name, source) == ("good", "good")
    assert source_of(generator) == "good"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "needy",
            "'needy' of datagen-zoo 1 does not load: ModuleNotFoundError.*no_such_module",
        ),
        ("needy", "install no_such_module_anywhere, and name it among the plugin's dependencies"),
        ("absent", "'absent' of datagen-zoo 1 does not load: ModuleNotFoundError.*name its module"),
        ("torn", "'torn' of datagen-zoo 1 does not load: SyntaxError.*mend or uninstall it"),
        ("misspelt", "'misspelt' of datagen-zoo 1: unknown hook 'datagen_generatr'; write "),
        ("raising", "'raising' of datagen-zoo 1 does not load: ZeroDivisionError"),
        ("renamed", "'renamed' of datagen-zoo 1 provides a generator named 'another'; give both"),
        ("wrong", "'wrong' of datagen-zoo 1: its hook returns 42 of type int; let datagen_gen"),
        ("empty", "'empty' of datagen-zoo 1: its hook returns None; let datagen_generator return"),
        ("hookless", "'hookless' of datagen-zoo 1 has no hook; write `@datagen_core.hookimpl`"),
        ("unmarked", "'unmarked' of datagen-zoo 1 has no hook; write `@datagen_core.hookimpl`"),
        ("twice", "'twice' is provided by datagen-twin and datagen-zoo; uninstall one"),
        ("goood", "there is no generator 'goood'; did you mean 'good'?"),
        ("zzz", "there is no generator 'zzz'; `datagen generators` lists"),
    ],
)
def test_a_broken_plugin_is_one_line(menagerie, name, words):
    with pytest.raises(GeneratorError, match=words) as caught:
        load_generator(name)

    assert "\n" not in str(caught.value)


def test_naming_plugins_imports_none(menagerie):
    names = installed_generators()

    assert {"good", "needy", "torn", "twice", "image_partition"} <= set(names)
    assert names["good"] == "datagen-zoo (good_plugin)"
    assert "good_plugin" not in sys.modules


def test_broken_plugins_stop_nobody(menagerie, tmp_path):
    made = generate("good", 3, executor="inline", cache=tmp_path / "cache")

    assert made["raw"].get(3)["value"].tolist() == [0, 1, 2]


def test_a_plugin_of_two_modules_is_known_by_its_package(tmp_path, monkeypatch):
    package = tmp_path / "site" / "deep_plugin"
    package.mkdir(parents=True)
    (package / "recipes.py").write_text(WALK.format(name="deep", y=1))
    hook = "import datagen_core\nfrom deep_plugin.recipes import deep\n"
    (package / "__init__.py").write_text(
        f"{hook}@datagen_core.hookimpl\ndef datagen_generator():\n    return deep\n"
    )
    write_distribution(tmp_path / "site", "datagen-deep", "[datagen]\ndeep = deep_plugin\n")
    monkeypatch.syspath_prepend(tmp_path / "site")

    assert source_of(load_generator("deep").generator) == "deep"


def test_a_folder_with_generators_py_provides_its_generators(folder):
    assert folder_generators(folder) == {"walk": str(folder / "generators.py")}
    assert load_generator("walk", folder).source == f"{folder / 'generators.py'}:walk"


def test_a_file_of_the_old_name_is_found_with_one_line_of_advice(folder, capsys):
    (folder / "generators.py").rename(folder / "datasets.py")
    for _ in range(2):
        assert load_generator("walk", folder).source == f"{folder / 'datasets.py'}:walk"
        assert folder_generators() == {"walk": str(folder / "datasets.py")}

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith(f"datagen: rename {folder / 'datasets.py'} to generators.py: ")


def test_a_file_of_the_old_name_counts_for_nothing_beside_the_new_one(folder, capsys):
    (folder / "datasets.py").write_text("raise SystemExit('executed')")

    assert load_generator("walk", folder).source == f"{folder / 'generators.py'}:walk"
    assert capsys.readouterr().err == ""


def test_no_advice_where_a_file_is_named_or_provides_nothing(folder, capsys):
    (folder / "generators.py").rename(folder / "datasets.py")
    (folder / "else").mkdir()
    (folder / "else" / "datasets.py").write_text("x = 1\n")

    assert load_generator("./datasets.py:walk").generator.name == "walk"
    assert folder_generators(folder / "else") == {}
    assert capsys.readouterr().err == ""


def test_what_a_run_recorded_is_found_after_its_file_was_renamed(folder):
    recorded = f"{folder / 'datasets.py'}:walk"

    assert load_generator(recorded).source == f"{folder / 'generators.py'}:walk"


def test_the_current_folder_is_looked_at_last(folder):
    assert load_generator("walk").generator.name == "walk"
    assert folder_generators() == {"walk": str(folder / "generators.py")}


def test_a_folder_comes_before_plugins_only_when_it_is_named(folder, menagerie):
    (folder / "generators.py").write_text(WALK.format(name="good", y=3))

    assert load_generator("good").source == "good"
    assert load_generator("good", folder).source.endswith("generators.py:good")


def test_an_installed_generator_executes_no_file_of_the_current_folder(folder, menagerie):
    (folder / "generators.py").write_text("raise SystemExit('executed')")

    assert load_generator("good").source == "good"


def test_a_file_is_named_with_its_generator(folder, monkeypatch):
    (folder / "deep").mkdir()
    (folder / "deep" / "file.py").write_text(WALK.format(name="walk", y=2))

    assert load_generator("deep/file.py:walk").source == f"{folder}/deep/file.py:walk"


def test_what_a_file_imports_lies_beside_it(tmp_path):
    (tmp_path / "beside_this.py").write_text("VALUE = 7\n")
    (tmp_path / "file.py").write_text("import beside_this\n" + WALK.format(name="walk", y=2))

    assert load_generator(f"{tmp_path}/file.py:walk").generator.name == "walk"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("file.py:run", WALK.format(name="walk", y=2), "has no generator 'run'; it has walk"),
        (
            "file.py:run",
            "run = 1",
            "it has none; decorate a function with @datagen_core.generator()",
        ),
        ("file.py:walk", "1 / 0", "does not load: ZeroDivisionError: division by zero"),
        ("file.py:walk", "raise SystemExit(0)", "does not load: SystemExit: 0"),
        ("file.py:walk", "def (:", "does not load: SyntaxError"),
        (
            "file.py:walk",
            "import datagen_core as d\n@d.generator(0)\ndef walk(): ...",
            "at least one",
        ),
        ("other.py:walk", "", "there is no file"),
        ("file.txt:walk", "", "there is no file|is not a Python file"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, monkeypatch, name, text, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.py").write_text(text)

    with pytest.raises(GeneratorError, match=words) as caught:
        load_generator(name)
    assert "\n" not in str(caught.value)


def test_a_folder_without_generators_py_is_refused(tmp_path):
    with pytest.raises(GeneratorError, match=r"there is no generators\.py in"):
        load_generator("walk", tmp_path)


def test_a_name_in_a_folder_is_guessed(folder):
    with pytest.raises(GeneratorError, match="did you mean 'walk'"):
        load_generator("wlak", folder)


def test_a_generator_of_a_file_is_known_by_its_file():
    assert source_of(generators_for_tests.sine) == f"{FILE}:sine"


def test_a_generator_typed_into_a_session_has_no_source():
    made = {}
    exec(WALK.format(name="walk", y=2), made)

    assert source_of(made["walk"]) == ""


def test_a_script_that_generates_while_it_is_loaded_is_refused(tmp_path):
    script = WALK.format(name="walk", y=2) + textwrap.dedent("""
        datagen_core.generate(walk, 3, executor="local", cache="cache")
    """)
    (tmp_path / "script.py").write_text(script)

    with pytest.raises(GeneratorError, match="put the call under `if __name__"):
        load_generator(f"{tmp_path}/script.py:walk")
    assert not (tmp_path / "cache").exists()


def test_a_script_with_a_main_guard_generates_in_processes(tmp_path):
    script = WALK.format(name="walk", y=2).replace(
        "    yield 1.0, 2", "    return [1.0] * size, [2.0] * size"
    )
    script += textwrap.dedent("""
        if __name__ == "__main__":
            made = datagen_core.generate(walk, 3, executor="local", njobs=2, cache="cache")
            print(made.counts)
    """)
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("{'raw': 3}\n", "")


def test_a_folder_that_a_file_made_importable_has_no_plugins(tmp_path, monkeypatch, menagerie):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "walk.py").write_text(WALK.format(name="walk", y=2))
    write_module(tmp_path, "evil_plugin", name="evil")
    write_distribution(tmp_path, "evil", "[datagen]\nevil = evil_plugin\ngood = evil_plugin\n")
    load_generator(f"{tmp_path / 'walk.py'}:walk")

    with pytest.raises(GeneratorError, match="there is no generator 'evil'"):
        load_recorded("evil")
    assert load_recorded("good").generator.function.__module__ == "good_plugin"
