"""Two caches are joined: the union of what they have, and a list of what they contradict."""

from __future__ import annotations

import pytest

from datagen_core import Cache, ConfigurationError, SelectionError
from datagen_core.store import runs
from datagen_core.store.reservations import reserved_samples
from datagen_core.upkeep.merging.caches import import_cache
from datagen_core.upkeep.preprocess import preprocess
from generators_for_tests import sine, walks
from joined_caches import contents, is_sound, make, values
from view_parts import part


def test_a_set_that_is_not_here_comes_as_it_is(cache, other):
    made = make(other, 30)
    made.move(20, "train")
    made.exclude([3, 25], "bad")
    (found,) = import_cache(other, cache=cache)
    here = Cache(cache)["sine"][0]

    assert (found.is_new, found.samples, found.refused) == (True, 30, [])
    assert found.splits == {"train": 20}
    assert here.counts == made.counts
    assert here.exclusions == made.exclusions
    assert (values(here) == values(made)).all()
    assert is_sound(cache)


def test_numbers_here_stay_and_new_sets_get_the_next_ones(cache, other):
    for seed in (5, 6, 7):
        make(other, 5, seed=seed)
    make(cache, 5, seed=6)
    make(cache, 5, walks)
    outcomes = import_cache(other, cache=cache)

    assert [(each.there, each.number, each.is_new) for each in outcomes] == [
        ("sine 0", 1, True), ("sine 1", 0, False), ("sine 2", 2, True)
    ]  # fmt: skip
    assert [each.seed for each in Cache(cache)["sine"].values()] == [6, 5, 7]


def test_only_the_data_sets_that_are_named_come(cache, other):
    make(other, 5)
    make(other, 5, walks)
    import_cache(other, ["./somewhere.py:walks"], cache)

    assert list(Cache(cache)) == ["walks"]
    with pytest.raises(SelectionError, match="it holds sine, walks"):
        import_cache(other, ["waltz"], cache)


@pytest.mark.parametrize("exists", [True, False])
def test_what_is_no_cache_is_refused(cache, other, exists):
    other.mkdir() if exists else None
    words = "has no data sets" if exists else "there is no folder"
    with pytest.raises(ConfigurationError, match=words):
        import_cache(other, cache=cache)


def test_a_file_is_not_imported_but_unpacked(cache, other):
    other.write_bytes(b"")
    with pytest.raises(ConfigurationError, match=f"datagen unpack {other}"):
        import_cache(other, cache=cache)


def test_the_larger_one_brings_what_is_missing(cache, other):
    make(cache, 20)
    made = make(other, 40)
    (found,) = import_cache(other, cache=cache)
    here = Cache(cache)["sine"][0]

    assert (found.samples, found.files, found.refused) == (20, 1, [])
    assert (values(here) == values(made)).all()
    assert import_cache(cache, cache=other)[0].files == 0


def test_a_run_after_an_import_begins_behind_it(cache, other):
    make(cache, 20)
    make(other, 40)
    import_cache(other, cache=cache)
    make(cache, 5)
    import_cache(other, cache=cache)
    here = Cache(cache)["sine"][0]

    assert (len(here.existing), here.reserved, reserved_samples(here.paths)) == (45, 45, 45)
    assert [(run.start, run.stop) for run in runs.list_runs(here.paths)] == [
        (0, 20), (0, 40), (40, 45)
    ]  # fmt: skip


def test_a_shorter_run_that_comes_last_hides_no_longer_one(cache, other):
    make(cache, 40)
    make(other, 20)
    import_cache(other, cache=cache)

    assert make(cache, 5).reserved == 45


def test_runs_keep_their_history_under_new_numbers(cache, other):
    make(cache, 10, seed=1)
    make(cache, 20)
    there = make(other, 40).paths
    import_cache(other, cache=cache)
    here = Cache(cache)["sine"]["seed=0"].paths
    old, new = (paths.run(number) for paths, number in ((there, 0), (here, 1)))
    plan, copied = runs.list_plans(old)[0], runs.list_plans(new)[0]

    assert runs.read_run(here, 1).former == runs.read_run(there, 0).id
    assert copied.name == f"{runs.read_run(here, 1).id}.0" != plan.name
    assert copied.has_own_name
    assert copied.events(0) == plan.events(0)
    assert new.journal(0, 0).stat().st_mtime == old.journal(0, 0).stat().st_mtime


def test_results_views_and_frozen_digests_come_along(cache, other):
    made = make(other, 20)
    made.move(10, "train")
    preprocess(made, sine.preprocessors["square_both"], "train", 10)
    digest = made["train"].freeze().digest
    made.publish_view("mine", {"made": "by hand"}, {"train": part(a=[(0, 0)])})
    (found,) = import_cache(other, cache=cache)
    here = Cache(cache)["sine"][0]

    assert found.refused == []
    assert [each.digest for each in here.frozen] == [digest]
    assert here.view("mine")["train"].users == ["a"]
    derived, before = (each["train"]["square_both"].get(10) for each in (here, made))
    assert all((one == two).all() for one, two in zip(derived, before, strict=True))
    assert is_sound(cache)


def test_an_import_that_is_repeated_changes_nothing(cache, other):
    make(cache, 20).move(5, "train")
    made = make(other, 40)
    made.move(10, "test")
    preprocess(made, sine.preprocessors["square_both"], "test", 10)
    import_cache(other, cache=cache)
    before = contents(cache)
    import_cache(other, cache=cache)

    assert contents(cache) == before


def test_a_dry_run_says_the_same_and_writes_nothing(cache, other):
    make(cache, 20).move(5, "train")
    make(other, 40).move(10, "test")
    before = contents(cache)
    (foreseen,) = import_cache(other, cache=cache, dry_run=True)
    assert contents(cache) == before
    (found,) = import_cache(other, cache=cache)

    keys = ("samples", "files", "runs", "splits", "refused", "mixed", "is_new")
    assert [getattr(foreseen, key) for key in keys] == [getattr(found, key) for key in keys]


def test_the_other_cache_stays_as_it_is(cache, other):
    make(other, 20).move(5, "train")
    before = contents(other)
    import_cache(other, cache=cache)

    assert contents(other) == before


def test_a_cache_inside_of_this_one_is_imported(cache):
    make(cache, 10)
    made = make(cache / "inner", 20)
    (found,) = import_cache(cache / "inner", cache=cache)

    assert (found.samples, len(made.existing)) == (10, 20)
    assert list(Cache(cache)) == ["sine"]
