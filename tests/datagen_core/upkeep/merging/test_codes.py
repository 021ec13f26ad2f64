"""Samples of other code lie beside those of a set only as equal ones, or the set is mixed."""

from __future__ import annotations

import pytest

from datagen_core import Cache, generate
from datagen_core.store.probes import read_probes
from datagen_core.upkeep.merging.caches import import_cache
from datagen_core.upkeep.verify import verify

SOURCE = """
import datagen_core

def helper(x):
    return x + 1

@datagen_core.generator(10)
def fall(size, rng):
    for _ in range(size):
        yield {"f": helper(rng.normal())}
"""

EQUAL = ("return x + 1", "y = 1 + x\n    return y")
OTHER = ("return x + 1", "return x + 2")


@pytest.fixture
def extend(tmp_path):
    """Make samples of a set in a cache by code of which some is replaced."""

    def extend(cache, samples, change=("", ""), **options):
        folder = tmp_path / f"code-{hash(change)}"
        folder.mkdir(exist_ok=True)
        (folder / "fall.py").write_text(SOURCE.replace(*change, 1))
        source = f"{folder / 'fall.py'}:fall"
        return generate(source, samples, executor="inline", cache=cache, **options)

    return extend


def joined(cache):
    made = Cache(cache)["fall"][0]
    return made.mixed, sorted(each["probe"] for each in verify(made).codes)


def test_other_code_without_samples_in_common_mixes_a_set(extend, cache, other):
    there = extend(other, 10)
    there.move(10, "train")
    extend(other, 10, EQUAL)
    next(there.paths.shards.glob("000000000000-*")).unlink()
    extend(cache, 10, OTHER)
    (found,) = import_cache(other, cache=cache)

    assert found.mixed
    assert joined(cache) == (True, ["accepted", "first"])


def test_other_code_that_made_equal_samples_does_not(extend, cache, other):
    extend(cache, 10)
    extend(other, 20, EQUAL)
    (found,) = import_cache(other, cache=cache)

    assert not found.mixed
    assert joined(cache) == (False, ["equal"])  # the longer file is read
    (probe,) = read_probes(Cache(cache)["fall"][0].paths)
    assert str(probe.samples) == "0-9"


def test_a_probe_that_was_equal_there_counts(extend, cache, other):
    extend(cache, 10)
    there = extend(other, 10)
    extend(other, 10, EQUAL)
    next(there.paths.shards.glob("000000000000-*")).unlink()
    import_cache(other, cache=cache)

    assert joined(cache) == (False, ["equal", "first"])


def test_what_was_mixed_there_is_mixed_here(extend, cache, other):
    extend(other, 10)
    extend(other, 10, OTHER, accept_code=True)
    import_cache(other, cache=cache)

    assert joined(cache) == (True, ["accepted", "first"])


def test_a_code_that_only_made_what_is_here_mixes_nothing(extend, cache, other):
    extend(other, 10)
    extend(cache, 10)
    extend(other, 10, OTHER, accept_code=True)
    there = Cache(other)["fall"][0].paths
    next(there.shards.glob("000000000010-*")).unlink()
    import_cache(other, cache=cache)

    assert joined(cache) == (False, ["first"])


def test_other_code_that_made_other_samples_is_refused(extend, cache, other):
    extend(cache, 10)
    extend(other, 20, OTHER)
    (found,) = import_cache(other, cache=cache)

    assert [str(each.samples) for each in found.refused] == ["0-9"]
    assert joined(cache) == (False, ["first"])


def test_either_code_goes_on_with_a_joined_set(extend, cache, other):
    extend(cache, 10)
    extend(other, 20, EQUAL)
    import_cache(other, cache=cache)

    for change in (("", ""), EQUAL):
        extend(cache, 5, change)
    assert len(Cache(cache)["fall"][0].existing) == 30
