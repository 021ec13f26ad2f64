"""A cache over which another one was copied is mended when it is imported into itself."""

from __future__ import annotations

from datagen_core import Cache
from datagen_core.store.ledger import publish_ledger, read_ledger
from datagen_core.upkeep.merging.caches import import_cache
from datagen_core.upkeep.verify import verify
from generators_for_tests import walks
from joined_caches import copy_over, is_sound, make


def test_a_cache_over_which_another_was_copied_is_mended_by_itself(cache, other, tmp_path):
    for seed in (1, 2):
        make(cache, 10, seed=seed)
        make(other, 10, seed=seed + 2)
    make(cache, 40, walks).move(10, "train")
    make(other, 60, walks).move(10, "test")
    copy_over(other, cache)
    (tmp_path / "alias").symlink_to(cache)
    assert not is_sound(cache)

    assert not any(each.refused for each in import_cache(tmp_path / "alias", cache=cache))
    assert [each.seed for each in Cache(cache)["sine"].values()] == [1, 2, 3, 4]
    assert is_sound(cache)
    assert make(cache, 5, walks).reserved == 65


def test_a_ledger_that_another_one_lies_over_is_joined_with_it(cache, other):
    make(cache, 30).move(5, "train")
    there = make(other, 30)
    for _ in range(3):
        there.move(5, "test")
    copy_over(other, cache)
    assert Cache(cache)["sine"][0].counts == {"raw": 15, "test": 15}
    assert "splits of another cache" in verify(Cache(cache)["sine"][0]).problems[0]

    (foreseen,) = import_cache(cache, cache=cache, dry_run=True)
    (found,) = import_cache(cache, cache=cache)
    assert [str(each.samples) for each in found.refused] == ["0-4"]
    assert foreseen == found
    assert is_sound(cache)


def test_what_mending_does_is_said(cache, other, run_cli):
    make(cache, 30).move(5, "train")
    there = make(other, 40)
    there.move(10, "train")
    there.move(5, "test")
    make(other, 5, seed=2)
    make(cache, 5, seed=3)
    copy_over(other, cache)
    foreseen, done = (
        run_cli("import", cache, *words).out.splitlines() for words in (["--dry-run"], [])
    )
    assert foreseen[0] == done[0] == "sine 0: no more samples, 1 run more"
    assert foreseen[-1].endswith(": gets a number, no more samples")
    assert done[-1].startswith("sine 2 (")


def test_publishing_a_ledger_by_hand_is_no_other_cache(cache):
    made = make(cache, 30)
    for _ in range(3):
        made.move(2, "train")
        current = read_ledger(made.paths)
        publish_ledger(made.paths, current.follow("mine"))

    assert is_sound(cache)
