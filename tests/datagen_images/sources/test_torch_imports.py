import subprocess
import sys
from contextlib import suppress
from types import ModuleType

import pytest
import torch

from datagen_core.errors import MissingPackageError
from datagen_images import import_torchvision, use_threads
from datagen_images.sources import torch_imports

DATASETS = ModuleType("torchvision")


def test_torchvision_is_imported_with_its_data_sets():
    assert import_torchvision().datasets.MNIST


def test_a_fresh_process_can_import_it_whatever_its_build():
    code = "import datagen_images as d; print(d.import_torchvision().__name__)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "torchvision"


def failing_import(errors):
    """Return an import that raises one error after the other, then succeeds."""

    def plain_import():
        if errors:
            raise errors.pop(0)
        return DATASETS

    return plain_import


@pytest.fixture
def declared(monkeypatch):
    calls = []
    monkeypatch.setattr(torch_imports, "_declare_operators", lambda: calls.append("declared"))
    return calls


def test_operators_are_declared_only_after_the_plain_import_failed_on_them(monkeypatch, declared):
    error = RuntimeError("operator torchvision::nms does not exist")
    monkeypatch.setattr(torch_imports, "_plain_import", failing_import([error]))
    assert import_torchvision() is DATASETS
    assert declared == ["declared"]


def test_a_torchvision_that_imports_is_left_alone(monkeypatch, declared):
    monkeypatch.setattr(torch_imports, "_plain_import", failing_import([]))
    assert import_torchvision() is DATASETS
    assert declared == []


def test_any_other_failure_is_shown(monkeypatch, declared):
    failing = failing_import([RuntimeError("CUDA is broken")])
    monkeypatch.setattr(torch_imports, "_plain_import", failing)
    with pytest.raises(RuntimeError, match="CUDA is broken"):
        import_torchvision()
    assert declared == []


@pytest.mark.parametrize("name", ["torch", "torchvision"])
def test_a_missing_package_is_named_with_the_remedy(monkeypatch, name):
    missing = ModuleNotFoundError(f"No module named {name!r}", name=name)
    failing = failing_import([missing])
    monkeypatch.setattr("datagen_core.files.import_module", lambda module: failing())
    with pytest.raises(
        MissingPackageError, match=rf"^{name} is not installed.*'datagen\[torch\]'$"
    ):
        import_torchvision()


def test_threads_are_as_before_after_the_block():
    before = torch.get_num_threads()
    with suppress(KeyError), use_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before
