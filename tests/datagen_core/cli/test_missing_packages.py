"""A command whose package is not installed says in one line how to install it."""

from __future__ import annotations

import sys


def test_a_plugin_command_without_torch(run_cli, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    (tmp_path / "there.pt").write_bytes(b"PK\x03\x04")
    monkeypatch.chdir(tmp_path)

    done = run_cli("pate", "evaluate", "--samples", "there.pt")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "'datagen[torch]'" in done.err
