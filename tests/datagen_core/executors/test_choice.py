"""Which executor runs a job."""

from __future__ import annotations

import inspect

import pytest

from datagen_core.errors import ConfigurationError, ExecutionError
from datagen_core.executors import choice
from datagen_core.executors.base import Executor
from datagen_core.executors.choice import choose_executor, find_executor
from distributions import write_distribution

PLUGIN = """
import datagen_core
from datagen_core.executors.inline import InlineExecutor

class Cloud(InlineExecutor):
    def available(self):
        return {why_not!r}

@datagen_core.hookimpl
def datagen_executor():
    return Cloud()
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    def installed(module, why_not=""):
        (tmp_path / f"{module}.py").write_text(PLUGIN.format(why_not=why_not))
        write_distribution(tmp_path, "cloud", f"[datagen.executors]\ncloud = {module}\n")
        monkeypatch.syspath_prepend(tmp_path)

    return installed


@pytest.mark.parametrize("name", ["slurm", "local", "inline"])
def test_built_in_executors_are_found(name):
    assert find_executor(name).name == name


def test_an_unknown_executor_is_refused_with_those_there_are():
    with pytest.raises(
        ConfigurationError, match="no executor 'nimbus'; there are slurm, local, inline"
    ):
        choose_executor("nimbus")


def test_a_plugin_provides_an_executor(install):
    install("cloud_plugin")

    assert choose_executor("cloud").name == "cloud"


def test_an_executor_that_is_not_usable_says_why(install):
    install("rainy_plugin", "it rains")

    with pytest.raises(
        ExecutionError, match="cloud cannot be used here: it rains; try --executor local"
    ):
        choose_executor("cloud")


@pytest.mark.parametrize(("why_not", "chosen"), [("", "slurm"), ("there is no sbatch", "local")])
def test_slurm_is_chosen_where_there_is_one(monkeypatch, why_not, chosen):
    from datagen_core.executors.slurm.executor import SlurmExecutor

    monkeypatch.setattr(SlurmExecutor, "available", lambda self: why_not)
    assert choose_executor(None).name == chosen


def test_names_of_built_in_executors_are_complete():
    assert [find_executor(name).name for name in choice.BUILT_IN] == list(choice.BUILT_IN)


def test_an_error_of_any_method_that_is_asked_is_one_line(monkeypatch):
    def fail(*arguments):
        raise RuntimeError("the network\nis slow")

    asked = [name for name, each in vars(Executor).items() if inspect.isfunction(each)]
    broken = type("Broken", (Executor,), dict.fromkeys(asked, fail))
    monkeypatch.setattr(choice, "installed_executors", lambda: ["odd"])
    monkeypatch.setattr(choice, "load_executor", lambda _: broken())
    found = find_executor("odd")

    assert len(asked) > 10
    for name in asked:
        with pytest.raises(ExecutionError, match=r"^executor odd fails in .*: RuntimeError: the n"):
            getattr(found, name)()


def test_what_is_not_an_executor_is_refused(monkeypatch):
    monkeypatch.setattr(choice, "installed_executors", lambda: ["odd"])
    monkeypatch.setattr(choice, "load_executor", lambda _: object())

    with pytest.raises(ExecutionError, match=r"'odd' is a object; .*subclass of datagen_core.Exec"):
        find_executor("odd")
