"""`datagen leaf`: stages become views, side by side, and what LEAF skips silently is an error."""

import json
import shutil
from importlib.metadata import entry_points

import pytest
from click.testing import CliRunner
from PIL import Image

import datagen_core
from datagen_core import Cache, DatagenError
from datagen_leaf.cli.commands import leaf

README = ["-s", "niid", "--sf", 1.0, "-k", 5, "-t", "sample", "--tf", 0.6]
SEEDS = ["--smplseed", 1549786595, "--spltseed", 1549786796]


def refused(cache, *words):
    """Return the one line that a refused command says."""
    arguments = [words[0], "leaf_synthetic", "--cache", str(cache), *map(str, words[1:])]
    result = CliRunner().invoke(leaf, arguments)
    assert result.exit_code
    if isinstance(result.exception, DatagenError):
        assert "\n" not in str(result.exception)
        return str(result.exception)
    return result.output


def test_stages_are_views_that_read_like_splits(tasks, views):
    told = views(*README, *SEEDS)
    view = tasks.view("niid_0_keep_5_train_6")

    assert [stage["view"].rpartition("-")[0] for stage in told] == [
        "niid_0", "niid_0_keep_5", "niid_0_keep_5_train_6",
    ]  # fmt: skip
    assert told[-1]["view"] == view.full_name
    assert view["train"].users == view["test"].users
    assert len(view["train"].get(3)["x"]) == 3


def test_text_tells_seeds_and_counts(datagen):
    text = datagen("leaf", "preprocess", "leaf_synthetic", "-t", "sample", "--spltseed", 7)

    assert "train_9-" in text
    assert "samples; test " in text
    assert "users with one sample or none dropped (seed 7)" in text


def test_the_ledger_is_not_touched(tasks, views):
    tasks.move(10, "mine")
    views(*README, *SEEDS)

    assert tasks.counts == {"raw": 30, "mine": 10}


def test_stages_one_by_one_are_the_same_views(datagen, views, tasks):
    datagen("leaf", "sample", "leaf_synthetic", "--sf", 1, "--smplseed", 1549786595)
    datagen("leaf", "remove-users", "leaf_synthetic", "--view", "niid_0", "-k", 5)
    last = ["--view", "niid_0_keep_5", "--tf", 0.6, "--spltseed", 1549786796]
    datagen("leaf", "split", "leaf_synthetic", *last)
    before = tasks.views
    views(*README, *SEEDS)

    assert len(before) == 3
    assert tasks.views == before


def test_other_options_make_other_views(tasks, views):
    views(*README, *SEEDS)
    views(*README, "--smplseed", 1, "--spltseed", 2)
    views(*README[:-1], 0.5, *SEEDS)

    assert len(tasks.views) == 7
    with pytest.raises(DatagenError, match="several views are 'niid_0_keep_5_train_6'"):
        tasks.view("niid_0_keep_5_train_6")


def test_a_seed_that_is_not_given_is_drawn_and_kept(tasks, views):
    first, second = views("-s", "niid")[-1], views("-s", "niid", "--smplseed", -1)[-1]

    assert first["seed"] != second["seed"]
    assert tasks.view(first["view"]).recipe["seed"] == first["seed"]
    assert views("-s", "niid", "--smplseed", first["seed"])[-1]["view"] == first["view"]


