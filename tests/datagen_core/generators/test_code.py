"""What of the user's code counts for the samples of a generator, and what does not."""

from __future__ import annotations

import functools
import importlib
import json
import os
import sys

import numpy as np
import pytest

import datagen_core
from datagen_core.generators.code import code_of, code_of_generator
from datagen_core.generators.fingerprint import Code
from datagen_core.generators.registry import load_generator
from datagen_core.store.codes import keep_code, read_code
from datagen_core.store.layout import SetPaths

FALL = '''
"""A fall."""
import functools
from typing import TYPE_CHECKING

import datagen_core
import space.planets
from physics import *
from physics import force, wrapped as wrapping
from space import moons

if TYPE_CHECKING:
    from nowhere import Nothing

SCALE = 1.0
TABLE = {}
for step in range(3):
    TABLE[step] = step
TABLE["last"] = 9
try:
    import missing_module
except ImportError:
    def missing(): return 1
if SCALE < 30:
    def conditional(): return 1
if SCALE > 2:
    LARGE = 1
else:
    LARGE = 0
COUNT = 0

def count():
    global COUNT
    COUNT += 5

class Params(datagen_core.Params):
    """Parameters."""
    height: float = 1.0
    @property
    def doubled(self): return 2 * self.height

class Base:
    unit = 4
    def area(self): return self.unit * AREA

AREA = 6
class Shape(Base):
    edges: int = 3

def helper(x, offset=1):
    """Help."""
    def inner(y):
        return y + 7  # seven
    return inner(x) + offset

def local_import():
    from space.planets import mass
    return mass()

def unrelated(): return 100

def preflight(params): return ["note"]

@wrapping
def decorated(x): return x

def shadows(SHADOW): return SHADOW

SHADOW = 5

@datagen_core.generator(10, Params, preflight=preflight)
def fall(size: int, params: Params, rng):
    count()
    for _ in range(size):
        value = force(helper(rng.normal())) * SCALE + TABLE[1] + missing() + LARGE + COUNT
        value += Shape().area() + local_import() + space.planets.radius + starred()
        value += moons.phobos() + decorated(3) + shadows(2) + params.height
        value, width = value + conditional(), 9
        yield {"f": f"{value:.3f}", "g": f"{{a}} {value!r:>{width}} b" "c" f"d"}

if __name__ == "__main__":
    SCALE = 3
'''

FILES = {
    "fall.py": FALL,
    "physics.py": """
G = 9.81
def force(x): return x * G
def starred(): return 12
def wrapped(f): return lambda x: f(x) + 13
def unused(): return 14
""",
    "space/__init__.py": "from . import moons\n",
    "space/planets.py": "from .constants import *\nradius = RADIUS\ndef mass(): return 21\n",
    "space/constants.py": "RADIUS = 22\nOTHER = 23\n",
    "space/moons.py": "def phobos(): return 24\n",
}
"""A generator with one of each kind of reference; each number stands in one place."""

COUNT = {
    "a helper": ("fall.py", "+ offset", "- offset"),
    "a constant": ("fall.py", "SCALE = 1.0", "SCALE = 2.0"),
    "a default": ("fall.py", "offset=1", "offset=2"),
    "a nested function": ("fall.py", "y + 7", "y + 8"),
    "an imported function": ("physics.py", "x * G", "x / G"),
    "a constant of an imported function": ("physics.py", "9.81", "1.62"),
    "a name of a star import": ("physics.py", "12", "13"),
    "a decorator": ("physics.py", "+ 13", "+ 14"),
    "a table that is filled in a loop": ("fall.py", "TABLE[step] = step", "TABLE[step] = 2"),
    "a table that is changed later": ("fall.py", "= 9", "= 10"),
    "a definition in a try": ("fall.py", "return 1", "return 2"),
    "a value under a condition": ("fall.py", "LARGE = 0", "LARGE = 2"),
    "a condition": ("fall.py", "SCALE > 2", "SCALE > 0"),
    "a condition of a definition": ("fall.py", "SCALE < 30", "SCALE < 40"),
    "a function that changes a global": ("fall.py", "COUNT += 5", "COUNT += 6"),
    "a base class": ("fall.py", "unit = 4", "unit = 5"),
    "a constant of a method": ("fall.py", "AREA = 6", "AREA = 7"),
    "a field of a class that is no Params": ("fall.py", "edges: int = 3", "edges: int = 4"),
    "a method of Params": ("fall.py", "2 * self", "3 * self"),
    "an import inside a function": ("space/planets.py", "return 21", "return 31"),
    "an attribute of a submodule": ("space/planets.py", "= RADIUS", "= 2 * RADIUS"),
    "a star import in a package": ("space/constants.py", "RADIUS = 22", "RADIUS = 32"),
    "a module that is imported from a package": ("space/moons.py", "24", "34"),
    "the function itself": ("fall.py", ":.3f", ":.4f"),
}
COUNTS_NOT = {
    "a comment": ("fall.py", "# seven", "# 7"),
    "a docstring": ("fall.py", '"""Help."""', '"""Helps."""'),
    "no docstring": ("fall.py", '    """Help."""\n', ""),
    "formatting": ("fall.py", "helper(x, offset=1)", "helper(\n    x,\n    offset = 1,\n)"),
    "an annotation": ("fall.py", "size: int", "size"),
    "another function": ("fall.py", "return 100", "return 101"),
    "another function of an imported module": ("physics.py", "return 14", "return 15"),
    "another constant of a star import": ("space/constants.py", "OTHER = 23", "OTHER = 24"),
    "the main guard": ("fall.py", "SCALE = 3", "SCALE = 4"),
    "the declaration of the generator": ("fall.py", "generator(10", "generator(20"),
    "the preflight": ("fall.py", '["note"]', '["other"]'),
    "a default of Params": ("fall.py", "height: float = 1.0", "height: float = 2.0"),
    "a new field of Params": ("fall.py", "height: float", "width: int = 2\n    height: float"),
    "a constant that an argument shadows": ("fall.py", "SHADOW = 5", "SHADOW = 6"),
}


