"""Two users of a machine and one cache: each runs only what they trust, root too."""

import os
import tempfile
from pathlib import Path

import pytest

from private_sets import SOURCE, run_as

EVE, BOB = 20001, 20002
WALK = """
import pathlib
import datagen_core

pathlib.Path(__file__).with_name("marker").write_text("loaded")

@datagen_core.generator(5)
def walk(size, start):
    yield from ((float(start + i), 1.0) for i in range(size))

@walk.preprocessor
def double(X, y):
    return 2 * X, y
"""
USING = [
    "verify walk --resample 3", "verify --probe", "resume --executor inline",
    "preprocess walk double raw 5",
]  # fmt: skip

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")


@pytest.fixture(scope="module")
def folder():
    """A folder that all may write into, with a cache of Eve's of which samples are missing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "votes.py").write_text(SOURCE)
        (folder / "walk.py").write_text(WALK)
        (folder / "made.txt").touch()
        for path in folder.iterdir():
            path.chmod(0o666)
        generate = f"generate {folder / 'walk.py'}:walk -n 20 --executor inline"
        assert [act(folder, EVE, generate)[0] for _ in "12"] == [0, 0]
        next((folder / "cache").glob("walk/*/shards/000000000020*")).unlink()
        yield folder


def act(folder, user, words):
    """Return exit code and output of a user's command, and whether it loaded the code."""
    (folder / "marker").unlink(missing_ok=True)
    warm = f"{folder / 'votes.py'}:votes"
    code, text = run_as(user, folder, warm, *words.split(), "--cache", folder / "cache")
    return code, text, (folder / "marker").exists()


@pytest.mark.parametrize("words", USING)
def test_another_users_cache_runs_nothing(folder, words):
    code, text, ran = act(folder, BOB, words)

    assert (code, ran) == (2, False), text
    assert "walk.py:walk, fingerprint: " in text
    assert f"recorded by user {EVE}" in text


@pytest.mark.usefixtures("configuration")
@pytest.mark.parametrize("words", USING)
def test_root_runs_nothing_of_a_users_cache(folder, run_cli, words):
    (folder / "marker").unlink(missing_ok=True)

    assert run_cli(*words.split(), "--cache", folder / "cache").code == 2
    assert not (folder / "marker").exists()


def test_who_ran_it_goes_on(folder):
    assert act(folder, EVE, "verify walk --resample 3")[::2] == (0, True)
