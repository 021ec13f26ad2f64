"""A command whose package is not installed says in one line how to install it."""

from __future__ import annotations

import sys

import pytest


@pytest.mark.parametrize(
    ("words", "advised"),
    [
        ("pate evaluate --samples there.pt", "'datagen[torch]'"),
        ("pate train-student --samples there.pt", "'datagen[torch]'"),
    ],
)
def test_a_plugin_command_without_torch(run_cli, tmp_path, monkeypatch, words, advised):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    (tmp_path / "there.pt").write_bytes(b"PK\x03\x04")
    monkeypatch.chdir(tmp_path)

    done = run_cli(*words.split())
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert advised in done.err
