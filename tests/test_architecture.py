"""The size and shape of the code, the lists that name plugins, and what starting the command loads.

Who may import whom is checked by import-linter, complexity and docstrings by ruff; both are
configured in pyproject.toml. tests/architecture.py has the rules, and tests of its own.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import architecture as rules
from datagen_core.executors.choice import BUILT_IN

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/__init__.py"))
PACKAGES = ["datagen_core", *(f"plugins/{name}" for name in PLUGINS)]
SOURCES = rules.read_sources(
    ROOT, ["datagen_core", "plugins", "tests", "example_datasets", "benchmarks", "docs"]
)
OURS = [source for package in PACKAGES for source in rules.within(SOURCES, package)]

ROOMS = {
    "cards", "cli", "executors", "generators", "pages", "reading", "scheduling", "store",
    "testing", "upkeep",
}  # fmt: skip
# Beside the rooms stand what all of them use, and the names that others know: __main__ is
# `python -m`, commands is for plugins, jobs that wait in a queue name worker and execution.
LOOSE = {
    "__init__", "__main__", "batches", "checks", "commands", "edges", "errors", "execution",
    "files", "interrupts", "ranges", "streams", "temporary", "worker",
}  # fmt: skip
LIBRARIES = {
    "datagen_images",
    "datagen_pictures",
}  # folders of plugins/ that other plugins build on
# Small files with one user that stay files of their own, beside __init__ and errors. Commands,
# generators and __main__ have no user: a table, an entry point or `python -m` names them.
KEPT_SMALL = {
    # One scheme is one file.
    "datagen_partitions.schemes.continuous",
    "datagen_partitions.schemes.iid",
    "datagen_partitions.schemes.labels",
    "datagen_partitions.schemes.pathological",
    "datagen_partitions.schemes.quantity_skew",
}


def entry_points() -> Iterator[tuple[str, str]]:
    """Yield (group, module) of every entry point of the distribution."""
    for group, points in PYPROJECT["project"]["entry-points"].items():
        yield from ((group, value.split(":")[0]) for value in points.values())


GENERATORS = [module for group, module in entry_points() if group == "datagen"]


def offences_against_budgets() -> Iterator[str]:
    yield from rules.long_files(SOURCES)
    yield from rules.big_functions(SOURCES)
    for package in PACKAGES:
        yield from rules.long_bodies(SOURCES, package, typical=6, long=20)
    yield from rules.long_bodies(SOURCES, "tests", typical=10, long=25)


def offences_against_layout() -> Iterator[str]:
    yield from rules.empty_names(SOURCES)
    yield from rules.classes_of_tests(rules.within(SOURCES, "tests"))
    yield from rules.rooms(SOURCES, "datagen_core", ROOMS)
    yield from rules.loose_files(SOURCES, "datagen_core", LOOSE)
    for plugin in PLUGINS:
        generators = {module.split(".")[-1] for module in GENERATORS if module.startswith(plugin)}
        loose = {"__init__", "errors", *generators}
        yield from rules.loose_files(SOURCES, f"plugins/{plugin}", loose)


def offences_against_imports() -> Iterator[str]:
    yield from rules.cycles(OURS)
    yield from rules.small_files(OURS, KEPT_SMALL)


def test_code_keeps_its_budgets():
    offences = [
        *offences_against_budgets(),
        *offences_against_layout(),
        *offences_against_imports(),
    ]

    assert not offences, "\n".join(["", *offences])


def test_executors_are_asked_and_not_named():
    outside = [source for source in OURS if "executors" not in source.path.parts[:-1]]

    assert not list(rules.named_executors(outside, BUILT_IN))


def test_homes_that_there_are_not_end_in_no_traceback():
    """Of `Path.expanduser`, RuntimeError reaches the user; `files.expand_home` leaves the path."""
    assert [str(source.path) for source in OURS if ".expanduser()" in source.text] == []


def test_any_stands_for_no_type_that_has_a_name():
    assert not list(rules.nameless_types(OURS))


def test_plugins_are_shipped_checked_and_held_apart():
    offences = rules.unlisted_plugins(PYPROJECT, PLUGINS, LIBRARIES)

    assert not list(offences)


def test_every_plugin_provides_a_generator():
    providing = {module.split(".")[0] for module in GENERATORS}

    assert providing | LIBRARIES == set(PLUGINS)


def test_entry_points_name_modules():
    modules = {module for _, module in entry_points()}

    assert not [module for module in modules if importlib.util.find_spec(module) is None]


def test_packages_tell_type_checkers_that_they_are_typed():
    assert not [package for package in PACKAGES if not (ROOT / package / "py.typed").exists()]


START = """
import json, sys
from datagen_core.cli import main
try:
    main()
except SystemExit as end:
    status = end.code or 0
else:
    status = 0
print(json.dumps([status, *sorted(sys.modules)]))
"""


def loaded_by(*arguments: str) -> set[str]:
    """Run `datagen` in a fresh interpreter; return the top-level names of what it imported."""
    command = [sys.executable, "-c", START, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    status, *modules = json.loads(done.stdout.splitlines()[-1])
    assert status == 0, done.stdout + done.stderr
    return {name.split(".")[0] for name in modules}


PLUGIN_MODULES = {*PLUGINS, "noisy_sine", "datasets"}
NEVER_AT_START = PLUGIN_MODULES | {"torch", "torchvision", "submitit"}
HEAVY = NEVER_AT_START | {"h5py", "numpy", "pydantic", "psutil"}
SLOW = {"concurrent", "decimal", "logging", "socket"}
"""Of the standard library: together a fifth of the time of `list`, which needs none of them."""


@pytest.fixture(scope="module")
def filled_cache(tmp_path_factory):
    cache = str(tmp_path_factory.mktemp("start"))
    command = [sys.executable, "-c", START, "generate", "noisy_sine", "-n", "20", "--cache", cache]
    options = ["--executor", "inline", "--generators", str(ROOT / "example_datasets")]
    subprocess.run([*command, *options], capture_output=True, check=True, timeout=60)
    return cache


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], *([name, "--help"] for name in ("generate", "list", "move"))],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(arguments):
    assert not HEAVY & loaded_by(*arguments)


def test_list_loads_nothing_heavy(filled_cache):
    assert not (HEAVY | SLOW) & loaded_by("list", "--cache", filled_cache)


def test_move_loads_no_plugin(filled_cache):
    moved = loaded_by("move", "noisy_sine", "2", "train", "-y", "--cache", filled_cache)

    assert not NEVER_AT_START & moved


def test_naming_generators_loads_none():
    assert not NEVER_AT_START & loaded_by("generators")


LOAD_WITHOUT_TORCH = """
import sys
from importlib import import_module
sys.modules["torch"] = None
for name in sys.argv[1:]:
    import_module(name)
"""


def test_generators_and_commands_load_without_torch():
    """Their help, and a message that says what to install, must not need it."""
    modules = {module for group, module in entry_points() if group in {"datagen", "datagen.tables"}}
    commands = {path.relative_to(ROOT / "plugins") for path in ROOT.glob("plugins/*/cli/*.py")}
    modules |= {".".join(path.with_suffix("").parts) for path in commands}

    command = [sys.executable, "-c", LOAD_WITHOUT_TORCH, *sorted(modules)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
