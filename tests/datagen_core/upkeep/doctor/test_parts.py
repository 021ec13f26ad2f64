"""Parts of the checks run in processes, which may hang, crash or print anything."""

from __future__ import annotations

import errno
import json
import os
import sys
import time

import pytest

from datagen_core.executors.base import Finding
from datagen_core.upkeep import doctor
from datagen_core.upkeep.doctor import examine, parts
from distributions import write_distribution
from hostile_filesystems import silent
from patience import patience

FOUND = Finding("disk", "ok", "there")


@pytest.fixture
def odd_process(monkeypatch, tmp_path):
    """Return `write(code)`, which makes that the process of all parts."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(doctor, "_MODULE", "odd_parts")
    told = f"import os, sys, time\nprint('[\"disk\"]\\n{json.dumps(FOUND)}', flush=True)\n"

    def write(code):
        (tmp_path / "odd_parts.py").write_text(told + code)

    return write


def test_parts_are_told_in_order():
    found = [*examine({"machine": {}, "cache": {"path": "/nowhere/cache"}}, patience(30))]

    names = [finding.check for finding in found]
    assert names[:3] == ["python", "machine", "limits"]
    assert "cache" in names[4:]


def test_a_file_system_that_is_silent_costs_a_line():
    with silent() as folder:
        assert not doctor.answers(folder / "cache", 0.2)
        found = [*examine({"cache": {"path": str(folder / "cache")}}, 3)]

    assert found == [Finding("cache", "error", "no answer after 3 s")]


def test_a_path_that_does_not_answer_is_given_up(monkeypatch, tmp_path):
    (tmp_path / "python").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "python").chmod(0o755)
    assert doctor.answers(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    assert not doctor.answers(tmp_path, 0.1)


def test_what_was_found_before_a_check_hangs_is_told(odd_process):
    odd_process("print('[\"mount\"]', flush=True); time.sleep(60)")
    begun = time.monotonic()

    found = [*examine({"cache": {}}, 2)]
    assert found == [FOUND, Finding("mount", "error", "no answer after 2 s")]
    assert time.monotonic() - begun < patience(20)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('[\"boom\"]', flush=True); os.abort()", "SIGABRT"),
        ("print('[\"boom\"]', flush=True); sys.exit('no way')", "no way"),
        ("print('[\"boom\"]\\n[\"boo', end='', flush=True); os._exit(3)", "3"),
    ],
)
def test_a_process_that_ends_early_is_one_line(odd_process, code, words):
    odd_process(code)

    first, last = examine({"cache": {}}, patience(30))
    assert (first, last.check, last.state) == (FOUND, "boom", "error")
    assert words in last.message


def test_a_check_that_fails_keeps_no_other_from_being_made(monkeypatch):
    def fail():
        raise ZeroDivisionError("never thought of")

    checks = [("one", fail), ("two", lambda: [FOUND])]
    monkeypatch.setitem(parts.PARTS, "odd", lambda _: iter(checks))
    told = []
    parts.run("odd", {}, told.append)

    assert ["one", "error", "the check itself fails: ZeroDivisionError: never thought of"] in told
    assert [*FOUND] in told


def test_what_fails_between_two_checks_is_no_fault_of_the_first(monkeypatch):
    def checks():
        yield "one", lambda: [FOUND]
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), "/cache/probe")

    monkeypatch.setitem(parts.PARTS, "odd", lambda _: checks())
    told = []
    parts.run("odd", {}, told.append)

    assert [line for line in told if len(line) > 1] == [
        [*FOUND], ["odd", "error", "Disk quota exceeded: /cache/probe"]
    ]  # fmt: skip


def executors(asked):
    terms = {"asked": asked, "resources": {"setup": []}}
    told = []
    parts.run("executors", terms, told.append)
    return {line[0]: line[1:] for line in told if len(line) > 1}


def test_an_executor_says_what_it_likes(monkeypatch, tmp_path):
    write_distribution(tmp_path, "herd", "[datagen.executors]\nherd = herd_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("herd_plugin.Herd.examine", lambda *_: [Finding("herd", "ok", "3 dogs")])

    assert executors("herd")["herd"] == ["ok", "3 dogs"]
    monkeypatch.setattr("herd_plugin.Herd.examine", lambda *_: 1 / 0)
    assert "herd fails in <lambda>: ZeroDivisionError" in executors("herd")["herd"][1]


def test_the_executor_that_is_asked_for_is_said():
    assert executors("local")["executor"] == ["ok", "local runs jobs"]


def test_an_executor_that_there_is_not_is_an_error():
    assert executors("nonsense")["executor"][0] == "error"


def test_without_slurm_this_machine_is_used(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    found = executors(None)

    assert found["executor"] == ["ok", "local runs jobs"]
    assert found["slurm"][0] == "absent"
    assert executors("slurm")["executor"][0] == "error"


def test_a_controller_that_does_not_answer_is_a_warning(monkeypatch, tmp_path):
    for name in ("sbatch", "srun", "squeue", "scancel", "scontrol"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    state, message = executors(None)["executor"]
    assert state == "warning"
    assert "does not answer" in message
