"""The last resort of a deadline, and what nobody can be asked."""

import subprocess
import sys

from patience import patience

BUSY = """
import time
from datagen_federations.roles import deadlines
from datagen_federations.roles.requests import ClientRequest

deadlines._GRACE = 0.0
request = ClientRequest("a", "data", None, "ca", deadline={deadline})
with deadlines.end_in_time(request, print):
    time.sleep({busy})
time.sleep(0.5)
print("over")
"""
ASKED = """
from datagen_federations.roles.declearn_import import set_up_process

set_up_process()
input("Do you agree?")
"""


def run(program):
    return subprocess.run(
        [sys.executable, "-uc", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=patience(60),
    )


def test_a_process_that_is_busy_ends_at_its_deadline():
    ended = run(BUSY.format(deadline=0.3, busy=30))

    assert (ended.returncode, ended.stdout) == (1, "not over after 0.3 s: it was busy\n")


def test_a_process_that_is_done_in_time_goes_on():
    ended = run(BUSY.format(deadline=0.3, busy=0))

    assert (ended.returncode, ended.stdout) == (0, "over\n")


def test_nobody_is_asked():
    ended = run(ASKED)

    assert "nobody is there to answer: Do you agree?" in ended.stderr
