"""The size and shape of the code, the lists that name plugins, and what starting the command loads.

Who may import whom is checked by import-linter, complexity and docstrings by ruff; both are
configured in pyproject.toml.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
CORE = ROOT / "datagen_core"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/__init__.py"))
FOLDERS = [CORE, *PLUGINS, *(ROOT / name for name in ("tests", "example_datasets", "benchmarks"))]
FILES = sorted(path for folder in FOLDERS for path in folder.rglob("*.py"))

LIBRARIES = {"datagen_images"}  # folders of plugins/ that other plugins build on
NAMES_THAT_SAY_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
BLOCKS = (ast.For, ast.If, ast.Match, ast.Try, ast.TryStar, ast.While, ast.With)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(), relative(path))):
        if isinstance(node, Function):
            yield node


def body_lines(function: Function) -> int:
    """Return the lines of a body without its docstring."""
    body = function.body if ast.get_docstring(function) is None else function.body[1:]
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def nesting(node: ast.AST) -> int:
    """Return how deep blocks are nested; `elif` and functions inside do not count as deeper."""
    return max((depth for depth in map(_depth, ast.iter_child_nodes(node))), default=0)


def _depth(child: ast.AST) -> int:
    if isinstance(child, Function):
        return 0
    if isinstance(child, ast.If) and len(child.orelse) == 1 and isinstance(child.orelse[0], ast.If):
        inside = max([0, *map(_depth, child.body)])
        return max(1 + inside, _depth(child.orelse[0]))
    return nesting(child) + isinstance(child, BLOCKS)


@pytest.mark.parametrize(
    ("source", "depth"),
    [
        ("x = 1", 0),
        ("for x in y:\n if x:\n  pass", 2),
        ("if a:\n pass\nelif b:\n pass\nelif c:\n for d in e:\n  pass", 2),
        ("def f():\n while a:\n  with b:\n   pass", 0),
    ],
)
def test_nesting_is_counted(source, depth):
    assert nesting(ast.parse(source)) == depth


def test_body_is_counted_without_docstring():
    (function,) = ast.parse('def f():\n    """One.\n\n    Two."""\n    x = 1\n    return x').body

    assert body_lines(function) == 2


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_file_is_short(path):
    lines = len(path.read_text().splitlines())

    assert lines <= 300


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_functions_are_short_and_flat(path):
    too_big = {
        function.name: (body_lines(function), nesting(function))
        for function in functions(path)
        if body_lines(function) > 40 or nesting(function) > 3
    }

    assert not too_big, "more than 40 lines, or nested deeper than 3"


@pytest.mark.parametrize(
    ("folder", "typical", "long"),
    [*((package, 6, 20) for package in (CORE, *PLUGINS)), (ROOT / "tests", 10, 25)],
    ids=lambda value: value.name if isinstance(value, Path) else None,
)
def test_most_functions_are_very_short(folder, typical, long):
    sizes = [body_lines(function) for path in folder.rglob("*.py") for function in functions(path)]

    assert median(sizes) <= typical
    assert quantiles(sizes, n=10, method="inclusive")[-1] <= long


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_module_has_a_name_that_says_something(path):
    parts = path.relative_to(ROOT).with_suffix("").parts

    assert parts[-2:] == ("executors", "base") or not NAMES_THAT_SAY_NOTHING & set(parts)


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/**/test_*.py")), ids=relative)
def test_tests_are_functions(path):
    classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]

    assert not [node.name for node in classes if node.name.startswith("Test")]


def entry_points() -> Iterator[tuple[str, str]]:
    """Yield (group, value) of every entry point of the distribution."""
    for group, points in PYPROJECT["project"]["entry-points"].items():
        yield from ((group, value) for value in points.values())


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_plugin_is_shipped_and_checked(plugin):
    tool = PYPROJECT["tool"]

    assert f"plugins/{plugin.name}" in PACKAGES
    assert plugin.name in tool["mypy"]["packages"]
    assert plugin.name in tool["importlinter"]["root_packages"]
    assert plugin.name in tool["ruff"]["lint"]["isort"]["known-first-party"]


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_plugin_is_held_apart_by_contracts(plugin):
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    forbidden = [set(contract.get("forbidden_modules", ())) for contract in contracts]
    layers = [" ".join(contract.get("layers", ())).split() for contract in contracts]

    assert any({plugin.name, "torch"} <= names for names in forbidden)
    assert any({plugin.name, *LIBRARIES} <= set(names) for names in layers)


@pytest.mark.parametrize(
    "plugin", [plugin for plugin in PLUGINS if plugin.name not in LIBRARIES], ids=lambda p: p.name
)
def test_plugin_provides_a_generator(plugin):
    modules = [value for group, value in entry_points() if group == "datagen"]

    assert any(module.split(".")[0] == plugin.name for module in modules)


@pytest.mark.parametrize("module", sorted({value.split(":")[0] for _, value in entry_points()}))
def test_entry_point_names_a_module(module):
    assert importlib.util.find_spec(module) is not None


@pytest.mark.parametrize("package", PACKAGES)
def test_package_tells_type_checkers_that_it_is_typed(package):
    assert (ROOT / package / "py.typed").exists()


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


PLUGIN_MODULES = {plugin.name for plugin in PLUGINS} | {"noisy_sine", "datasets"}
NEVER_AT_START = PLUGIN_MODULES | {"torch", "torchvision", "submitit"}
HEAVY = NEVER_AT_START | {"h5py", "numpy", "pydantic", "psutil"}


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
    assert not HEAVY & loaded_by("list", "--cache", filled_cache)


def test_move_loads_no_plugin(filled_cache):
    moved = loaded_by("move", "noisy_sine", "2", "train", "-y", "--cache", filled_cache)

    assert not NEVER_AT_START & moved


def test_naming_generators_loads_none():
    assert not NEVER_AT_START & loaded_by("generators")
