"""A private sample that was published is never made a second time."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import datagen_core
from datagen_core import ChangedCodeError
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling import judging, worker
from private_sets import SOURCE, lose, values


def test_resampling_makes_nothing(make, run_cli, calls):
    make()
    before = calls()

    checked = run_cli("verify", "--resample", 5)

    assert "private, not made anew: good" in checked.out
    assert run_cli("verify", "--resample", 5, "--json").json[0]["private"] is True
    assert calls() == before


def test_other_code_is_not_probed(make, source, tmp_path, calls):
    make()
    (tmp_path / "votes.py").write_text(SOURCE.replace("start + size", "start + size + 0"))
    before = calls()

    with pytest.raises(ChangedCodeError, match="private samples are never made again"):
        make(5, probe=True)
    assert calls() == before
    assert make(5, accept_code=True).mixed
    assert calls() == before + 2  # of the batches 10 to 15 and 15 to 20


def test_what_was_never_published_is_made(make, tmp_path, run_cli):
    (tmp_path / "broken").touch()
    with pytest.raises(datagen_core.IncompleteRunError):
        make()
    (tmp_path / "broken").unlink()

    assert run_cli("resume").code == 0
    assert make(12, total=True).counts == {"raw": 12}


def test_what_was_published_and_lost_is_not_made(make, run_cli, calls, monkeypatch):
    monkeypatch.setattr(judging, "_VISIBLE_SECONDS", 0.0)
    made = make()
    lose(made)
    before = calls()

    resumed = run_cli("resume")

    assert resumed.code == 4
    assert "never made again; restore their files from a backup" in resumed.err
    assert calls() == before
    assert "restore them from a backup" in run_cli("verify").err
    assert "never made again" in run_cli("status").out


@pytest.mark.parametrize("how", ["move", "exclude"])
def test_what_is_in_a_split_was_published(make, run_cli, calls, how):
    made = make()
    made.move(10, "train") if how == "move" else made.exclude(range(5, 10), "bad")
    lose(made)
    before = calls()
    for journal in made.paths.runs.rglob("*.jsonl"):
        journal.unlink()

    assert run_cli("resume").code == 4
    assert calls() == before


def test_a_publication_that_was_not_recorded_is_seen_by_the_next_task(make, run_cli, calls):
    made = make(10)
    for journal in made.paths.runs.rglob("*.jsonl"):
        journal.unlink()
    make(5)  # its task records what it finds
    lose(made)
    before = calls()

    assert run_cli("resume").code == 4
    assert calls() == before


def test_a_file_that_was_restored_is_read_again(make, run_cli):
    made = make()
    kept = {path: path.read_bytes() for path in made.paths.shards.iterdir()}
    lose(made)
    for path, content in kept.items():
        path.write_bytes(content)

    assert run_cli("resume").out == "nothing is missing\n"
    assert run_cli("verify").code == 0


def test_messages_do_not_send_to_resume(make, run_cli):
    made = make()
    lose(made)

    with pytest.raises(datagen_core.InsufficientSamplesError) as error:
        made["raw"].get(12)

    assert "resume" not in error.value.command


def test_a_damaged_file_is_to_be_restored(make, run_cli):
    made = make()
    path = min(made.paths.shards.iterdir())
    path.write_bytes(path.read_bytes()[:600])

    checked = run_cli("verify")

    assert checked.code == 5
    assert "restore it from a backup: private samples are never made again" in checked.err
    assert "resume" not in checked.err


def test_of_two_processes_the_first_one_to_publish_a_batch_wins(tmp_path, make, monkeypatch):
    path = tmp_path / "votes.py"
    path.write_text(SOURCE.replace("rng.normal", "np.random.default_rng().normal"))
    made = make()
    before = values(made)
    monkeypatch.setattr(worker, "existing_samples", lambda _: IntervalSet())
    monkeypatch.setattr(worker, "keep_published", lambda *_: IntervalSet())

    assert worker.run_task((str(made.paths.root), 0, 0), 0) == "done"

    assert np.array_equal(values(made), before)


def test_copies_beside_a_pack_are_not_compared(make, run_cli):
    made = make()
    before = values(made)
    assert run_cli("compact").code == 0
    for path in made.paths.shards.iterdir():
        with h5py.File(path, "r+") as file:
            file["count"][:] += 1
    checked = run_cli("verify")

    assert np.array_equal(values(made), before)
    assert "not deterministic" not in checked.err


def test_a_batch_is_a_file_of_its_own(make):
    names = sorted(path.stem for path in make().paths.shards.iterdir())

    assert [tuple(map(int, name.split("-"))) for name in names] == [(0, 5), (5, 10), (10, 12)]
