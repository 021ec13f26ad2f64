"""A process is recognised by host, pid and start time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from datagen_core.executors import processes
from datagen_core.executors.processes import (
    death_in_log,
    describe_exit,
    describe_process,
    end_processes,
    find_process,
    is_here,
    is_stopped,
)

SLEEP = "import signal, time; print('up', flush=True); time.sleep(60)"
POLITE = "import signal; signal.signal(signal.SIGTERM, lambda *_: print('bye') or exit());" + SLEEP
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEP


@pytest.fixture
def start():
    children = []

    def begin(program=SLEEP):
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        children.append(child)
        child.stdout.readline()
        return child

    yield begin
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


def test_this_process_is_found():
    assert find_process(describe_process()).pid == os.getpid()
    assert is_here(describe_process())


def test_a_pid_that_was_used_again_is_somebody_else():
    identity = describe_process()

    assert find_process({**identity, "started": identity["started"] - 100}) is None


def test_another_host_is_not_here():
    assert not is_here({**describe_process(), "host": "elsewhere"})


def test_a_dead_process_is_gone_before_and_after_it_is_reaped(start):
    child = start()
    identity = describe_process(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert find_process(identity) is None

    child.wait()
    assert find_process(identity) is None


def test_a_stopped_process_is_alive_and_stopped(start):
    child = start()
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)

    assert is_stopped(find_process(describe_process(child.pid)))


def test_processes_are_ended_politely(start):
    child = start(POLITE)
    end_processes([find_process(describe_process(child.pid))], patience=30)

    assert child.stdout.read() == b"bye\n"


def test_stopped_processes_are_ended_too(start):
    child = start(POLITE)
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    end_processes([find_process(describe_process(child.pid))], patience=30)

    assert child.stdout.read() == b"bye\n"


def test_deaf_processes_are_killed(start):
    child = start(DEAF)
    end_processes([find_process(describe_process(child.pid))], patience=0.1)

    assert child.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-signal.SIGSEGV, "died: SIGSEGV"),
        (-signal.SIGKILL, "died: SIGKILL, perhaps out of memory"),
        (-99, "died: signal 99"),
        (-signal.SIGTERM, "ended by SIGTERM"),
        (0, "died: exit code 0"),
        (3, "died: exit code 3"),
    ],
)
def test_the_end_of_a_process_has_words(code, words):
    assert describe_exit(code) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Fatal Python error: Segmentation fault", "died: SIGSEGV"),
        ("Fatal Python error: Aborted", "died: SIGABRT"),
        ("Fatal Python error: init failed", "died: Fatal Python error: init failed"),
        ("all is well", ""),
    ],
)
def test_a_log_tells_of_a_death_that_nobody_saw(tmp_path, line, words):
    log = tmp_path / "log"
    log.write_text(f"begins\n{line}\n\nCurrent thread 0x1 (most recent call first):\n")

    assert death_in_log(log) == words
    assert death_in_log(tmp_path / "none") == ""


def test_the_memory_of_a_process_is_its_own():
    assert 10**7 < processes.peak_memory() < 10**11
