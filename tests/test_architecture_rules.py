"""Every rule of tests/architecture.py finds what it is there to find, and passes what is right."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path, PurePosixPath

import pytest

import architecture as rules
from architecture import Source

ROOT = Path(__file__).parents[1]


def sources(**texts: str) -> list[Source]:
    """Return files of a package `shop`."""
    return [source(f"shop/{name}.py", text) for name, text in texts.items()]


def source(path: str, text: str = "") -> Source:
    return Source(PurePosixPath(path), text)


def function(lines: int, name: str = "f") -> str:
    return f"def {name}():\n" + "    x = 1\n" * lines


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("x = 1", 0),
        ("for x in y:\n if x:\n  pass", 2),
        ("if a:\n pass\nelif b:\n pass\nelif c:\n for d in e:\n  pass", 2),
        ("def f():\n while a:\n  with b:\n   pass", 0),
    ],
)
def test_nesting_is_counted(text, depth):
    assert rules.nesting(ast.parse(text)) == depth


def test_body_is_counted_without_docstring():
    (function,) = ast.parse('def f():\n    """One.\n\n    Two."""\n    x = 1\n    return x').body

    assert rules.body_lines(function) == 2


def test_files_are_read_with_their_paths(tmp_path):
    (tmp_path / "plugins" / "shop").mkdir(parents=True)
    (tmp_path / "plugins" / "shop" / "till.py").write_text("x = 1\n")

    (found,) = rules.read_sources(tmp_path, ["plugins"])

    assert (str(found.path), found.module, found.lines) == ("plugins/shop/till.py", "shop.till", 1)


@pytest.mark.parametrize(
    ("text", "offences"),
    [
        ("def f(param_set: Any): ...", ["param_set is Any, not ParamSet"]),
        ("def f(*, splits: Sequence[Any] | None): ...", ["splits is Any, not Split"]),
        ("class A:\n views: tuple[Any, ...] = ()", ["views is Any, not View"]),
        ("def samples_of(x) -> Any: ...", ["samples_of is Any, not Samples"]),
        ("def f(param_set: ParamSet, params: dict[str, Any], sample: Any) -> Any: ...", []),
        ("def setting(datasets: Mapping[str, Any], x: Callable[[Any], Any]): ...", []),
    ],
)
def test_any_in_place_of_a_named_type_is_found(text, offences):
    found = [line.split(": ", 1)[1] for line in rules.nameless_types(sources(till=text))]

    assert found == offences


@pytest.mark.parametrize(("lines", "offences"), [(400, 0), (401, 1)])
def test_long_file_is_found(lines, offences):
    assert len(list(rules.long_files(sources(till="x = 1\n" * lines)))) == offences


@pytest.mark.parametrize(
    ("text", "offences"),
    [
        (function(40), []),
        (function(41), ["shop/till.py:1: f has 41 lines, more than 40"]),
        ("async " + function(41), ["shop/till.py:1: f has 41 lines, more than 40"]),
        ("def f():\n if a:\n  if b:\n   if c:\n    pass", []),
        (
            "class C:\n def f():\n  if a:\n   if b:\n    if c:\n     with d:\n      pass",
            ["shop/till.py:2: f is nested 4 deep, more than 3"],
        ),
    ],
)
def test_big_function_is_found(text, offences):
    assert list(rules.big_functions(sources(till=text))) == offences


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([6] * 10, []),
        ([6] * 9 + [40], []),
        ([7] * 10, ["the median body has 7"]),
        ([2] * 7 + [21] * 3, ["one body in ten has 21"]),
    ],
)
def test_typical_bodies_are_measured(sizes, words):
    files = [*sources(till="".join(map(function, sizes))), source("till.py", function(99))]

    offences = list(rules.long_bodies(files, "shop", typical=6, long=20))

    assert len(offences) == len(words)
    assert all(word in line for word, line in zip(words, offences, strict=True))


@pytest.mark.parametrize(
    ("path", "offences"),
    [
        ("shop/till.py", 0),
        ("shop/utils.py", 1),
        ("shop/common/till.py", 1),
        ("shop/base.py", 1),
        ("shop/executors/base.py", 0),
    ],
)
def test_name_that_says_nothing_is_found(path, offences):
    assert len(list(rules.empty_names([source(path)]))) == offences


def test_class_of_tests_is_found():
    files = [source("tests/test_till.py", "class Till: ...\nclass TestTill: ...")]

    assert list(rules.classes_of_tests(files)) == [
        "tests/test_till.py:2: tests are functions, not class TestTill"
    ]


@pytest.mark.parametrize(
    "back",
    [
        "from shop.till import x",
        "from shop import till",
        "import shop.till",
        "def f():\n    from shop.till import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.till import x",
    ],
)
def test_cycle_is_found_wherever_the_import_stands(back):
    files = sources(till="from shop.stock import y", stock=back)

    (cycle,) = rules.cycles(files)

    assert cycle in {
        "shop.till -> shop.stock -> shop.till: a cycle of imports",
        "shop.stock -> shop.till -> shop.stock: a cycle of imports",
    }


def test_cycle_through_a_package_is_found():
    texts = {
        "till": "from shop.goods import a",
        "goods/__init__": "from shop.goods.shelf import a",
        "goods/shelf": "import shop.till",
    }

    assert len(list(rules.cycles(sources(**texts)))) == 1


def test_every_cycle_is_found():
    files = sources(
        a="import shop.b",
        b="import shop.a",
        c="import shop.d",
        d="import shop.e",
        e="import shop.c",
    )

    assert len(list(rules.cycles(files))) == 2


def test_imports_in_one_direction_are_no_cycle():
    files = sources(a="import shop.b, shop.c, json", b="import shop.c", c="from os import path")

    assert not list(rules.cycles(files))


@pytest.mark.parametrize(
    "texts",
    [
        {"till": "import shop.coin", "coin": ""},
        {"till": "def f():\n    from shop.coin import x", "coin": ""},
        {
            "till": "from shop.money import x",
            "money/__init__": "from shop.coin import x\n__all__ = ['x']",
            "coin": "",
        },
        {
            "till": "from shop.money import x",
            "money/__init__": "from shop.coin import x as x",
            "coin": "",
        },
        {"money/__init__": "from shop.coin import x\ny = x + 1\n__all__ = ['y']", "coin": ""},
    ],
)
def test_small_file_with_one_user_is_found(texts):
    (offence,) = rules.small_files(sources(**texts), excepted=())

    assert offence.startswith("shop/coin.py: 0 lines that only shop.")


@pytest.mark.parametrize(
    "texts",
    [
        {"till": "import shop.coin", "coin": "x = 1\n" * 60},
        {"till": "import shop.coin", "safe": "import shop.coin", "coin": ""},
        {
            "till": "from shop.money import x",
            "safe": "from shop.money import x",
            "money/__init__": "from shop.coin import x\n__all__ = ['x']",
            "coin": "",
        },
        {"till": "import shop.errors", "errors": ""},
        {"till": "import shop.money", "money/__init__": ""},
    ],
)
def test_small_file_may_have_a_reason(texts):
    assert not list(rules.small_files(sources(**texts), excepted=()))


def test_small_file_may_be_excepted_as_long_as_it_needs_to_be():
    files = sources(till="import shop.coin", coin="", safe="x = 1\n" * 60)

    assert list(rules.small_files(files, {"shop.coin", "shop.safe"})) == [
        "shop.safe: excepted, but not a small file with one user"
    ]


def test_rooms_are_these():
    files = sources(**{"__init__": "", "till": "", "cellar/wine": "", "hall/door/key": ""})

    assert list(rules.rooms(files, "shop", {"hall", "attic"})) == [
        "shop/cellar: a folder that the design does not have",
        "shop/attic: a folder that is missing",
    ]


def test_loose_file_is_found():
    files = [
        *sources(**{"__init__": "", "errors": "", "till": "", "hall/till": ""}),
        source("till.py"),
    ]

    assert list(rules.loose_files(files, "shop", {"__init__", "errors"})) == [
        "shop/till.py: a loose file, which belongs in a folder of shop"
    ]


@pytest.mark.parametrize(
    ("text", "offences"),
    [
        ("executor.name == 'slurm'", 1),
        ("if 'local' != run.executor.name: pass", 1),
        ("x = name in {'slurm', 'local'}", 2),
        ("match name:\n case 'slurm' | 'cloud': pass", 1),
        ("executor.name == other.name", 0),
        ("run(executor='local')", 0),
    ],
)
def test_comparison_with_an_executors_name_is_found(text, offences):
    found = list(rules.named_executors(sources(till=text), ["slurm", "local"]))

    assert len(found) == offences


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("hatch", "build", "targets", "wheel", "packages"), "the wheel's packages"),
        (("mypy", "packages"), "mypy's packages"),
        (("importlinter", "root_packages"), "import-linter's root_packages"),
        (("ruff", "lint", "isort", "known-first-party"), "isort's known-first-party"),
        (("importlinter", "contracts"), "no contract"),
    ],
)
def test_plugin_that_a_list_lacks_is_found(keys, words):
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    table = pyproject["tool"]
    for key in keys[:-1]:
        table = table[key]
    table[keys[-1]] = [item for item in table[keys[-1]] if "datagen_leaf" not in str(item)]

    offences = list(rules.unlisted_plugins(pyproject, ["datagen_leaf", "datagen_pate"], ()))

    about_leaf = [line for line in offences if line.startswith("datagen_leaf: ")]
    assert about_leaf
    assert all(words in line for line in about_leaf)
