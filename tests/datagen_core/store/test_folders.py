"""Whatever is written in a cache follows no link, survives a power cut, and revives nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datagen_core.errors import CacheError, RemovedSetError
from datagen_core.store import folders
from datagen_core.store.documents import publish_document
from datagen_core.store.folders import (
    make_above,
    make_folder,
    open_folder,
    open_to_append,
    remove_all_litter,
    remove_litter,
)
from datagen_core.store.journals import Journal
from datagen_core.store.layout import SetPaths
from datagen_core.store.ledger import courtesy_lock
from datagen_core.temporary import temporary_name


@pytest.fixture
def paths(tmp_path):
    root = tmp_path / "cache" / "walk" / "set"
    root.mkdir(parents=True)
    return SetPaths(root)


@pytest.fixture
def elsewhere(tmp_path):
    """Return a folder that is none of the cache's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def lock(paths):
    with courtesy_lock(paths):
        pass


def append(path):
    with open_to_append(path) as file:
        file.write(b"word")


WRITERS = {
    "params.json": lambda paths: publish_document(paths.params, {}, paths.temporary, begins=True),
    "schema.json": lambda paths: publish_document(paths.schema, {}, paths.temporary),
    "splits": lambda paths: publish_document(paths.generation(1), {}, paths.temporary),
    "move.lock": lock,
    "runs": lambda paths: publish_document(paths.run(0).record, {}, paths.temporary),
    "runs/0": lambda paths: publish_document(paths.run(0).plan(0), {}, paths.temporary),
    "journal": lambda paths: Journal(paths.run(0).journal(0, 0)).keep("end"),
    "runs/0/logs": lambda paths: append(paths.run(0).log(0, 0)),
    "verdicts": lambda paths: publish_document(paths.run(0).verdict(0, 0), {}, paths.temporary),
    "logs": lambda paths: make_folder(paths.run(0).log(0, 0).parent),
}
"""Everything that goes into the folder of a parameter set, by what it is."""

LINKS = {
    "splits": "splits", "move.lock": "splits", "runs": "runs", "runs/0": "runs/0",
    "journal": "runs/0", "runs/0/logs": "runs/0/logs", "verdicts": "runs/0/verdicts",
    "logs": "runs",
}  # fmt: skip
"""A folder on the way of each."""


@pytest.mark.parametrize("what", sorted({*WRITERS} - {"params.json"}))
def test_nothing_revives_a_removed_set(paths, what):
    paths.root.rmdir()

    with pytest.raises(RemovedSetError, match=r"walk/set was removed; "):
        WRITERS[what](paths)
    assert not paths.root.exists()


def test_beginning_a_set_makes_its_folder(paths):
    paths.root.rmdir()

    assert WRITERS["params.json"](paths)
    assert paths.params.exists()


@pytest.mark.parametrize("what", sorted(LINKS))
@pytest.mark.parametrize("leads", [True, False])
def test_no_link_within_a_data_set_is_followed(paths, elsewhere, what, leads):
    link = paths.root / LINKS[what]
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere if leads else link)

    with pytest.raises(CacheError, match=rf"{link} is a symbolic link, and nothing is written"):
        WRITERS[what](paths)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("what", ["set", "tmp"])
def test_a_set_and_the_temporary_folder_are_no_links(paths, elsewhere, what):
    link = paths.root if what == "set" else paths.temporary
    if what == "set":
        link.rmdir()
    link.symlink_to(elsewhere)

    with pytest.raises(CacheError, match=f"{what} is a symbolic link"):
        WRITERS["schema.json"](paths)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("what", ["journal", "runs/0/logs"])
def test_what_is_appended_to_is_no_link_and_no_pipe(paths, elsewhere, what):
    run = paths.run(0)
    path = run.journal(0, 0) if what == "journal" else run.log(0, 0)
    path.parent.mkdir(parents=True)
    path.symlink_to(elsewhere / "file")
    with pytest.raises(CacheError, match=f"{path} is a symbolic link"):
        WRITERS[what](paths)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match=r"No such device|not a regular file"):
        WRITERS[what](paths)

    assert not list(elsewhere.iterdir())


def test_a_final_name_that_is_a_link_is_taken(paths, elsewhere):
    paths.schema.symlink_to(elsewhere / "file")

    assert WRITERS["schema.json"](paths) is False
    assert not list(elsewhere.iterdir())


def test_a_lock_that_is_a_link_is_none(paths, elsewhere):
    (elsewhere / "file").write_text("content")
    paths.splits.mkdir()
    paths.lock.symlink_to(elsewhere / "file")
    lock(paths)

    assert (elsewhere / "file").read_text() == "content"


def test_a_data_set_may_be_a_link_of_the_users(paths, elsewhere):
    moved = elsewhere / "walk"
    paths.root.parent.rename(moved)
    paths.root.parent.symlink_to(moved)

    assert WRITERS["schema.json"](paths)
    assert (moved / "set" / "schema.json").exists()


def test_a_data_set_that_is_a_strangers_link_is_refused(paths, elsewhere, monkeypatch):
    paths.root.parent.rename(elsewhere / "walk")
    paths.root.parent.symlink_to(elsewhere / "walk")
    monkeypatch.setattr(folders, "is_trusted_link", lambda *_: False)

    with pytest.raises(CacheError, match="walk is a symbolic link of somebody who is neither you"):
        WRITERS["schema.json"](paths)


@pytest.mark.parametrize("target", ["walk", "nowhere"])
def test_a_link_that_leads_nowhere_is_one_line(tmp_path, target):
    (tmp_path / "walk").symlink_to(target)

    with pytest.raises(CacheError, match=f"walk is a symbolic link to {target}, which cannot be"):
        WRITERS["params.json"](SetPaths(tmp_path / "walk" / "set"))


