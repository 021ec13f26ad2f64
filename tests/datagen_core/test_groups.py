"""Two users of the cache of their group, both of whom let nobody else read what they make."""

from __future__ import annotations

import json
import os
import stat

import pytest

from other_users import GROUP, OTHER, OWNER, find_others

PROGRAM = """
import datagen_core as d
@d.generator(5)
def g(size, rng):
    yield from ({"x": x} for x in rng.random(size))
@d.generator(5)
def h(size, rng):
    yield from ({"x": x} for x in rng.random(size))
def double(values):
    return {"double": 2 * values["x"]}
g.preprocessor(double)
"""

CALLS = """
import json, sys
from datagen_core.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv[1:] = words
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    print(f"{' '.join(words)}: {code}")
"""

others = pytest.fixture(scope="module")(find_others)


@pytest.fixture(params=[0o2770, 0o775], ids=oct)
def cache(request, others):
    """Return the folder of a cache; without setgid, the users' own groups are in the way."""
    (others.folder / "gens.py").write_text(PROGRAM)
    (others.folder / "gens.py").chmod(0o644)
    path = others.folder / f"cache-{request.param:o}"
    path.mkdir()
    os.chown(path, OWNER, GROUP)
    path.chmod(request.param)
    return path


@pytest.fixture
def call(others, cache):
    """Return `call(user, *commands)`, in one process; all have to succeed."""

    def run(user, *commands):
        words = json.dumps([line.split() for line in commands])
        search = {"DATAGEN_CACHE": str(cache)}
        done = others.run(user, 0o077, others.python, "-c", CALLS, words, **search)
        results = [line for line in done.stdout.splitlines() if line.rpartition(":")[0] in commands]
        assert results == [f"{line}: 0" for line in commands], done.stderr

    return run


def rights_in(cache):
    states = [path.lstat() for path in cache.rglob("*")]
    return {(stat.S_IMODE(each.st_mode), each.st_gid) for each in states}


def lose(cache):
    """Remove all files with the first samples."""
    for path in [*cache.glob("g/*/packs/*"), next(cache.glob("g/*/shards/000000000000-*"))]:
        path.unlink()


def test_one_goes_on_with_all_that_the_other_made(call, cache):
    make = "generate ./gens.py:g -n 10 --executor"
    call(OWNER, *[f"{make} inline"] * 4, "generate ./gens.py:h -n 10 --executor inline")
    call(OTHER, "list", f"{make} local", "move g 5 train -y", "freeze g train", "compact g")
    lose(cache)
    call(OTHER, "resume g --trust --executor inline", "preprocess g double train 3 --trust")
    call(OWNER, "move g 5 test -y", "exclude g --indices 9 --reason bad -y", f"{make} local")
    call(OTHER, "move g 5 test -y", "verify", "status --all", "rm h -p 0 -y")

    mode = stat.S_IMODE(cache.stat().st_mode)
    assert rights_in(cache) == {(mode, GROUP), (mode & 0o666, GROUP)}
    assert not list(cache.glob("h/default-*"))
