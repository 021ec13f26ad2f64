"""`datagen logs`."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from datagen_core import Cache
from datagen_core.cli import logs
from datagen_core.scheduling.logs import LogFile
from datagen_core.store.runs import list_plans
from generators_for_tests import broken


def log_of(param_set, run=0, plan=0, task=0):
    path = list_plans(param_set.paths.run(run))[plan].log(task)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def failed(cache, run_cli):
    run_cli("generate", f"{broken.function.__code__.co_filename}:broken", "-n", 20,
            "--executor", "inline")  # fmt: skip
    return Cache(cache)["broken"][0]


def test_a_log_stands_behind_its_path(run_cli, made):
    first, second = log_of(made, 0), log_of(made, 1)
    first.write_text("one\ntwo")
    second.write_text("three\n")

    expected = f"==> {first} <==\none\ntwo\n\n==> {second} <==\nthree\n"
    assert run_cli("logs", "sine").out == expected
    assert run_cli("logs", "sine", "--run", 1).out == f"==> {second} <==\nthree\n"


def test_a_log_cannot_change_the_terminal(run_cli, made):
    log_of(made).write_bytes(b"\x1b[31mred\n 10%\r 20%\r\n\xff\xc2\x9b\xe2\x80\xae\n")
    answer = run_cli("logs", "sine")

    assert answer.out.splitlines()[1:] == ["\\x1b[31mred", " 10%", " 20%", "\\xff\\x9b\\u202e"]


def test_what_nobody_reads_any_more_is_no_fault_of_the_log(run_cli, made, monkeypatch):
    def say(_):
        raise BrokenPipeError

    log_of(made).write_text("one\n")
    monkeypatch.setattr(logs, "say", say)
    answer = run_cli("logs", "sine")

    assert (answer.code, answer.err) == (141, "")


def test_empty_logs_are_left_out(run_cli, made):
    log_of(made).touch()
    answer = run_cli("logs", "sine")

    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "datagen: 2 tasks printed nothing\n"
    assert run_cli("logs", "sine", "--failed").err == "datagen: no task failed\n"


def test_failed_tasks_are_told_with_the_reason(run_cli, failed, made):
    answer = run_cli("logs", "broken", "--failed", "-n", 1)
    rows = run_cli("logs", "broken", "--failed", "--json").json

    assert answer.out.startswith("broken 0 run 0: RuntimeError: ")
    assert f"==> {rows[0]['path']} <==\n… the last 1 line\nRuntimeError" in answer.out
    assert {row["reason"] for row in rows} == {rows[0]["reason"]}
    assert rows[0]["lines"][-1] == rows[0]["reason"]
    assert rows[0]["bytes"] == Path(rows[0]["path"]).stat().st_size


def test_tasks_that_others_made_up_for_have_failed(run_cli, made, monkeypatch):
    plan = list_plans(made.paths.run(0))[0]
    journal = plan.run.journal(0, 0)
    text = journal.read_text().replace('"reason": "done"', '"reason": "died: killed by signal 9"')
    journal.write_text(text)
    answer = run_cli("logs", "sine", "--failed")

    assert answer.out.splitlines()[0] == "sine 0 run 0: died: killed by signal 9"
    assert answer.out.splitlines()[1:] == [f"==> {plan.log(0)} <=="]


def test_what_is_chosen_must_be_there(run_cli, made):
    assert "there is no run 7 of sine" in run_cli("logs", "sine", "--run", 7).err
    assert run_cli("logs", "cosine").code == 2
    assert run_cli("logs", "sine", "-f", "--json").code == 2


@pytest.mark.parametrize(
    "content", [b"", b"a", b"a\nb\n", b"x\n" * 200_000, b"y" * 300_000 + b"\nz"]
)
@pytest.mark.parametrize("lines", [0, 1, 2, 1000])
def test_the_last_lines_are_read(tmp_path, content, lines):
    path = tmp_path / "log"
    path.write_bytes(content)
    file = LogFile(path, lines)
    found = list(file.read(to_end=True))
    whole = content.decode().splitlines()

    assert found[len(found) - min(lines, 1) :] == whole[len(whole) - min(lines, 1) :]
    assert len("".join(found)) <= lines * 64 * 1024 + 1 or not lines
    assert file.is_cut == (sum(map(len, found)) < sum(map(len, whole)))


def test_what_is_no_file_is_no_log(run_cli, made):
    os.mkfifo(log_of(made))
    answer = run_cli("logs", "sine")

    assert (answer.code, answer.out) == (0, "")
    assert "something else is in its place" in answer.err


@pytest.mark.parametrize(
    "name", ["plain-1,x=2", "a b", "it's", "l\nb", "\x1b[0m", "\udcff", "a\\\tb"]
)
def test_a_path_is_pasted_into_a_shell(name):
    word = logs.shell_word(Path("/tmp", name))
    done = subprocess.run(["bash", "-c", f"printf %s {word}"], check=True, capture_output=True)

    assert word.isprintable()
    assert done.stdout == os.fsencode(f"/tmp/{name}")
    assert shlex.split("/tmp/plain-1,x=2") == [logs.shell_word(Path("/tmp/plain-1,x=2"))]


@pytest.fixture
def follow(failed, run_cli, monkeypatch):
    """Return a call of `logs -f`, during which steps are taken, a look at the run after each."""

    def follow(*steps, **options):
        left, find = [lambda: None, *steps], logs._find

        def step(*args, **chosen):
            left.pop(0)() if left else None
            return find(*args, **chosen)

        monkeypatch.setattr(logs, "_find", step)
        monkeypatch.setattr(logs, "_LOOK_SECONDS", 0)
        return run_cli("logs", "broken", "-f", "-n", 1)

    return follow


def test_what_is_added_to_a_log_is_followed(failed, follow):
    for plan in range(3):
        path = log_of(failed, plan=plan)
        path.write_text("one\ntwo\nthr" * (plan == 2))

    def add(text):
        return lambda: path.write_text(path.read_text() + text)

    answer = follow(add("ee\nfo"), add("ur"), lambda: path.write_text("anew"))
    assert answer.out == f"==> {path} <==\n… the last 1 line\nthree\nanew\n"


def test_a_run_that_is_complete_is_not_followed(run_cli, made, monkeypatch):
    log_of(made).write_text("one\ntwo")
    monkeypatch.setattr(logs.time, "sleep", None)

    assert run_cli("logs", "sine", "-f").out.endswith("\none\ntwo\n")


def test_following_ends_with_ctrl_c(failed, follow):
    def press():
        raise KeyboardInterrupt

    assert follow(press).code == 130
