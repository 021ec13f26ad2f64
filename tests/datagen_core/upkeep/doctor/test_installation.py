"""What doctor says of this machine and of what is installed."""

from __future__ import annotations

import resource
import types

import pytest

from datagen_core.executors.base import Finding
from datagen_core.upkeep.doctor import installation
from datagen_core.upkeep.doctor.installation import (
    check_torch,
    checks_of_machine,
    checks_of_plugins,
)
from distributions import install_menagerie


def look(checks):
    return {finding.check: finding for _, check in checks for finding in check()}


def test_a_machine_is_described():
    found = look(checks_of_machine())

    assert [*found] == ["python", "machine", "limits", "HDF5"]
    assert {finding.state for finding in found.values()} == {"ok"}


def test_a_limit_on_the_size_of_files_is_an_error(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (10**6, 10**6))

    finding = look(checks_of_machine())["limits"]
    assert finding.state == "error"
    assert "ulimit -f unlimited" in finding.message


@pytest.mark.parametrize(("value", "state"), [("TRUE", "warning"), ("BEST_EFFORT", "warning"),
                                              ("FALSE", "ok"), ("", "ok")])  # fmt: skip
def test_locks_of_hdf5_are_a_warning(monkeypatch, value, state):
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", value)

    assert look(checks_of_machine())["HDF5"].state == state


def test_each_broken_plugin_is_a_line(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(install_menagerie(tmp_path))
    found = look(checks_of_plugins())

    broken = {name.split()[1] for name, finding in found.items() if finding.state == "error"}
    assert broken >= {"misspelt", "renamed", "wrong", "raising", "hookless", "torn", "needy",
                      "absent", "twice"}  # fmt: skip
    assert "datagen-twin 1 and datagen-zoo 1; uninstall one" in found["generator twice"].message
    assert "plugin 'needy' of datagen-zoo 1 does not load" in found["generator needy"].message
    assert found["plugins"].state == "warning"


def test_torch_need_not_be_installed(monkeypatch):
    monkeypatch.setattr(installation, "find_spec", lambda _: None)

    assert [finding.state for finding in check_torch()] == ["absent"]


class Cuda:
    def __init__(self, *names):
        self.is_available = lambda: bool(names)
        self.device_count = lambda: len(names)
        self.get_device_name = lambda place: names[place]


def torch_with(monkeypatch, cuda, built=None):
    version = types.SimpleNamespace(cuda=built)
    module = types.SimpleNamespace(
        __version__="2.0", get_num_threads=lambda: 4, cuda=cuda, version=version
    )
    monkeypatch.setattr(installation, "find_spec", lambda _: True)
    monkeypatch.setattr(installation, "import_module", lambda _: module)


def test_gpus_are_named(monkeypatch):
    torch_with(monkeypatch, Cuda("H200", "H100"))

    assert [*check_torch()] == [Finding("torch", "ok", "2.0, 4 threads, 2 GPUs: H200, H100")]


@pytest.mark.parametrize(
    ("built", "hidden", "why"),
    [(None, None, "built without CUDA"), ("12.4", None, "no driver that fits"),
     ("12.4", "", "CUDA_VISIBLE_DEVICES is ''")],
)  # fmt: skip
def test_a_gpu_that_torch_does_not_see_is_a_warning(monkeypatch, built, hidden, why):
    torch_with(monkeypatch, Cuda(), built)
    monkeypatch.setattr(installation.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    if hidden is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)

    (finding,) = check_torch()
    assert finding.state == "warning"
    assert why in finding.message
