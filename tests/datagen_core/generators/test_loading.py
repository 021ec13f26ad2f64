"""What modules do when they are loaded, and the classes of parameters, count as code."""

from __future__ import annotations

import sys

import pytest

from datagen_core.generators.code import code_of, code_of_generator
from datagen_core.generators.fingerprint import Code
from datagen_core.generators.registry import load_generator

GENERATOR = """
import datagen_core
{text}
@datagen_core.generator(1)
def g(size, rng):
    yield {{"x": used.root(size)}}
"""
USED = """
import functools, math
ROOT = math.sqrt(4)
TABLE = []
def configure(root):
    global ROOT
    ROOT = root
def root(x): return x * ROOT + sum(TABLE) + kind(x)
@functools.singledispatch
def kind(x): return 0
"""
EFFECTS = {
    "a call": "import used\nused.configure(31)",
    "a call of an imported function": "import used\nfrom used import configure\nconfigure(31)",
    "a call of a function of its own": (
        "import used\ndef patch(): used.ROOT = 31\nif True: patch()"
    ),
    "setattr": "import used\nsetattr(used, 'ROOT', 31)",
    "an attribute of a module": "import used\nused.ROOT = 31",
    "a part of an attribute": "import used\nused.TABLE[:0] = [31]",
    "a registered function": "import used\n@used.kind.register(int)\ndef _(x): return 31",
}


@pytest.fixture
def code_with(tmp_path, monkeypatch):
    """Return the code of a generator beside a module `used`, with other text in two files."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def read(text, side="") -> Code:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        files = {"g": GENERATOR.format(text=text), "used": USED, "side": side}
        for name, content in files.items():
            (folder / f"{name}.py").write_text(content)
            sys.modules.pop(name, None)
        monkeypatch.syspath_prepend(str(folder))
        return code_of_generator(load_generator(f"{folder / 'g.py'}:g").generator)

    return read


@pytest.mark.parametrize("text", EFFECTS.values(), ids=EFFECTS)
def test_what_a_file_changes_in_other_modules_counts(code_with, text):
    changes = code_with(text.replace("31", "32")).changes_since(code_with(text))
    assert any("<module>" in each or "patch" in each for each in changes)


@pytest.mark.parametrize("text", EFFECTS.values(), ids=EFFECTS)
def test_what_another_module_changes_when_it_is_imported_counts(code_with, text):
    before = code_with("import used, side", text)
    assert code_with("import used, side", text.replace("31", "32")) != before
    # It may be used for something else, too.
    before = code_with("import used, side\nprint(side)", text)
    assert code_with("import used, side\nprint(side)", text.replace("31", "32")) != before


def test_functions_of_a_module_that_is_imported_for_others_do_not_count(code_with):
    side = "X = 1\ndef unrelated(): return {}\nprint({})"
    before = code_with("import used\nfrom side import X", side.format(1, 1))
    assert code_with("import used\nfrom side import X", side.format(2, 2)) == before


PARAMS = """
import datagen_core, enum
from typing import ClassVar
DEFAULT = 1.0
class Kind(enum.Enum):
    A = "a"
    def value_of(self): return 31
class Inner(datagen_core.Params):
    k: int = 41
    def doubled(self): return 32 * self.k
class P(datagen_core.Params):
    inner: Inner
    kinds: list[Kind] = []
    a: float = DEFAULT
    unit: ClassVar[float] = 33
    _hidden: float = 34
@datagen_core.generator(1, P)
def g(size, params, rng): yield {"x": params.inner.doubled()}
"""


@pytest.mark.parametrize(
    ("old", "counts"), [("31", 1), ("32", 1), ("33", 1), ("34", 1), ("41", 0), ("1.0", 0)]
)
def test_classes_of_parameters_count_without_what_they_declare(tmp_path, old, counts):
    found = []
    for place, text in enumerate((PARAMS, PARAMS.replace(old, "99"))):
        file = tmp_path / f"{place}.py"
        file.write_text(text)
        found.append(code_of_generator(load_generator(f"{file}:g").generator))
    assert (found[0].fingerprint != found[1].fingerprint) == bool(counts)


def test_a_long_row_of_branches_has_code(tmp_path):
    file = tmp_path / "g.py"
    rows = "".join(f"    elif x == {x}: return {x}\n" for x in range(500))
    file.write_text(f"def h(x):\n    if not x: return 0\n{rows}")
    code = compile(file.read_text(), str(file), "exec")
    names = {"__name__": "rows"}
    exec(code, names)
    assert list(code_of(names["h"]).parts) == ["h"]