@pytest.fixture
def fingerprint(tmp_path, monkeypatch):
    """Return the code of the generator in a folder of its own, with one text replaced."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    made = []

    def read(file="fall.py", old="", new="") -> Code:
        folder = tmp_path / str(len(made))
        made.append(folder)
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(old, new) if name == file and old else text)
        assert not old or old in FILES[file]
        for name in ("physics", "space", "space.planets", "space.moons", "space.constants"):
            sys.modules.pop(name, None)
        monkeypatch.syspath_prepend(str(folder))
        generator = load_generator(f"{folder / 'fall.py'}:fall").generator
        return code_of(generator.function, generator.params_type)

    return read


@pytest.mark.parametrize("change", COUNT.values(), ids=COUNT)
def test_what_samples_follow_from_counts(fingerprint, change):
    assert fingerprint().fingerprint != fingerprint(*change).fingerprint


@pytest.mark.parametrize("change", COUNTS_NOT.values(), ids=COUNTS_NOT)
def test_what_only_declares_or_describes_does_not_count(fingerprint, change):
    assert fingerprint() == fingerprint(*change)


def test_changes_name_what_changed(fingerprint):
    before = fingerprint()
    after = fingerprint("physics.py", "9.81", "1.62")

    assert after.changes_since(before) == ["physics.G (constant)"]
    assert before.changes_since(before) == []
    newer = Code(before.parts, {**before.packages, "numpy": "99"})
    old = before.packages.get("numpy", "(not used)")
    assert newer.changes_since(before) == [f"numpy {old} -> 99"]
    assert newer.fingerprint == before.fingerprint


def test_the_fingerprint_is_the_same_on_every_version_and_in_every_folder(fingerprint):
    assert fingerprint().fingerprint == GOLDEN


GOLDEN = "cd1b40598e8445e870c6ebf54d9995144c46d8a0694acb3aa3022e2a6cc22a32"


def write_module(folder, monkeypatch, name, text):
    (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    sys.modules.pop(name, None)
    return importlib.import_module(name)


def test_partial_functions_callable_objects_and_lambdas_have_code(tmp_path, monkeypatch):
    module = write_module(
        tmp_path,
        monkeypatch,
        "kinds",
        "A = 1\nB = 2\nclass Made:\n    def __call__(self, size): return A\n"
        "short = lambda size: B\ndef long(size, more): return A\n",
    )

    partial = functools.partial(module.long, more=1)
    assert list(code_of(partial).parts) == ["A", "long", "long(more)"]
    assert list(code_of(module.Made()).parts) == ["A", "__call__", "__call__.self"]
    assert list(code_of(module.short).parts) == ["<lambda>", "B"]


def test_a_function_of_a_factory_counts_with_the_factory(tmp_path, monkeypatch):
    text = "def make(a):\n    a = a + 1\n    def wave(size): return a\n    return wave\n"
    before, after = (
        write_module(tmp_path, monkeypatch, f"waves{place}", each).make(1)
        for place, each in enumerate([text, text.replace("+ 1", "+ 2")])
    )

    assert list(code_of(before).parts.values()) != list(code_of(after).parts.values())


def test_installed_packages_are_borders_and_count_by_version(tmp_path, monkeypatch):
    module = write_module(
        tmp_path,
        monkeypatch,
        "borders",
        "import json, numpy\nfrom _pytest.outcomes import Exit\n"
        "from datagen_core import Cache\n"
        "def f(size): return numpy.ones(size), Exit(), json.dumps(1), Cache()\n",
    )

    code = code_of(module.f)

    assert list(code.parts) == ["f"]
    assert code.packages.keys() == {"numpy", "pytest"}
    assert code.packages["numpy"] == np.__version__


def test_modules_that_import_each_other_end(tmp_path, monkeypatch):
    (tmp_path / "ring_b.py").write_text("import ring_a\ndef g(): return ring_a.f(1)\n")
    module = write_module(
        tmp_path, monkeypatch, "ring_a", "import ring_b\ndef f(size): return ring_b.g()\n"
    )

    assert list(code_of(module.f).parts) == ["f", "ring_b.g"]


def test_a_whole_module_counts_where_it_is_handed_on(tmp_path, monkeypatch):
    write_module(tmp_path, monkeypatch, "handed", "A = 1\ndef g(): return 2\n")
    module = write_module(
        tmp_path, monkeypatch, "giver", "import handed\ndef f(size): return vars(handed)\n"
    )

    assert list(code_of(module.f).parts) == ["f", "handed.A", "handed.g"]


def test_compiled_modules_count_by_their_content(tmp_path, monkeypatch):
    (tmp_path / "compiled.so").write_bytes(b"1")
    module = write_module(
        tmp_path,
        monkeypatch,
        "caller",
        "def f(size):\n    import compiled\n    return compiled.x\n",
    )
    before = code_of(module.f)
    (tmp_path / "compiled.so").write_bytes(b"2")

    assert code_of(module.f).changes_since(before) == ["compiled (module)"]


def test_functions_of_a_session_have_code():
    space = {}
    exec("def f(size): return 1\ndef g(size): return 2\n", space)

    assert code_of(space["f"]).fingerprint != code_of(space["g"]).fingerprint


def test_files_that_did_not_change_are_read_from_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    module = write_module(tmp_path, monkeypatch, "kept", "A = 1\ndef f(size): return A\n")
    for moment in (1, 2):
        os.utime(module.__file__, (moment, moment))
        code = code_of(module.f)

    assert len(list((tmp_path / "home/datagen/code").iterdir())) == 1
    assert code == code_of(module.f)
    (tmp_path / "kept.py").write_text("A = 2\ndef f(size): return A\n")
    assert code_of(module.f) == code
    importlib.reload(module)
    assert code_of(module.f).changes_since(code) == ["A (constant)"]


def test_a_cache_folder_that_cannot_be_written_or_read_changes_nothing(tmp_path, monkeypatch):
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    module = write_module(tmp_path, monkeypatch, "lone", "A = 1\ndef f(size): return A\n")
    os.utime(module.__file__, (1, 1))

    assert list(code_of(module.f).parts) == ["A", "f"]


def test_declared_environment_variables_count_like_code(tmp_path, monkeypatch):
    monkeypatch.delenv("SIM_DATA", raising=False)
    generator = datagen_core.generator(name="f", environment=["SIM_DATA"])(lambda size: size)
    codes = [code_of_generator(generator)]
    for value in ("a", "b"):
        monkeypatch.setenv("SIM_DATA", value)
        codes.append(code_of_generator(generator))

    assert len({code.fingerprint for code in codes}) == len({code.id for code in codes}) == 3
    assert codes[2].changes_since(codes[1]) == ["$SIM_DATA"]
    assert codes[1].environment == {"SIM_DATA": "a"}


def test_kept_code_has_its_environment(tmp_path):
    paths = SetPaths(tmp_path / "wave/set")
    codes = [Code({"f": "1"}, {}, {"SIM_DATA": None}), Code({"f": "1"}, {})]
    for code in codes:
        keep_code(paths, code)

    assert [read_code(paths, code.id) for code in codes] == codes
    formats = [json.loads(paths.code(code.id).read_bytes())["format"] for code in codes]
    assert formats == ["1.1", "1.0"]


def test_a_folder_without_init_in_a_package_that_is_imported_late_is_code(tmp_path):
    (tmp_path / "pkg2" / "ns").mkdir(parents=True)
    (tmp_path / "pkg2" / "__init__.py").touch()
    text = "def walk():\n    from pkg2.ns.m import x\n    yield x"
    (tmp_path / "late.py").write_text(f"import datagen_core\n@datagen_core.generator(1)\n{text}\n")
    found = set()
    for value in "12":
        (tmp_path / "pkg2" / "ns" / "m.py").write_text(f"x = {value}\n")
        found.add(code_of_generator(load_generator(f"{tmp_path / 'late.py'}:walk").generator).id)

    assert len(found) == 2