def syncs(monkeypatch, act):
    """Return the folders that were synced meanwhile, in their order."""
    found, fsync = [], os.fsync

    def record(descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        found.extend([str(path)] if path.is_dir() else [])
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", record)
        act()
    return found


def test_each_folder_on_the_way_is_synced_once(paths, monkeypatch):
    def publish():
        publish_document(paths.run(0).plan(0), {}, paths.temporary)

    root, runs = paths.root, paths.runs
    above = [runs, root, root.parent, root.parents[1], root.parents[2]]
    assert syncs(monkeypatch, publish) == [str(each) for each in (paths.run(0).folder, *above)]
    assert syncs(monkeypatch, publish) == [str(paths.run(0).folder)]


def test_what_is_made_beside_a_file_is_synced_with_it(paths, monkeypatch):
    publish_document(paths.schema, {}, paths.temporary, beside=["runs"])
    record = paths.run(0).record

    found = syncs(monkeypatch, lambda: publish_document(record, {}, paths.temporary))
    assert found == [str(paths.runs)]


def test_a_folder_that_was_removed_and_made_again_is_synced_again(paths, monkeypatch):
    path = paths.root.parent / "code" / "a.json"
    for _ in range(2):
        found = syncs(monkeypatch, lambda: publish_document(path, {}, paths.temporary))
        path.unlink()
        path.parent.rmdir()

    assert found == [str(path.parent), str(path.parent.parent)]


def test_new_folders_above_a_cache_are_synced(tmp_path, monkeypatch):
    path = tmp_path / "a" / "b" / "c"

    assert syncs(monkeypatch, lambda: make_above(path)) == [
        str(each) for each in (path.parent, path.parents[1], tmp_path)
    ]


def test_litter_is_removed_and_no_link_is_followed(paths, elsewhere):
    (elsewhere / "file.tmp").write_text("content")
    os.utime(elsewhere / "file.tmp", (0, 0))
    (paths.root / "tmp").symlink_to(elsewhere)
    with open_folder(paths.root.parent, paths.temporary):
        pass
    (paths.temporary / "a.tmp").symlink_to(elsewhere)
    os.utime(paths.temporary / "a.tmp", (0, 0), follow_symlinks=False)

    assert remove_litter(paths.root.parent, *paths.all_temporary) == 1
    assert [path.name for path in elsewhere.iterdir()] == ["file.tmp"]
    assert list(paths.temporary.iterdir()) == []


def test_litter_of_sets_that_never_began_is_removed(tmp_path, elsewhere):
    for name in ("inputs", "walk"):
        (tmp_path / "cache" / name / "tmp").mkdir(parents=True)
        litter = tmp_path / "cache" / name / "tmp" / "a.tmp"
        litter.touch()
        os.utime(litter, (0, 0))
    (tmp_path / "cache" / "link").symlink_to(elsewhere)

    assert remove_all_litter(tmp_path / "cache") == 2


def test_litter_of_a_missing_folder_is_none(tmp_path):
    assert remove_litter(tmp_path, tmp_path / "missing") == 0
    assert temporary_name("a") != temporary_name("a")


@pytest.mark.parametrize(
    "act",
    [
        lambda folder: folder.create("taken"),
        lambda folder: folder.move("taken", folder, "full"),
        lambda folder: folder.make("a" * 256),
        lambda folder: folder.remove("a" * 256),
    ],
    ids=["create", "move", "make", "remove"],
)
def test_errors_name_the_whole_path(paths, act):
    (paths.root / "full" / "below").mkdir(parents=True)
    (paths.root / "taken").touch()
    with (
        open_folder(paths.root.parent, paths.root) as folder,
        pytest.raises(OSError, match=str(paths.root)),
    ):
        act(folder)


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "tmp").write_text("")

    with (
        pytest.raises(NotADirectoryError, match=str(tmp_path / "tmp")),
        open_folder(tmp_path, tmp_path / "tmp"),
    ):
        pass


def test_another_data_set_in_its_place_is_noticed(tmp_path):
    folder = tmp_path / "cache" / "walk"
    append(folder / "jobs" / "word")
    folder.rename(tmp_path / "old")

    append(folder / "jobs" / "word")
    assert (folder / "jobs" / "word").read_bytes() == b"word"
    assert (tmp_path / "old" / "jobs" / "word").read_bytes() == b"word"


def test_another_cache_in_its_place_is_noticed(tmp_path):
    append(tmp_path / "cache" / "walk" / "jobs" / "word")
    (tmp_path / "cache").rename(tmp_path / "old")

    append(tmp_path / "cache" / "walk" / "jobs" / "word")
    assert (tmp_path / "cache" / "walk" / "jobs" / "word").read_bytes() == b"word"


def test_a_child_that_is_forked_while_a_thread_opens_a_folder_opens_others(tmp_path):
    with folders._locks[0]:
        child = os.fork()
        if not child:
            try:
                append(tmp_path / "cache" / "walk" / "jobs" / "word")
                os._exit(0)
            finally:
                os._exit(1)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert (tmp_path / "cache" / "walk" / "jobs" / "word").read_bytes() == b"word"


def test_few_folders_are_kept_open(tmp_path):
    for number in [*range(100), 0]:
        append(tmp_path / "cache" / f"walk{number}" / "jobs" / "word")

    assert len(folders._kept) <= folders._MOST_KEPT
    assert (tmp_path / "cache" / "walk0" / "jobs" / "word").read_bytes() == b"wordword"
