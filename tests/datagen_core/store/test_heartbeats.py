"""Signs of life: files are touched while somebody works, and their age is the file server's."""

from __future__ import annotations

import os
import threading
import time

import pytest

from datagen_core.store import heartbeats
from datagen_core.store.heartbeats import age, beating, is_beating, owner_of
from patience import patience


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 0.01)


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "journal"
    path.touch()
    os.utime(path, (0, 0))
    return path


def await_touch(path):
    deadline = time.monotonic() + patience(10.0)
    while not path.stat().st_mtime and time.monotonic() < deadline:
        time.sleep(0.01)
    return path.stat().st_mtime > 0


@pytest.mark.usefixtures("quick")
def test_a_file_and_a_folder_are_touched_inside_the_block_only(journal, tmp_path):
    threads = threading.active_count()
    os.utime(tmp_path, (0, 0))
    with beating(journal, tmp_path):
        assert threading.active_count() == threads + 1
        assert await_touch(journal)
        assert await_touch(tmp_path)

    assert threading.active_count() == threads


@pytest.mark.usefixtures("quick")
def test_a_file_that_is_gone_is_not_made_again(journal, tmp_path):
    gone = tmp_path / "gone"
    with beating(gone, journal):
        assert await_touch(journal)  # the one behind it
    assert not gone.exists()


@pytest.mark.usefixtures("quick")
def test_links_are_not_followed(journal, tmp_path):
    (tmp_path / "link").symlink_to(journal)
    other = tmp_path / "other"
    other.touch()
    os.utime(other, (0, 0))
    with beating(tmp_path / "link", other):
        assert await_touch(other)
    assert journal.stat().st_mtime == 0


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_leaves_the_block_without_a_word(journal):
    with beating(journal):
        child = os.fork()
    if not child:  # it has left the block as its parent has
        os._exit(threading.active_count() - 1)

    assert os.waitpid(child, 0)[1] == 0


def test_an_age_is_told_by_the_clock_of_the_file_server(journal, monkeypatch):
    journal.touch()
    monkeypatch.setattr(time, "time", lambda: 0.0)

    assert abs(age(journal, journal.parent)) < patience(60.0)


@pytest.mark.parametrize(
    ("start", "seconds"), [({"beats": 15.0}, 300), (None, 300), ({"pid": 1}, 24 * 3600)]
)
def test_a_worker_that_is_silent_for_long_is_dead(journal, start, seconds):
    for late, alive in ((-90, True), (10, False)):
        touched = time.time() - seconds - late
        os.utime(journal, (touched, touched))
        assert is_beating(journal, journal.parent, start) == alive


@pytest.mark.parametrize("make", [lambda path: None, os.mkfifo, lambda path: path.symlink_to(path)])
def test_what_is_no_file_gives_no_signs_and_holds_nobody_up(tmp_path, make):
    make(tmp_path / "odd")

    assert is_beating(tmp_path / "odd", tmp_path) == (make is os.mkfifo)


def test_own_files_have_no_other_owner(journal):
    assert owner_of(journal, journal.parent) is None
    assert owner_of(journal.with_name("missing"), journal.parent) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_is_that_of_the_file(journal, monkeypatch):
    os.chown(journal, 1234, -1)
    assert owner_of(journal, journal.parent) is None  # nothing is hidden from root

    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    assert owner_of(journal, journal.parent) == 1234
