"""A temporary name says whose it is: of a process that lives, or of one that is gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datagen_core import temporary
from datagen_core.temporary import remove_abandoned, temporary_name

WRITE = """
import sys
from pathlib import Path
from datagen_core.temporary import temporary_name
name = temporary_name("a")
Path(sys.argv[1], name).touch()
print(name, flush=True)
sys.stdin.read()
"""


def clean(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return remove_abandoned(descriptor)
    finally:
        os.close(descriptor)


def make_old(path: Path) -> None:
    """Let a file, or a folder with all that is in it, be unchanged for two days."""
    for each in [*path.rglob("*"), path]:
        os.utime(each, (time.time() - 2 * 24 * 3600,) * 2, follow_symlinks=False)


@pytest.fixture
def writer(tmp_path):
    """Return a process that has a temporary file in the folder."""
    command = [sys.executable, "-c", WRITE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_names_are_never_the_same():
    assert len({temporary_name("a") for _ in range(100)}) == 100


def test_a_name_is_not_much_longer():
    assert len(temporary_name("")) <= 45


def test_what_a_process_writes_stays_while_it_lives(tmp_path, writer):
    make_old(tmp_path)

    assert clean(tmp_path) == 0
    writer.kill()
    writer.wait()
    assert clean(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_a_zombie_wrote_is_litter(tmp_path, writer):
    writer.kill()
    os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)

    assert clean(tmp_path) == 1


def test_a_later_process_of_the_same_number_is_another(tmp_path):
    name, place, pid, start, rest = temporary_name("a").split("~")
    earlier = "~".join([name, place, pid, f"{int(start, 16) - 1:x}", rest])
    (tmp_path / earlier).touch()

    assert clean(tmp_path) == 1


def test_what_is_of_another_place_stays_for_a_day(tmp_path, writer, monkeypatch):
    writer.kill()
    writer.wait()
    monkeypatch.setattr(temporary, "_identity", lambda _: ("f" * 8, 0))

    assert clean(tmp_path) == 0
    make_old(tmp_path)
    assert clean(tmp_path) == 1


def test_another_namespace_of_the_same_host_keeps_its_files(tmp_path):
    (tmp_path / temporary_name("a")).touch()
    code = f"import test_temporary as t; print(t.clean(t.Path({str(tmp_path)!r})))"
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    if "unshare failed" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip("this user can make no namespaces")

    assert (done.stdout, done.stderr) == ("0\n", "")
    assert len(list(tmp_path.iterdir())) == 1


STRANGE = [
    "a~host~x~0.tmp",
    "a~host~1~0.tmp",
    f"a~{socket.gethostname()}~{2**22 + 1}~0.tmp",
    f"a~host~{10**30}~0.tmp",
    "~~~.tmp",
    ".tmp",
    f"a~{'0' * 8}~1~1~{'0' * 12}.tmp",
]


@pytest.mark.parametrize("name", STRANGE)
def test_names_that_do_not_tell_count_by_age(tmp_path, name):
    (tmp_path / name).touch()

    assert clean(tmp_path) == 0
    make_old(tmp_path)
    assert clean(tmp_path) == 1


def make_folder(path):
    (path / "inner").mkdir(parents=True)
    (path / "inner" / "file").touch()


@pytest.mark.parametrize("make", [os.mkfifo, make_folder, lambda path: path.symlink_to("/")])
def test_whatever_has_a_temporary_name_is_removed(tmp_path, make):
    make(tmp_path / "a.tmp")

    assert clean(tmp_path) == 0
    make_old(tmp_path)
    assert clean(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_as_old_as_what_was_written_in_it_last(tmp_path):
    make_folder(tmp_path / "a.tmp")
    make_old(tmp_path)
    os.utime(tmp_path / "a.tmp" / "inner" / "file")

    assert clean(tmp_path) == 0


def test_the_clock_is_that_of_the_file_server(tmp_path, monkeypatch):
    (tmp_path / "a.tmp").touch()
    monkeypatch.setattr("time.time", lambda: 1e12)

    assert clean(tmp_path) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.tmp"]
