"""The function that runs in a job is the function that was passed, or nothing runs."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

import datagen_core
from datagen_core.errors import ChangedCodeError
from datagen_core.generators.code import code_of_generator
from datagen_core.generators.registry import Loaded, load_generator, source_of
from datagen_core.scheduling import clean_process
from datagen_core.scheduling.clean_process import check_same, check_unedited, code_in_process

SOURCE = """
import functools, time
import numpy as np
import datagen_core
import {helpers}

START = time.time()
K = 7
LIMITS = {{"low": [0, 1]}}
TABLE = np.arange(3)
SEEN = {{}}
COUNT = 0

class Model:
    unit = 3
    def __init__(self): self.k, self.calls = 7, 0
    def apply(self, x):
        self.calls += 1
        return x * self.k * self.unit

MODEL = Model()

def helper(x, offset=1):
    global COUNT
    COUNT += 1
    SEEN[COUNT] = START
    return x + K + LIMITS["low"][0] + TABLE[0] + offset

helper.k = 0

def make(scale):
    @datagen_core.generator(5, name="wave")
    def wave(size, rng):
        value = MODEL.apply(helper(scale)) * {helpers}.force(1)
        return {{"x": np.full(size, float(value))}}
    return wave

wave = make(1)

def plain(size, rng):
    return {{"x": rng.random(size)}}
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a module with a generator `wave` that reaches one of each kind of value."""
    helpers = f"helpers_{tmp_path.name}"
    (tmp_path / f"{helpers}.py").write_text("G = 9.81\ndef force(x): return x * G\n")
    file = tmp_path / "waves.py"
    file.write_text(SOURCE.format(helpers=helpers))
    monkeypatch.setattr(sys, "path", [*sys.path])
    loaded = load_generator(f"{file}:wave")
    names = loaded.generator.function.__globals__
    return SimpleNamespace(
        loaded=loaded, wave=loaded.generator, names=names, helpers=sys.modules[helpers], file=file
    )


def do(module, change):
    """Change something in a loaded module, as a session would."""
    if isinstance(change, str):
        exec(change, {**module.names, "names": module.names, "helpers": module.helpers})
        return module.wave
    return change(module)


def stand_in(*_):
    return 3.0


def put(module, owner, name):
    """Replace a function, as a session would."""
    setattr(owner, name, stand_in)
    return module.wave


CHANGES = {
    "scale is 5 here, 1 there": lambda module: module.names["make"](5),
    "K is 100 here, 7 there": "names['K'] = 100",
    "LIMITS is {'low': [0, 1, 2]} here": "LIMITS['low'].append(2)",
    "TABLE is array([5, 1, 2]) here": "TABLE[0] = 5",
    "Model.unit is 5 here, 3 there": "Model.unit = 5",
    "MODEL ": "MODEL.k = 8",
    "G is 3 here, 9.81 there": "helpers.G = 3",
    "force is function": lambda module: put(module, module.helpers, "force"),
    "helper(offset) is 2 here, 1 there": "helper.__defaults__ = (2,)",
    "Model.apply": lambda module: put(module, module.names["Model"], "apply"),
    "batch_size is 7 here, 5 there": lambda module: replace(module.wave, batch_size=7),
    "version is '2' here, '1' there": lambda module: replace(module.wave, version="2"),
    "the code of COUNT, ": lambda module: replace(module.wave, function=module.names["plain"]),
}


@pytest.mark.parametrize("told", CHANGES)
def test_what_differs_from_a_clean_load_is_refused_by_name(module, monkeypatch, told):
    clean = clean_process._describe(module.wave)
    monkeypatch.setattr(clean_process, "_ask", lambda _: clean)
    passed = do(module, CHANGES[told])

    with pytest.raises(ChangedCodeError) as error:
        check_same(Loaded(passed, module.loaded.source))
    assert told in str(error.value)
    assert "executor inline" in str(error.value)
    assert "\n" not in str(error.value)


RECORDED = {
    "K": "K is 100 here, 7 there",
    "LIMITS": "LIMITS is {'low': [0, 1, 2]} here",
    "TABLE": "TABLE is array([5, 1, 2]) here",
    "Model.unit": "Model.unit is 5 here, 3 there",
    "MODEL": "MODEL ",
    ".G": "G is 3 here, 9.81 there",
    "stand_in": "force is function",
    "stand_in (function)": "Model.apply",
    "wave.scale": "scale is 5 here, 1 there",
}


@pytest.mark.parametrize("name", RECORDED)
def test_an_inline_run_records_what_was_changed(module, monkeypatch, name):
    clean = clean_process._describe(module.wave)
    monkeypatch.setattr(clean_process, "_ask", lambda _: clean)
    before = code_in_process(module.loaded)
    passed = do(module, CHANGES[RECORDED[name]])

    changes = code_in_process(Loaded(passed, module.loaded.source)).changes_since(before)
    assert any(name in each for each in changes)


def test_a_clean_process_is_asked_for_computed_data_once(module, monkeypatch):
    asked = []
    clean = clean_process._describe(module.wave)
    monkeypatch.setattr(clean_process, "_ask", lambda source: asked.append(source) or clean)
    codes = [code_in_process(module.loaded) for _ in range(3)]

    assert codes[0] == codes[1] == code_of_generator(module.wave)
    assert asked == [module.loaded.source]


def test_what_a_clean_process_has_not_imported_yet_is_no_change(module, monkeypatch):
    clean = clean_process._describe(module.wave)
    bare = {key: value for key, value in clean.values.items() if "." not in key}
    monkeypatch.setattr(clean_process, "_ask", lambda _: clean._replace(values=bare))

    check_same(module.loaded)
    assert code_in_process(module.loaded) == code_of_generator(module.wave)
    del bare["TABLE"]
    with pytest.raises(ChangedCodeError, match="TABLE is array"):
        check_same(module.loaded)


def test_data_that_no_other_process_finds_counts(module):
    code_of_generator(module.wave)  # while its file is as it was loaded
    module.file.write_text("raise ValueError\n")

    parts = code_in_process(module.loaded).parts
    assert len(parts["TABLE"].split()) == 2


def test_two_closures_have_two_codes(module):
    one, two, five = (code_of_generator(module.names["make"](scale)) for scale in (1, 1, 5))

    assert one == two
    assert five.changes_since(one) == ["wave.scale (value)"]


def test_the_statement_that_calls_a_factory_counts(module):
    before = code_of_generator(module.wave)
    time.sleep(0.01)
    module.file.write_text(module.file.read_text().replace("wave = make(1)", "wave = make(2)"))

    after = code_of_generator(load_generator(module.loaded.source).generator)
    assert after.changes_since(before) == ["wave (function)"]


def test_what_the_code_itself_changes_does_not_count(module):
    clean, code = clean_process._describe(module.wave), code_of_generator(module.wave)
    module.wave.function(5, None)

    assert (module.names["COUNT"], len(module.names["SEEN"])) == (1, 1)
    assert list(clean_process._compare(clean_process._describe(module.wave), clean)) == []
    assert code_of_generator(module.wave) == code


def test_a_clean_process_finds_the_same_and_passes_over_the_time_of_loading(module):
    module.names["made_later"] = 3  # a name that nothing reaches

    check_same(module.loaded)


def test_a_clean_process_finds_another_closure(module):
    with pytest.raises(ChangedCodeError, match=r"wave.scale is 5 here, 1 there"):
        check_same(Loaded(module.names["make"](5), module.loaded.source))


@pytest.mark.parametrize("change", ["MODEL.k = 8", "LIMITS['high'] = 3", "helper.k = 1"])
def test_a_clean_process_finds_what_changed_inside_of_objects_and_functions(module, change):
    do(module, change)

    with pytest.raises(ChangedCodeError, match=r"is not the same in a job") as error:
        check_same(module.loaded)
    assert " at 0x" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("import os\nos._exit(3)", "exit code 3"),
        ("print('hello')", "has no generator 'wave'"),
        ("raise ValueError('no')", "ValueError: no"),
    ],
)
def test_what_cannot_be_loaded_is_refused_with_the_reason(module, text, told):
    module.file.write_text(text)

    with pytest.raises(ChangedCodeError, match=told):
        clean_process._ask(module.loaded.source)


@pytest.mark.parametrize(
    ("old", "new", "edited"),
    [
        ("x + K", "x + 2 * K", "helper"),
        ("float(value)", "float(-value)", "wave"),
        ("K = 7", "# a comment\nK = 7", None),
        ("def plain", "def unused(): pass\ndef plain", None),
    ],
)
def test_a_file_that_was_edited_since_it_was_loaded_is_refused(module, old, new, edited):
    module.file.write_text(module.file.read_text().replace(old, new))

    if edited is None:
        check_unedited(module.wave)
        return
    with pytest.raises(ChangedCodeError, match=rf"{edited}: .*waves.py was edited"):
        check_unedited(module.wave)


def test_a_file_that_is_older_than_the_process_was_not_edited(module, monkeypatch):
    monkeypatch.setattr(clean_process, "describe_process", lambda: {"started": time.time() + 100})
    module.file.write_text(module.file.read_text().replace("x + K", "x - K"))

    check_unedited(module.wave)


def test_generate_refuses_before_anything_is_written(module, tmp_path):
    with pytest.raises(ChangedCodeError):
        datagen_core.generate(module.names["make"](5), 5, cache=tmp_path / "c", executor="local")

    assert not (tmp_path / "c").exists()
    made = datagen_core.generate(
        module.names["make"](5), 5, cache=tmp_path / "c", executor="inline"
    )
    assert len(made["raw"]) == 5


def test_two_generators_of_one_name_in_a_file_are_refused(module):
    module.file.write_text(module.file.read_text() + "\nwave2 = make(2)\n")

    with pytest.raises(datagen_core.GeneratorError, match="several generators named 'wave'"):
        load_generator(module.loaded.source)


def test_the_source_of_a_generator_is_the_file_that_binds_it(module, tmp_path):
    users = tmp_path / "users.py"
    users.write_text("from waves import make\nmine = make(3)\n")
    os.utime(users)

    made = load_generator(f"{users}:wave").generator
    assert source_of(made) == f"{users}:wave"
    assert "users" not in "".join(code_of_generator(made).parts)
