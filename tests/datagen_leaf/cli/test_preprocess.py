"""`datagen leaf preprocess`: stages become views; what LEAF skips silently is an error."""

import shutil

import pytest

from datagen_core import Cache, DatagenError

README = ["-s", "niid", "--sf", 1.0, "-k", 5, "-t", "sample", "--tf", 0.6]
SEEDS = ["--smplseed", 1549786595, "--spltseed", 1549786796]


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
    assert "users with fewer than two samples dropped (seed 7)" in text


def test_the_ledger_is_not_touched(tasks, views):
    tasks.move(10, "mine")
    views(*README, *SEEDS)

    assert tasks.counts == {"raw": 30, "mine": 10}


def test_other_options_make_other_views(tasks, views):
    views(*README, *SEEDS)
    views(*README, "--smplseed", 1, "--spltseed", 2)
    views(*README[:-1], 0.5, *SEEDS)

    assert len(tasks.views) == 7
    with pytest.raises(DatagenError, match="several views match 'niid_0_keep_5_train_6'"):
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


def test_excluded_samples_are_no_users(tasks, views, datagen):
    before = views(*README, *SEEDS)
    tasks.exclude([3, 9], "bad")
    after = views(*README, *SEEDS)
    view = tasks.view(after[-1]["view"])

    assert after[0]["samples"] == [[0, 3], [4, 9], [10, 40]]
    assert not {"3", "9"} & {*view["train"].users, *view["test"].users}
    with pytest.raises(DatagenError, match="kind=niid fraction=1 seed=1549786595, then operation"):
        tasks.view(before[-1]["view"])["train"]
    assert "users     38" in datagen("leaf", "stats", "leaf_synthetic")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["preprocess"], "nothing to do: choose a stage with -s, -k or -t"),
        (["preprocess", "-s", "niid", "--sf", 1.5], "--sf is above 0 and at most 1, not 1.5"),
        (["preprocess", "-s", "niid", "--sf", 1e-6], "leaves none"),
        (["preprocess", "-s", "iid", "--iu", 0], "--iu is above 0"),
        (
            ["preprocess", "-s", "niid", "--iu", 0.1],
            "--iu is for new users, which only -s iid",
        ),
        (["preprocess", "-k", 5, "--sf", 0.1], "--sf does nothing without -s"),
        (["preprocess", "-k", 5, "--tf", 0.1], "--tf does nothing without -t"),
        (["preprocess", "-k", 5000], "-k 5000 leaves no user; the largest one has 200"),
        (["preprocess", "-t", "user", "--tf", 0.01], "leaves one part without a user"),
        (["preprocess", "-t", "both"], "'both' is not one of 'user', 'sample'"),
        (["preprocess", "-s", "foo"], "'foo' is not one of 'iid', 'niid'"),
        (["preprocess", "-t", "sample", "-tf", 0.8], "'f' is not one of 'user', 'sample'"),
        (["preprocess", "-k"], "requires an argument"),
        (["preprocess", "--raw"], "No such option"),
        (["split", "--view", "niid_0"], "no view matches 'niid_0'"),
    ],
)
def test_what_leaf_skips_is_said(cache, refused, words, message):
    assert message in refused(*words)
    assert not list(cache.rglob("view.json"))


def test_checksums_are_verified(refused, datagen, views, tmp_path):
    views(*README, *SEEDS)
    words = ["--view", "niid_0_keep_5_train_6", "--format", "leaf", tmp_path / "tree"]
    datagen("export", "leaf_synthetic", *words)
    sums = tmp_path / "tree" / "meta" / "dir-checksum.md5"
    views(*README, *SEEDS, "--verify", sums, "--nochecksum")
    other = sums.read_text().replace("data/test", "data/text")
    sums.write_text(other)

    said = refused("preprocess", *README, *SEEDS, "--verify", sums)
    assert "of this view differ: data/test/" in said
    assert "data/text/" in said


def test_two_processes_that_make_one_view_agree(cache, tmp_path, views, tasks):
    views(*README, *SEEDS)
    shutil.rmtree(tasks.paths.views / tasks.views[0])  # half of what one process had made
    views(*README, *SEEDS)

    assert len(tasks.views) == 3
    assert Cache(cache)["leaf_synthetic"][0].view("niid_0")["data"].users