def test_recipes_lead_back_to_the_samples(tasks, views):
    views(*README, *SEEDS)
    view = tasks.view("niid_0_keep_5_train_6")
    kept = view.parent
    first = kept.parent

    assert (view.recipe["by"], view.recipe["train_fraction"]) == ("sample", 0.6)
    assert kept.recipe["min_samples"] == 5
    assert first.recipe["samples"] == [[0, 40]]
    assert first.parent is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["preprocess"], "nothing to do: choose a stage with -s, -k or -t"),
        (["preprocess", "-s", "niid", "--sf", 1.5], "--sf is above 0 and at most 1, not 1.5"),
        (["preprocess", "-s", "niid", "--sf", 1e-6], "leaves none"),
        (["preprocess", "-s", "iid", "--iu", 0], "--iu is above 0"),
        (["preprocess", "-s", "niid", "--iu", 0.1], "--iu makes new users, which only -s iid does"),
        (["preprocess", "-k", 5, "--sf", 0.1], "--sf does nothing without -s"),
        (["preprocess", "-k", 5, "--tf", 0.1], "--tf does nothing without -t"),
        (["preprocess", "-k", 5000], "-k 5000 leaves no user; the largest one has 200"),
        (["preprocess", "-t", "user", "--tf", 0.01], "leaves one side without a user"),
        (["preprocess", "-t", "both"], "'both' is not one of 'user', 'sample'"),
        (["preprocess", "-s", "foo"], "'foo' is not one of 'iid', 'niid'"),
        (["preprocess", "-t", "sample", "-tf", 0.8], "'f' is not one of 'user', 'sample'"),
        (["preprocess", "-k"], "requires an argument"),
        (["preprocess", "--raw"], "No such option"),
        (["split", "--view", "niid_0"], "no view is 'niid_0'"),
        (["stats", "-p", "7"], "number 7"),
    ],
)
def test_what_leaf_skips_is_said(cache, words, message):
    assert message in refused(cache, *words)
    assert not list(cache.rglob("view.json"))


@pytest.mark.parametrize("command", ["sample", "remove-users", "split", "stats"])
def test_among_several_sets_one_is_to_be_chosen(cache, command):
    params = {"num_dim": 3, "num_classes": 2}
    datagen_core.generate("leaf_synthetic", 2, params, executor="inline", cache=cache)

    assert "leaf_synthetic has 2 parameter sets: 0 (" in refused(cache, command)
    assert "; choose one with -p NUMBER" in refused(cache, command)


def test_nothing_goes_on_from_a_split(cache, views):
    views("-t", "sample", "--spltseed", 1)

    assert "train_9-" in refused(cache, "remove-users", "--view", "train_9", "-k", 5)


def test_checksums_are_verified(cache, datagen, views, tmp_path):
    views(*README, *SEEDS)
    words = ["--view", "niid_0_keep_5_train_6", "--format", "leaf", tmp_path / "tree"]
    datagen("export", "leaf_synthetic", *words)
    sums = tmp_path / "tree" / "meta" / "dir-checksum.md5"
    views(*README, *SEEDS, "--verify", sums, "--nochecksum")
    other = sums.read_text().replace("data/test", "data/text")
    sums.write_text(other)

    said = refused(cache, "preprocess", *README, *SEEDS, "--verify", sums)
    assert "differs from what there is in data/test/" in said
    assert "data/text/" in said


def test_statistics_are_told_and_drawn(datagen, views, tmp_path):
    views(*README, *SEEDS)
    path = tmp_path / "sizes.png"
    text = datagen("leaf", "stats", "leaf_synthetic", "-o", path)
    view = ["--view", "niid_0_keep_5_train_6", "--part", "test", "--json"]
    found = json.loads(datagen("leaf", "stats", "leaf_synthetic", *view))

    assert "users     40" in text
    assert found["users"] < 40
    with Image.open(path) as picture:
        assert picture.format == "PNG"


def test_statistics_as_leaf_prints_them(datagen):
    text = datagen("leaf", "stats", "leaf_synthetic", "--as-leaf")

    assert text.splitlines()[1:3] == ["DATASET: synthetic", "40 users"]


def test_two_processes_that_make_one_view_agree(cache, tmp_path, views, tasks):
    views(*README, *SEEDS)
    shutil.rmtree(tasks.paths.views / tasks.views[0])  # half of what one process had made
    views(*README, *SEEDS)

    assert len(tasks.views) == 3
    assert Cache(cache)["leaf_synthetic"][0].view("niid_0")["data"].users


def test_the_command_is_found_by_its_entry_point():
    (point,) = entry_points(group="datagen.commands", name="leaf")
    assert point.load() is leaf
