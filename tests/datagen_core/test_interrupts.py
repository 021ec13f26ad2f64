"""Ctrl-C in real processes, at moments which a process tells of by what it prints."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from datagen_core import interrupts

LINE = "datagen: interrupted; what is published is kept\n"

LOADING = """
import os, signal, sys
from datagen_core.interrupts import guard
guard()
signal.raise_signal(signal.SIGINT)
print("still here")
"""

ENDING = """
import os, signal, sys
from datagen_core import interrupts
interrupts.guard()
interrupts.heed()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    {what}
    print("still here", file=sys.stderr)
"""

FINALIZER = """
import signal
from datagen_core import interrupts
class Late:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
interrupts.guard()
interrupts.heed()
late = Late()
del late
"""

WRAPPED = """
import signal
from datagen_core import interrupts
interrupts.guard()
interrupts.heed()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    raise ImportError("numpy.core.multiarray failed to import")
"""

IMPORTING = """
import signal, sys
passed = -1
def press(event, arguments):
    global passed
    passed += event == "import" and (passed >= 0 or arguments[0] == "datagen_core.interrupts")
    if event == "import" and passed == {moment}:
        signal.raise_signal(signal.SIGINT)
sys.addaudithook(press)
sys.argv = ["datagen", "generators"]
from datagen_core.__main__ import main
main()
"""

IN_HANDLER = ENDING.format(what="signal.raise_signal(signal.SIGINT)")
TOLD = ENDING.format(what="interrupts.tell(); signal.raise_signal(signal.SIGINT)")


def run(program, **options):
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("program", [LOADING, IN_HANDLER, TOLD, FINALIZER, WRAPPED])
def test_one_line_and_exit_code_130(program):
    done = run(program)

    assert (done.returncode, done.stdout, done.stderr) == (130, "", LINE)


@pytest.mark.parametrize("moment", [*range(8), 20, 40, 80, 120])
def test_no_import_of_the_program_ends_in_a_traceback(moment):
    done = run(IMPORTING.format(moment=moment))

    said = done.stderr.removeprefix("\n")  # click ends the line in which a terminal shows ^C
    assert (done.returncode, said) in {(130, LINE), (-signal.SIGINT, "")}


def test_importing_the_library_leaves_ctrl_c_as_it_is():
    program = "import signal, datagen_core, datagen_core.cli\nsignal.raise_signal(signal.SIGINT)"

    assert run(program).stderr.endswith("KeyboardInterrupt\n")


def test_a_process_that_ignores_it_goes_on():
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    assert run(LOADING, preexec_fn=ignore).stdout == "still here\n"


def test_other_errors_are_shown():
    done = run("from datagen_core.interrupts import guard\nguard()\n1 / 0")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_what_follows_from_an_interrupt_is_one():
    error = OSError()
    error.__context__ = KeyboardInterrupt()

    assert interrupts.is_interrupt(error)
    assert not interrupts.is_interrupt(OSError())
