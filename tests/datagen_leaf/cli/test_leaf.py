"""`datagen leaf sample`, `remove-users` and `split`, one by one."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

import datagen_core
from datagen_leaf.cli import leaf

README = ["-s", "niid", "--sf", 1.0, "-k", 5, "-t", "sample", "--tf", 0.6]
SEEDS = ["--smplseed", 1549786595, "--spltseed", 1549786796]


def test_stages_one_by_one_are_the_same_views(datagen, views, tasks):
    datagen("leaf", "sample", "leaf_synthetic", "--sf", 1, "--smplseed", 1549786595)
    datagen("leaf", "remove-users", "leaf_synthetic", "--view", "niid_0", "-k", 5)
    last = ["--view", "niid_0_keep_5", "--tf", 0.6, "--spltseed", 1549786796]
    datagen("leaf", "split", "leaf_synthetic", *last)
    before = tasks.views
    views(*README, *SEEDS)

    assert len(before) == 3
    assert tasks.views == before


@pytest.mark.parametrize("command", ["sample", "remove-users", "split", "stats"])
def test_among_several_sets_one_is_to_be_chosen(cache, refused, command):
    params = {"num_dim": 3, "num_classes": 2}
    datagen_core.generate("leaf_synthetic", 2, params, executor="inline", cache=cache)

    assert "leaf_synthetic has 2 parameter sets: 0 (" in refused(command)
    assert "; choose one with -p NUMBER" in refused(command)


def test_nothing_goes_on_from_a_split(refused, views):
    views("-t", "sample", "--spltseed", 1)

    assert "train_9-" in refused("remove-users", "--view", "train_9", "-k", 5)


def test_the_command_is_found_by_its_entry_point():
    (point,) = entry_points(group="datagen.commands", name="leaf")
    assert point.load() is leaf
