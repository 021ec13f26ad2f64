"""Only who has the key of a private set adds samples; others read them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

import datagen_core
from datagen_core import Cache
from datagen_core.errors import CacheError
from datagen_core.executors.inline import InlineExecutor
from datagen_core.scheduling import worker
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import begin
from datagen_core.scheduling.submission import plan_jobs
from datagen_core.store.keys import key_path
from demands import demand_for, publish_job
from private_sets import SOURCE, run_as

ALICE, BOB = 20001, 20002


@pytest.fixture
def open_folder():
    """A folder that all users may write into."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "votes.py").write_text(SOURCE)
        (folder / "made.txt").touch()
        (folder / "made.txt").chmod(0o666)
        yield folder


def other_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "bob"))


@pytest.mark.parametrize("command", [("-n", 5), ("--total", 20), ("-n", 5, "--dry-run")])
def test_another_user_adds_nothing(make, run_cli, tmp_path, monkeypatch, source, command):
    made = make()
    other_home(tmp_path, monkeypatch)

    refused = run_cli("generate", source, *command, "--executor", "inline")

    assert refused.code == 1
    assert refused.err.count("\n") == 1
    assert made.record.owner["user"] in refused.err
    assert "is private: only its owner" in refused.err
    assert made.reserved == 12


def test_another_user_resumes_nothing(make, run_cli, tmp_path, monkeypatch, source, calls):
    (tmp_path / "broken").touch()
    with pytest.raises(datagen_core.IncompleteRunError):
        make()
    (tmp_path / "broken").unlink()
    other_home(tmp_path, monkeypatch)

    refused = run_cli("resume")

    assert refused.code == 1
    assert "is private: only its owner" in refused.err
    assert not list(tmp_path.glob("bob/datagen/keys/*"))


def test_another_user_reads_and_preprocesses(make, run_cli, tmp_path, monkeypatch):
    make()
    other_home(tmp_path, monkeypatch)

    for command in (("show", "votes", "-p", 0), ("verify", "--resample", 3), ("status",),
                    ("move", "votes", 3, "train", "-y"), ("compact",),
                    ("export", "votes", tmp_path / "v.npz", "--format", "npz")):  # fmt: skip
        assert run_cli(*command).code == 0, command


def test_another_user_whose_total_is_reached_is_not_refused(make, tmp_path, monkeypatch):
    make()
    other_home(tmp_path, monkeypatch)

    assert make(12, total=True).counts == {"raw": 12}
    assert not list(tmp_path.glob("bob/**/keys/*"))


@pytest.mark.parametrize("spoil", ["mode", "owner", "content", "folder"])
def test_a_key_that_is_not_ones_own_is_refused(make, spoil):
    path = key_path(make().record)
    if spoil == "owner" and os.geteuid():
        pytest.skip("needs root")
    {
        "mode": lambda: path.chmod(0o640),
        "owner": lambda: os.chown(path, BOB, BOB),
        "content": lambda: path.write_text("mine\n"),
        "folder": lambda: (path.unlink(), path.mkdir()),
    }[spoil]()

    with pytest.raises(CacheError, match=f"with a key that .*: {path}"):
        make()


def test_a_key_that_cannot_be_written_is_named(make, tmp_path, monkeypatch, cache):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))

    with pytest.raises(CacheError, match="key of a private set cannot be written"):
        make()

    assert not list(cache.glob("votes/*/params.json"))


def test_a_job_without_the_key_says_so(source, cache, tmp_path, monkeypatch):
    executor = InlineExecutor()
    (run,) = begin([demand_for(source, cache, samples=5)], executor, Settings())
    key_path(run.demand.record).unlink()
    ((part,),) = plan_jobs([run], [run.inspect()])
    job = publish_job([part])

    assert worker.run_task(worker.address_of(job.plans[0]), 0) == "failed"
    (status,) = [run.inspect()]
    assert "is private: only its owner" in status.ranges[0].reason


@pytest.mark.skipif(os.geteuid() != 0, reason="two users need root")
@pytest.mark.parametrize(("first", "second"), [(ALICE, BOB), (BOB, ALICE)])
def test_two_users_in_either_order(open_folder, first, second):
    source, cache = f"{open_folder / 'votes.py'}:votes", open_folder / "cache"
    words = ("generate", source, "-n", 7, "--executor", "inline", "--cache", cache)

    answers = [run_as(user, open_folder, source, *words) for user in (first, second, first)]

    assert [code for code, _ in answers] == [0, 1, 0], answers
    assert "is private: only its owner" in answers[1][1]
    assert Cache(cache)["votes"][0].counts == {"raw": 14}
