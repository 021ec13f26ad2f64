"""The conformance kit: executors that keep the contract pass, and each breach is found."""

from __future__ import annotations

import pytest

from datagen_core.executors.base import Resources, TaskState
from datagen_core.executors.choice import find_executor
from datagen_core.executors.conformance import ConformanceError, check_executor
from datagen_core.executors.inline import InlineExecutor
from datagen_core.executors.local import LocalExecutor
from datagen_core.store.runs import TaskKey
from distributions import write_distribution
from patience import patience


@pytest.mark.parametrize("name", ["inline", "local"])
def test_built_in_executor_conforms(tmp_path, name):
    check_executor(find_executor(name), tmp_path, patience=patience(60))


def test_third_partys_executor_conforms(tmp_path, monkeypatch):
    """It is installed like a plugin and uses nothing but public names."""
    write_distribution(tmp_path, "herd", "[datagen.executors]\nherd = herd_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)

    check_executor(find_executor("herd"), tmp_path / "kit", patience=patience(60))


def test_slurm_conforms(slurm, tmp_path):
    check_executor(
        find_executor("slurm"), tmp_path, Resources(minutes=5, memory="200M"), patience(60)
    )


class Idle(InlineExecutor):
    """Submits nothing."""

    def submit(self, job):
        pass


class Nameless(InlineExecutor):
    name = None


class Undecided(InlineExecutor):
    shares_jobs = None


class Private(InlineExecutor):
    shares_processors = None


class Astray(InlineExecutor):
    def nodes(self, resources):
        return ["n1"]


class Lasting(InlineExecutor):
    ends_with_caller = False


class Absent(InlineExecutor):
    def available(self):
        return "it rains"


class Restless(InlineExecutor):
    def complete(self, resources):
        return Resources(cpus=resources.cpus + 1)


class Narrow(InlineExecutor):
    def max_tasks(self):
        return 0


class Silent(InlineExecutor):
    def describe(self, job):
        return ""


class Forgetful(InlineExecutor):
    def poll(self, plans):
        return {key: TaskState("running") for plan in plans for key in plan.keys}


class Surprised(InlineExecutor):
    def poll(self, plans):
        return dict(zip([], [plan.events(0)[0] for plan in plans], strict=False))


class Talkative(InlineExecutor):
    def diagnose(self, plan, task):
        return "killed\nby whom?"


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        (Nameless, "None: has no name"),
        (Undecided, "inline: shares_jobs is neither True nor False"),
        (Private, "inline: shares_processors is neither True nor False"),
        (Astray, "nodes returns .'n1'., which is not a frozenset of names"),
        (Lasting, "works in_process, so it ends_with_caller"),
        (Absent, "is not available here: it rains"),
        (Restless, "complete changes what is complete"),
        (Narrow, "max_tasks returns 0"),
        (Silent, "describe returns no text"),
        (Idle, "leaves samples out"),
        (Forgetful, "does not end"),
        (Surprised, "poll raises IndexError"),
        (Talkative, "diagnose returns 'killed.nby whom.', which is not one line"),
    ],
)
def test_breach_of_the_contract_is_found(tmp_path, executor, words):
    with pytest.raises(ConformanceError, match=words):
        check_executor(executor(), tmp_path, patience=1 if executor is Forgetful else 60)


class Blind(LocalExecutor):
    def poll(self, plans):
        return {}


class Confused(LocalExecutor):
    def poll(self, plans):
        found = super().poll(plans).items()
        return {TaskKey(key.job, key.place + 100): state for key, state in found}


class Vague(LocalExecutor):
    def poll(self, plans):
        return {key: TaskState("somewhere") for key in super().poll(plans)}


class Deaf(LocalExecutor):
    def cancel(self, plans):
        pass


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        (Blind, "poll does not show tasks that live|leaves samples out"),
        (Confused, "poll shows tasks by others than their plans' keys|leaves samples out"),
        (Vague, "poll says TaskState.state='somewhere'"),
        (Deaf, "does not end tasks: poll still shows some"),
    ],
)
def test_breach_among_processes_is_found(tmp_path, executor, words):
    with pytest.raises(ConformanceError, match=words):
        check_executor(executor(), tmp_path, patience=patience(5))
