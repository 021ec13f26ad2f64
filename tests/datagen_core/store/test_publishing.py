"""A file appears whole under its final name, or not at all; whoever is first wins."""

from __future__ import annotations

import errno
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datagen_core.errors import CacheError
from datagen_core.store import publishing
from datagen_core.store.documents import publish_document
from datagen_core.store.publishing import drafting, in_parallel, is_own, publication, publish_own


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


def publish(final: Path, text: str = "text", *, equals: bool = False) -> bool:
    """Publish a file in a folder of `code`, which need not exist, beside the folder `tmp`."""
    with drafting(final.parent.parent / "tmp", final) as draft:
        draft.write(text.encode())
        return draft.publish(equals=equals)


def refuse_links(monkeypatch, code=errno.EPERM):
    def link(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(publishing.os, "link", link)


@pytest.fixture(params=["links", "no links"])
def final(request, tmp_path, monkeypatch):
    if request.param == "no links":
        refuse_links(monkeypatch)
    return tmp_path / "code" / "final"


def test_the_first_one_wins(final):
    assert publish(final, "first") is True
    assert publish(final, "second") is False
    assert final.read_text() == "first"


def test_nothing_is_left_behind(final, tmp_path):
    publish(final)
    publish(final)

    assert list((tmp_path / "tmp").iterdir()) == []
    assert list(final.parent.iterdir()) == [final]


def test_one_of_many_at_once_wins(final):
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: publish(final, str(number)), range(8)))

    assert won.count(True) == 1
    assert final.read_text() == str(won.index(True))


def test_content_is_on_disk_before_its_name_and_its_name_before_the_end(tmp_path, monkeypatch):
    publish(tmp_path / "code" / "earlier")  # makes the folders
    steps, link = [], os.link
    monkeypatch.setattr(
        os, "fsync", lambda of: steps.append("file" if stat.S_ISREG(os.fstat(of)[0]) else "folder")
    )
    monkeypatch.setattr(os, "link", lambda *a, **k: steps.append("link") or link(*a, **k))

    publish(tmp_path / "code" / "final")
    assert steps == ["file", "link", "folder"]


@pytest.mark.parametrize("ours", [True, False])
def test_a_repeated_request_whose_reply_was_lost_is_ours(tmp_path, ours):
    final = tmp_path / "code" / "final"
    final.parent.mkdir()
    with drafting(tmp_path / "tmp", final) as draft, drafting(tmp_path / "tmp", final) as other:
        [first] = [path for path in (tmp_path / "tmp").iterdir() if path.samefile(draft.path)]
        os.link(first, final)

        assert (draft if ours else other).publish() is ours


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_failure_is_raised_and_shows_nothing(tmp_path, monkeypatch, code):
    refuse_links(monkeypatch, code)

    with pytest.raises(OSError, match=os.strerror(code)):
        publish(tmp_path / "code" / "final")
    assert not (tmp_path / "code" / "final").exists()


def test_an_abandoned_claim_is_named(final, monkeypatch):
    refuse_links(monkeypatch)
    final.parent.mkdir()
    final.with_name("final.claim").touch()
    monkeypatch.setattr(publishing._lost_to_claim, "__defaults__", (0.0,))

    with pytest.raises(CacheError, match=r"remove .*final\.claim and try again"):
        publish(final)


def test_a_claim_whose_owner_has_published_is_lost(final, monkeypatch):
    refuse_links(monkeypatch)
    assert publish(final, "first") is True
    final.with_name("final.claim").touch()

    assert publish(final, "second") is False
    assert final.read_text() == "first"


def test_publication_shows_nothing_when_its_block_fails(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        publication(tmp_path / "tmp", tmp_path / "final") as path,
    ):
        path.write_text(str(1 / 0))

    assert list(tmp_path.rglob("*")) == [tmp_path / "tmp"]


@pytest.mark.parametrize("call", ["link", "fsync"])
def test_errors_name_the_file_and_not_the_temporary_one(tmp_path, monkeypatch, call):
    def fail(path, *names, **_):
        raise OSError(errno.ENOSPC, "full", *([] if call == "fsync" else [path, None, *names]))

    monkeypatch.setattr(os, call, fail)
    final = tmp_path / "final"
    with pytest.raises(OSError, match="full") as caught, publication(tmp_path, final) as path:
        path.write_text("text")
    with pytest.raises(OSError, match="full") as other:
        publish_document(final, {}, tmp_path)

    assert caught.value.filename == other.value.filename == str(final)
    assert list(tmp_path.iterdir()) == []


def test_what_is_ones_own_is_a_file_that_nobody_else_writes(tmp_path):
    own, shared, link = (tmp_path / name for name in ("own", "shared", "link"))
    publish_own(own, "text")
    shared.touch()
    shared.chmod(0o660)
    link.symlink_to(own)

    assert [is_own(path) for path in (own, shared, link, tmp_path, tmp_path / "none")] == [
        True, False, False, False, False,
    ]  # fmt: skip
    assert (own.read_text(), stat.S_IMODE(own.stat().st_mode)) == ("text", 0o600)


def test_publication_keeps_the_first_one(tmp_path):
    for text in ("first", "second"):
        with publication(tmp_path / "tmp", tmp_path / "final") as path:
            path.write_text(text)

    assert (tmp_path / "final").read_text() == "first"


@pytest.mark.parametrize("code", [errno.EPERM, errno.EXDEV])
def test_without_links_equal_files_need_no_claim(tmp_path, monkeypatch, code):
    refuse_links(monkeypatch, code)
    final = tmp_path / "code" / "final"
    final.parent.mkdir()
    final.with_name("final.claim").touch()

    assert publish(final, "one", equals=True) is True
    assert publish(final, "two", equals=True) is False
    assert final.read_text() == "one"
