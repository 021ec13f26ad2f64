"""In the cache of a group all that is written has its rights, and elsewhere those of the umask."""

from __future__ import annotations

import os
import stat
import subprocess

import pytest

from datagen_core import generate
from datagen_core.executors.slurm.executor import SlurmExecutor
from datagen_core.store import folders, open_folders, sharing
from datagen_core.store.documents import publish_document
from datagen_core.store.folders import open_folder
from datagen_core.store.publishing import publish_own
from datagen_core.store.sharing import rights_of
from datagen_core.upkeep.preprocess import preprocess
from generators_for_tests import sine
from slurm_jobs import make_job

GROUP = 1500 if os.geteuid() == 0 else os.getegid()


@pytest.fixture(params=[0o27, 0o77], ids=oct)
def umask(request):
    former = os.umask(request.param)
    yield request.param
    os.umask(former)


@pytest.fixture
def make_cache(tmp_path):
    """Return what makes a cache of the group with a folder of some mode."""

    def make(mode):
        path = tmp_path / "cache"
        path.mkdir()
        os.chown(path, -1, GROUP)
        path.chmod(mode)
        return path

    return make


def fill(cache, run_cli):
    """Write whatever one process writes: runs, splits, packs, results of preprocessors, inputs."""
    for _ in range(4):
        made = generate(sine, 10, executor="inline", cache=cache)
    made.move(10, "train")
    made.exclude([3], "broken")
    made["train"].freeze()
    preprocess(made, sine.preprocessors["square_both"], "train", 5)
    (made.paths.shards / "000000000000-000000000010.h5").write_bytes(b"damaged")
    for words in (("repair", "sine"), ("compact",), ("verify",)):
        assert run_cli(*words, "--cache", cache).code in {0, 5}
    return made


def look(cache):
    """Return modes and groups of all folders, and of all files, below a cache."""
    states = [path.lstat() for path in cache.rglob("*")]
    found = {
        (stat.S_IFMT(each.st_mode), stat.S_IMODE(each.st_mode), each.st_gid) for each in states
    }
    return {(stat.S_ISDIR(kind), oct(mode), group) for kind, mode, group in found}


@pytest.mark.parametrize("mode", [0o2775, 0o770, 0o3770], ids=oct)
def test_all_that_is_written_has_the_rights_of_the_folder(make_cache, run_cli, umask, mode):
    cache = make_cache(mode)
    fill(cache, run_cli)

    folder = mode & ~stat.S_ISVTX
    assert look(cache) == {(True, oct(folder), GROUP), (False, oct(folder & 0o666), GROUP)}


@pytest.mark.parametrize("mode", [0o755, 0o1777], ids=oct)
def test_elsewhere_the_umask_counts(make_cache, run_cli, umask, mode):
    cache = make_cache(mode)
    fill(cache, run_cli)

    wanted = {(True, oct(0o777 & ~umask)), (False, oct(0o666 & ~umask))}
    assert {found[:2] for found in look(cache)} == wanted


def test_a_folder_whose_maker_was_killed_gets_its_rights_while_it_is_empty(make_cache):
    cache = make_cache(0o2770)
    for name in ("killed", "closed"):
        (cache / name).mkdir(mode=0o700)
    (cache / "closed" / "file").touch()
    for name in ("killed", "closed"):
        with open_folder(cache / name, cache / name):
            pass

    modes = {
        name: oct(stat.S_IMODE((cache / name).stat().st_mode)) for name in ("killed", "closed")
    }
    assert modes["killed"] == "0o2770"
    assert modes["closed"] in {"0o2700", "0o700"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes folders of other users")
def test_a_folder_that_another_user_is_making_is_waited_for(make_cache, monkeypatch):
    folder = make_cache(0o2770) / "g"
    folder.mkdir(mode=0o700)
    os.chown(folder, 2001, GROUP)
    monkeypatch.setattr(open_folders.time, "sleep", lambda _: folder.chmod(0o2770))

    with open_folder(folder, folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o2770


def test_an_access_control_list_says_all(make_cache, monkeypatch):
    monkeypatch.setattr(sharing, "_lists", {})
    monkeypatch.setattr(os, "getxattr", lambda *_: b"entries")

    assert rights_of(make_cache(0o2770)) is None


def test_who_may_not_give_the_group_is_told_once_and_gives_nothing(make_cache, monkeypatch, capfd):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    cache = make_cache(0o770)
    monkeypatch.setattr(os, "fchown", refuse)
    for each in (folders, open_folders):
        monkeypatch.setattr(each, "rights_in", lambda _: sharing.Rights(0o770, GROUP + 1))
    sharing._tell.cache_clear()
    for number in range(2):
        publish_document(cache / "g" / "code" / f"{number}.json", {}, cache / "g" / "tmp")

    assert capfd.readouterr().err.count("\n") == 1
    assert not any(path.stat().st_mode & stat.S_IWGRP for path in cache.rglob("*"))


def test_where_modes_are_invented_nobody_is_told(make_cache, monkeypatch, capfd):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    cache = make_cache(0o770)
    former = os.umask(0)
    monkeypatch.setattr(os, "fchmod", refuse)
    sharing._tell.cache_clear()
    publish_document(cache / "g" / "code" / "0.json", {}, cache / "g" / "tmp")
    os.umask(former)

    assert capfd.readouterr().err == ""


def test_what_is_a_users_own_is_nobody_elses(make_cache, umask):
    key = make_cache(0o2777) / "keys" / "key"
    publish_own(key, "secret")

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not key.parent.stat().st_mode & 0o077


def test_a_log_that_slurm_made_is_given_to_the_group(make_cache, umask):
    cache = make_cache(0o2770)
    (cache.parent / "a cache").symlink_to(cache)
    lines = SlurmExecutor().describe(make_job(cache.parent, "note")).splitlines()
    (line,) = [line for line in lines if "/dev/stdout" in line]
    log = cache / "log"
    with log.open("w") as output:
        subprocess.run(["bash", "-c", line], stdout=output, check=True)

    assert (stat.S_IMODE(log.stat().st_mode), log.stat().st_gid) == (0o660, GROUP)
