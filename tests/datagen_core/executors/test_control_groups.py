"""What the control groups of a process let it have."""

from __future__ import annotations

import os

import pytest

from datagen_core.executors import control_groups


def write_groups(monkeypatch, tmp_path, text, **files):
    (tmp_path / "self").write_text(text)
    for name, content in files.items():
        path = tmp_path / "groups" / name.replace("__", "/").replace("_of_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.setattr(control_groups, "_OWN_GROUPS", tmp_path / "self")
    monkeypatch.setattr(control_groups, "_GROUPS", tmp_path / "groups")


def test_limits_of_control_groups_are_the_narrowest(monkeypatch, tmp_path):
    write_groups(
        monkeypatch, tmp_path, "0::/a/b\n", a__b__cpu_of_max="max 100000",
        a__cpu_of_max="150000 100000", a__memory_of_max="max", a__b__memory_of_max="1000000000",
    )  # fmt: skip
    assert control_groups.processors_of_group() == 1.5
    assert control_groups.memory_of_group() == 10**9


def test_limits_of_old_control_groups_are_found(monkeypatch, tmp_path):
    write_groups(
        monkeypatch, tmp_path, "4:memory:/job\n3:cpu,cpuacct:/job\n",
        memory__job__memory_of_limit_in_bytes="2000",
        **{"cpu,cpuacct__job__cpu_of_cfs_quota_us": "50000",
           "cpu,cpuacct__job__cpu_of_cfs_period_us": "100000"},
    )  # fmt: skip
    assert control_groups.processors_of_group() == 0.5
    assert control_groups.memory_of_group() == 2000


@pytest.mark.parametrize("text", ["", "0::/gone\n", "nonsense\n", "1:name=systemd:/x\n"])
def test_without_control_groups_there_are_no_limits(monkeypatch, tmp_path, text):
    write_groups(monkeypatch, tmp_path, text)

    assert control_groups.processors_of_group() is None
    assert control_groups.memory_of_group() is None


@pytest.mark.parametrize(("quota", "processors"), [("max", 64), ("150000", 2), ("9", 1)])
def test_processors_are_those_of_affinity_and_quota(monkeypatch, tmp_path, quota, processors):
    write_groups(monkeypatch, tmp_path, "0::/a\n", a__cpu_of_max=f"{quota} 100000")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))

    assert control_groups.count_processors() == processors
