"""`datagen init` makes a cache that a group shares, or gives one to it."""

from __future__ import annotations

import grp
import os
import stat

import pytest

from datagen_core import generate
from generators_for_tests import count
from other_users import GROUP, OTHER, OWNER, find_others

OWN = str(os.getegid())

others = pytest.fixture(scope="module")(find_others)


def mode_of(path):
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.fixture
def umask():
    """Return what sets the umask until the test has ended."""
    former = os.umask(0o77)
    yield os.umask
    os.umask(former)


@pytest.mark.parametrize(("mask", "mode"), [(0o22, "0o2775"), (0o77, "0o2770")])
def test_a_new_folder_is_the_groups_and_others_may_what_the_umask_says(
    run_cli, cache, umask, mask, mode
):
    umask(mask)
    done = run_cli("init", cache, "--shared", OWN)

    assert (done.code, mode_of(cache)) == (0, mode)
    assert done.out == f"{cache}: shared with {grp.getgrgid(int(OWN)).gr_name}, mode {mode[2:]}\n"


def test_what_is_there_is_given_to_the_group_once(run_cli, cache, umask):
    made = generate(count, 10, executor="inline", cache=cache)
    first, second = (run_cli("init", "--shared", "--json").json for _ in range(2))

    assert mode_of(made.paths.params) == "0o660"
    assert mode_of(made.paths.shards) == "0o2770"
    assert (first["given"] > 10, second["given"]) == (True, 0)


@pytest.mark.parametrize("words", [[], ["--shared"]])
def test_a_file_is_not_a_cache(run_cli, tmp_path, words):
    file = tmp_path / "file"
    file.touch()
    answer = run_cli("init", file, *words)

    assert (answer.code, answer.out) == (1, "")
    assert f"{file} is not a folder" in answer.err


def test_without_shared_it_says_whose_the_cache_is(run_cli, cache, umask):
    assert (
        run_cli("init").out
        == f"{cache}: not shared with a group; modes of files follow from the umask\n"
    )
    assert mode_of(cache) == "0o700"
    run_cli("init", "--shared", OWN)
    assert run_cli("init", "--json").json["mode"] == "2770"


def test_a_group_that_is_not_there_is_one_line(run_cli, cache):
    done = run_cli("init", "--shared", "no such group")

    assert (done.code, done.err.count("\n"), cache.exists()) == (2, 1, False)
    assert "there is no group 'no such group'" in done.err


@pytest.mark.parametrize("what", ["something else", "a home", "everybody's"])
def test_folders_that_should_not_be_a_groups_stay_as_they_are(run_cli, cache, what):
    cache.mkdir()
    cache.chmod(0o1777 if what == "everybody's" else 0o700)
    (cache / {"something else": "notes", "a home": ".bashrc"}.get(what, ".snapshot")).touch()
    before = mode_of(cache)

    assert run_cli("init", "--shared").code == 1
    assert mode_of(cache) == before


def test_a_file_that_lies_elsewhere_too_stays_as_it_is(run_cli, cache, tmp_path, umask):
    made = generate(count, 10, executor="inline", cache=cache)
    (shard,) = made.paths.shards.iterdir()
    os.link(shard, tmp_path / "published.h5")
    done = run_cli("init", "--shared")

    assert (done.code, mode_of(shard)) == (0, "0o600")
    assert "1 file or folder with another name elsewhere" in done.err


PROGRAM = """
import datagen_core as d
@d.generator(5)
def g(size, rng):
    yield from ({"x": x} for x in rng.random(size))
"""


def test_each_user_gives_what_is_his_own(others):
    (others.folder / "gens.py").write_text(PROGRAM)
    (others.folder / "gens.py").chmod(0o644)
    make = ("generate", "./gens.py:g", "-n", 5, "--executor", "inline", "--cache")
    (others.folder / "c").mkdir(mode=0o777)
    (others.folder / "c").chmod(0o777)  # makes all of it everybody's, by no group they share
    os.chown(others.folder / "c", OWNER, OWNER)
    assert others.run_datagen(OWNER, 0o22, *make, "c").returncode == 0
    assert others.run_datagen(OTHER, 0o22, *make, "c").returncode == 0
    first = others.run_datagen(OWNER, 0o22, "init", "c", "--shared", GROUP)
    second = others.run_datagen(OTHER, 0o22, "init", "c", "--shared")

    assert (first.returncode, second.returncode) == (1, 0), second.stderr
    assert f" of user {OTHER}; each owner gives them by: datagen init " in first.stderr
    groups = {path.stat().st_gid for path in (others.folder / "c").rglob("*")}
    assert groups == {GROUP}


def test_who_is_not_in_the_group_cannot_give_it(others):
    done = others.run_datagen(OTHER, 0o22, "init", "d", "--shared", 1)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "you are not in it" in done.stderr
