"""What doctor says of a cache's folder and of its file system."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datagen_core.executors.base import Finding
from datagen_core.upkeep.doctor import cache as checks
from datagen_core.upkeep.doctor.cache import checks_of_cache
from hostile_filesystems import flock_environment, mounted, remount


def look(path):
    """Return what all checks find, by name."""
    found = [finding for _, check in checks_of_cache(Path(path)) for finding in check()]
    return {finding.check: finding for finding in found}


def states(path):
    return {name: finding.state for name, finding in look(path).items()}


def test_a_cache_that_is_not_there_can_be_made(tmp_path):
    found = look(tmp_path / "a" / "cache")

    assert found["cache"].message.endswith(f"does not exist yet, and can be made in {tmp_path}")
    assert {finding.state for finding in found.values()} <= {"ok", "warning"}
    assert found.keys() >= {"file system", "space", "publishing", "hard links", "flock", "clock"}
    assert not [*tmp_path.iterdir()]


def test_nothing_is_left_in_a_cache(tmp_path):
    (tmp_path / "sine").mkdir()
    found = look(tmp_path)

    assert found["cache"] == Finding("cache", "ok", f"{tmp_path}: 1 data set")
    assert [each.name for each in tmp_path.iterdir()] == ["sine"]


def test_what_a_killed_doctor_left_is_removed_by_the_next(tmp_path):
    code = f"""
import os, sys
from pathlib import Path
from datagen_core.upkeep.doctor.cache import probe_folder
with probe_folder(Path({str(tmp_path)!r})) as folder:
    (folder / "x").touch()
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len([*tmp_path.iterdir()]) == 1

    look(tmp_path)
    assert not [*tmp_path.iterdir()]


def test_something_else_in_its_place_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")

    assert "is not a folder" in look(tmp_path / "file")["cache"].message
    assert states(tmp_path / "link")["cache"] == "error"
    assert "is not a folder" in look(tmp_path / "file" / "below")["cache"].message


def test_a_read_only_cache_reads_and_makes_nothing():
    with mounted("1M") as folder:
        (folder / "sine").mkdir()
        remount(folder, "ro")
        found = look(folder)

    assert "1 data set, which can be read and not added to" in found["cache"].message
    assert found["file system"].message.endswith("mounted to be read only")
    assert [found[name].state for name in ("cache", "file system")] == ["error", "error"]
    assert "publishing" not in found


def test_memory_and_little_space_are_told():
    with mounted("1M") as folder:
        found = look(folder)

    assert found["file system"].state == "warning"
    assert found["file system"].message.startswith(f"tmpfs of tmpfs at {folder}: memory of this")
    assert found["space"].state == "error"


@pytest.mark.parametrize(
    ("free", "files", "state"),
    [(10**12, 10**9, "ok"), (10**12, 0, "ok"), (10**9, 10**9, "warning"), (10**8, 10**9, "error"),
     (10**12, 5000, "warning"), (10**12, 50, "error")],
)  # fmt: skip
def test_space_and_files_are_judged(monkeypatch, tmp_path, free, files, state):
    values = [1, 1, free, free, free, files, files, files, 0, 255]
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(values))

    assert states(tmp_path)["space"] == state


def test_without_hard_links_files_are_published_under_claims(monkeypatch, tmp_path):
    def link(*names, **options):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    found = look(tmp_path)

    assert (found["publishing"].state, found["hard links"].state) == ("ok", "warning")
    assert "Operation not permitted" in found["hard links"].message


def test_a_file_that_can_be_replaced_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("datagen_core.store.publishing.Draft._is_same", lambda *_: True)

    assert states(tmp_path)["publishing"] == "error"


def test_a_sync_that_fails_is_found(monkeypatch, tmp_path):
    def fsync(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output error"):
        look(tmp_path)


def test_locks_that_fail_are_not_needed(tmp_path):
    code = f"""
from pathlib import Path
from datagen_core.upkeep.doctor.cache import checks_of_cache
for name, check in checks_of_cache(Path({str(tmp_path)!r})):
    print(*(f"{{each.state}} {{each.message}}" for each in check() if name == "flock"))
"""
    environment = {**os.environ, **flock_environment(tmp_path, errno.ENOLCK)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "absent No locks available" in done.stdout


@pytest.mark.parametrize(("skew", "state"), [(0.5, "ok"), (-4, "ok"), (60, "warning"),
                                             (-3600, "warning")])  # fmt: skip
def test_the_clock_of_the_files_is_compared(monkeypatch, tmp_path, skew, state):
    monkeypatch.setattr(checks, "clock", lambda _: time.time() + skew)

    finding = look(tmp_path)["clock"]
    assert finding.state == state
    assert ("ahead" if skew > 0 else "behind") in finding.message


@pytest.mark.parametrize(("mode", "state", "words"), [
    (0o700, "ok", "writes"), (0o755, "ok", "reads"), (0o2775, "ok", "shared with group"),
    (0o777, "warning", "chmod o-w"),
])  # fmt: skip
def test_rights_are_told(tmp_path, mode, state, words):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(mode)

    finding = look(tmp_path / "cache")["rights"]
    assert (finding.state, words in finding.message) == (state, True)


QUOTA = """Disk quotas for user me (uid 1):
     Filesystem blocks quota limit grace files quota limit grace
/dev/other 5 1 1 0 1 0 0 0
{source} {used} 900 1000 0 {files} 0 1000 0
"""


@pytest.mark.parametrize(
    ("used", "files", "state"),
    [("500", "5", "ok"), ("950*", "5", "warning"), ("1000*", "5", "error"), ("5", "990", "warning"),
     ("5", "1000", "error")],
)  # fmt: skip
def test_a_quota_is_judged(monkeypatch, tmp_path, used, files, state):
    source = checks._find_mount(tmp_path).source
    write(monkeypatch, tmp_path, "quota", QUOTA.format(source=source, used=used, files=files))

    finding = look(tmp_path)["quota"]
    assert finding.state == state
    assert "of 1.0 MB and" in finding.message


def test_lustres_quota_may_be_on_two_lines():
    text = "/lustre/project\n      1024* 0 2048 - 17 0 0 -\n"

    assert checks._find_quota(text, {"/lustre/project"}) == (1024, 2048, 17, 0)


@pytest.mark.parametrize("text", ["", "none", "/dev/vda", "/dev/vda a b c d e f g h", "\0\n* * *"])
def test_a_quota_that_says_nothing_is_left_out(text):
    assert checks._find_quota(text, {"/dev/vda"}) is None


def test_a_quota_that_hangs_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(checks, "_QUOTA_SECONDS", 0.1)
    write(monkeypatch, tmp_path, "quota", "", "exec sleep 20")

    assert "does not answer" in look(tmp_path)["quota"].message


def write(monkeypatch, folder, name, text, command="cat"):
    """Write a command that prints a text."""
    script = folder / "bin" / name
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\n{command} <<'END'\n{text}\nEND\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize("name", ["a b", "tab\tname", "back\\slash", "ümlaut"])
def test_mount_points_may_have_any_name(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        assert checks._find_mount(folder / "cache")[:2] == (str(folder), "tmpfs")
    finally:
        subprocess.run(["umount", str(folder)], check=True)
