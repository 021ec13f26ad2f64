"""`datagen compact`."""

from __future__ import annotations


def test_compaction_joins_files_and_keeps_samples(run_cli, made):
    before = made["raw"].get()[0].tolist()
    answer = run_cli("compact", "sine", "--grace", 0)

    assert answer.out == "sine 0: 1 pack written, 2 files removed, 0 wait for the grace period\n"
    assert made["raw"].get()[0].tolist() == before
    assert run_cli("verify").code == 0


def test_scripts_get_counts(run_cli, made):
    (row,) = run_cli("compact", "--grace", 0, "--json").json

    assert row == {
        "generator": "sine", "set": 0, "name": "sine 0", "packs": 1, "removed": 2, "waiting": 0
    }  # fmt: skip
