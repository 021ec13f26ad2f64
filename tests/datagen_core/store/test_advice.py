"""Command lines in messages select the set that is meant, and give all of its parameters."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from datagen_core import Cache, InsufficientSamplesError, SelectionError
from datagen_core.executors.slurm.executor import SlurmExecutor
from datagen_core.generators.registry import _execute
from datagen_core.store.advice import command_for, command_for_all, command_to_make
from datagen_core.store.shards import damaged

SOURCE = """
import datagen_core

class Inner(datagen_core.Params):
    width: int = 3

class PendParams(datagen_core.Params):
    steps: int = DEFAULT
    label: str = "none"
    note: str | None = None
    sizes: tuple[float, ...] = (1.5,)
    table: dict[str, int] = {}
    inner: Inner = Inner()
    file: datagen_core.InputFile | None = None

@datagen_core.generator(10, PendParams, version=VERSION)
def pend(size, rng):
    for _ in range(size):
        yield {"t": rng.normal(size=3)}
"""

PARAMS = [
    {},
    {"label": "5", "note": "null"},
    {"label": "a,b=c 'd' \"e\" $HOME", "note": "true"},
    {"label": "", "note": "-1"},
    {"label": '"quoted"', "note": "Ωmega\n"},
    {"label": "sha256:1", "sizes": [1e-7, 1e300, -0.0]},
    {"sizes": [], "table": {"a b": 1}, "inner": {"width": 9}},
    {"file": "pend.py"},
]


@pytest.fixture
def write(cache, tmp_path, monkeypatch):
    """Write the generator's file, and forget the one before; jobs run on this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SlurmExecutor, "available", lambda self: "it is not asked here")

    def write(default=20, version=1):
        text = SOURCE.replace("DEFAULT", str(default)).replace("VERSION", str(version))
        Path("pend.py").write_text(text)
        _execute.cache_clear()

    write()
    return write


@pytest.fixture
def make(run_cli):
    return lambda *words: run_cli("generate", "./pend.py:pend", "-n", 10, *words)


@pytest.fixture
def run(run_cli):
    """Run a command line of a message, which may be several ones, and return the last answer."""

    def run(command):
        for part in command.split(" && "):
            answer = run_cli(*shlex.split(part)[1:])
            assert answer.code == 0, answer.err
        return answer

    return run


def pends():
    return [len(one.existing) for one in Cache()["pend"].values()]


def advice(read, error=InsufficientSamplesError):
    with pytest.raises(error) as caught:
        read()
    _, command, after = str(caught.value).partition(": datagen ")
    return f"{command}{after}"[2:]


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_the_command_makes_samples_of_the_very_set(write, make, run, params):
    make("--params", json.dumps(params), "--seed", 3)
    make()
    write(default=30)
    run(advice(lambda: Cache()["pend"][0]["raw"].get(15)))

    assert pends() == [15, 10]


def test_a_set_that_lacks_a_later_parameter_goes_on(write, make, run):
    make()
    text = Path("pend.py").read_text()
    Path("pend.py").write_text(text.replace("    label", "    damping: float = 0.0\n    label"))
    _execute.cache_clear()
    run(advice(lambda: Cache()["pend"][0]["raw"].get(15)))

    assert pends() == [15]
    assert Cache()["pend"][0].params["damping"] == 0.0


def test_a_set_of_another_version_is_refused(write, make, run_cli):
    make()
    write(version=2)
    command = advice(lambda: Cache()["pend"][0]["raw"].get(15))
    answer = run_cli(*shlex.split(command)[1:])

    assert (answer.code, pends()) == (2, [10])
    words = "pend has version 2 now, which cannot go on with parameter sets of version 1; "
    assert answer.err.startswith(f"datagen: error: {words}")


def test_a_split_and_a_preprocessor_are_those_of_the_set(write, make, run):
    make("-p", "label=a"), make("-p", "label=b")
    one = Cache()["pend"]["label=b"]
    one.move(3, "train")
    run(advice(lambda: one["train"].get(12)))

    assert (one.counts, pends()) == ({"raw": 0, "train": 12}, [10, 12])
    words = shlex.split(advice(lambda: one["train"]["doubled"], SelectionError))
    assert words[-4:-2] == ["-p", one.record.digest[:8]]
    assert words[-2:] == ["--cache", str(one.paths.root.parent.parent)]


def test_a_damaged_file_names_the_command_for_its_set(write, make):
    make()
    one = Cache()["pend"][0].paths
    message = str(damaged(one.shards / "000000000000-000000000010.h5", "why"))

    assert message.endswith(f"move it away and make it again: {command_for(one, 'repair')}")


def test_samples_can_be_asked_for_with_other_parameters(write, make, run):
    make("-p", "label=a")
    run(Cache()["pend"][0].command_to_make(5, steps=7))

    assert pends() == [10, 5]
    assert Cache()["pend"]["steps=7"].params["label"] == "a"


def test_commands_for_several_sets_name_what_they_have_in_common(write, make):
    make("-p", "label=a"), make("-p", "label=b")
    cache, sets = Cache(), [one.paths for one in Cache()["pend"].values()]
    other = sets[0]._replace(root=cache.path / "sine" / "default-00000000")

    assert command_for_all(sets[:1] * 2, "resume") == command_for(sets[0], "resume")
    assert command_for_all(sets, "resume") == f"datagen resume pend --cache {cache.path}"
    assert command_for_all([*sets, other], "resume") == f"datagen resume --cache {cache.path}"


def test_a_set_whose_run_has_no_source_is_named_by_its_generator(write, make):
    make()
    one = Cache()["pend"][0]

    assert command_to_make(one.paths, one.record, "", 5).startswith("datagen generate pend -n 5 ")
