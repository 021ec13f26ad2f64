"""A file appears whole under its final name, or not at all; whoever is first wins."""

from __future__ import annotations

import errno
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datagen_core.errors import CacheError
from datagen_core.store import publishing
from datagen_core.store.documents import publish_document
from datagen_core.store.publishing import (
    in_parallel,
    publication,
    publish,
    remove_litter,
    temporary_path,
)


@pytest.mark.parametrize("count", [0, 1, 30])
def test_files_that_are_published_in_parallel_keep_their_order(count):
    assert in_parallel(lambda number: 2 * number, range(count)) == [2 * k for k in range(count)]


def test_what_is_not_begun_is_left_after_a_failure():
    done = []

    def publish(number):
        if number == 0:
            raise CacheError("full")
        time.sleep(0.001)
        done.append(number)

    with pytest.raises(CacheError, match="full"):
        in_parallel(publish, range(10_000))
    assert len(done) < 10_000


def written(folder: Path, text: str = "text") -> Path:
    path = temporary_path(folder / "tmp", "name")
    path.write_text(text)
    return path


def refuse_links(monkeypatch, code=errno.EPERM):
    def link(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(publishing.os, "link", link)


@pytest.fixture(params=["links", "no links"])
def final(request, tmp_path, monkeypatch):
    if request.param == "no links":
        refuse_links(monkeypatch)
    return tmp_path / "new folder" / "final"


def test_the_first_one_wins(final, tmp_path):
    assert publish(written(tmp_path, "first"), final) is True
    assert publish(written(tmp_path, "second"), final) is False
    assert final.read_text() == "first"


def test_nothing_is_left_behind(final, tmp_path):
    publish(written(tmp_path), final)
    publish(written(tmp_path), final)

    assert list((tmp_path / "tmp").iterdir()) == []
    assert list(final.parent.iterdir()) == [final]


def test_one_of_many_at_once_wins(final, tmp_path):
    files = [written(tmp_path, str(number)) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda file: publish(file, final), files))

    assert won.count(True) == 1
    assert final.read_text() == str(won.index(True))


def test_a_repeated_request_whose_reply_was_lost_is_ours(tmp_path):
    temporary, final = written(tmp_path), tmp_path / "final"
    os.link(temporary, final)

    assert publish(temporary, final) is True


def test_someone_elses_file_with_two_names_is_not_ours(tmp_path):
    other, final = written(tmp_path, "other"), tmp_path / "final"
    os.link(other, final)

    assert publish(written(tmp_path), final) is False


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_failure_is_raised_and_shows_nothing(tmp_path, monkeypatch, code):
    refuse_links(monkeypatch, code)

    with pytest.raises(OSError, match=os.strerror(code)):
        publish(written(tmp_path), tmp_path / "final")
    assert not (tmp_path / "final").exists()


def test_an_abandoned_claim_is_named(tmp_path, monkeypatch):
    refuse_links(monkeypatch)
    (tmp_path / "final.claim").touch()
    monkeypatch.setattr(publishing._lost_to_claim, "__defaults__", (0.0,))

    with pytest.raises(CacheError, match=r"remove .*final\.claim and try again"):
        publish(written(tmp_path), tmp_path / "final")


def test_publication_shows_nothing_when_its_block_fails(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        publication(tmp_path / "tmp", tmp_path / "final") as path,
    ):
        path.write_text(str(1 / 0))

    assert list(tmp_path.rglob("*")) == [tmp_path / "tmp"]


@pytest.mark.parametrize("call", ["link", "fsync"])
def test_errors_name_the_file_and_not_the_temporary_one(tmp_path, monkeypatch, call):
    def fail(path, *names):
        raise OSError(errno.ENOSPC, "full", *([] if call == "fsync" else [path, None, *names]))

    monkeypatch.setattr(os, call, fail)
    final = tmp_path / "final"
    with pytest.raises(OSError, match="full") as caught, publication(tmp_path, final) as temporary:
        temporary.touch()
    with pytest.raises(OSError, match="full") as other:
        publish_document(final, {}, tmp_path)

    assert caught.value.filename == other.value.filename == str(final)
    assert list(tmp_path.iterdir()) == []


def test_publication_keeps_the_first_one(tmp_path):
    for text in ("first", "second"):
        with publication(tmp_path / "tmp", tmp_path / "final") as path:
            path.write_text(text)

    assert (tmp_path / "final").read_text() == "first"


def test_temporary_names_are_never_the_same(tmp_path):
    assert len({temporary_path(tmp_path, "a") for _ in range(100)}) == 100


def test_litter_of_dead_processes_is_removed(tmp_path):
    host = socket.gethostname()
    dead = tmp_path / f"a~{host}~{2**22 + 1}~0.tmp"
    living = tmp_path / f"a~{host}~{os.getpid()}~0.tmp"
    elsewhere = tmp_path / f"a~{host}x~1~0.tmp"
    for path in (dead, living, elsewhere):
        path.touch()

    assert remove_litter(tmp_path) == 1
    assert sorted(tmp_path.iterdir()) == sorted([living, elsewhere])


def test_litter_of_other_hosts_is_removed_when_it_is_old(tmp_path):
    old, strange = tmp_path / "a~elsewhere~1~0.tmp", tmp_path / "strange.tmp"
    for path in (old, strange):
        path.touch()
        os.utime(path, (0, 0))

    assert remove_litter(tmp_path) == 2


def test_litter_of_a_missing_folder_is_none(tmp_path):
    assert remove_litter(tmp_path / "missing") == 0


@pytest.mark.parametrize("code", [errno.EPERM, errno.EXDEV])
def test_without_links_equal_files_need_no_claim(tmp_path, monkeypatch, code):
    refuse_links(monkeypatch, code)
    (tmp_path / "final.claim").touch()

    assert publish(written(tmp_path, "one"), tmp_path / "final", equals=True) is True
    assert publish(written(tmp_path, "two"), tmp_path / "final", equals=True) is False
    assert (tmp_path / "final").read_text() == "one"
