"""A data set that is a link is read as it is written, if the right user made it."""

from __future__ import annotations

import os

import pytest

from datagen_core import Cache, generate
from datagen_core.errors import CacheError
from datagen_core.store.links import is_trusted_link
from datagen_core.upkeep.inventory import check_inventory
from generators_for_tests import sine


@pytest.fixture
def moved(cache, tmp_path):
    """Return a data set that is elsewhere, and a link in the cache."""
    generate(sine, 10, executor="inline", cache=cache)
    (cache / "sine").rename(tmp_path / "sine")
    (cache / "sine").symlink_to(tmp_path / "sine")
    return cache / "sine"


def test_a_data_set_that_is_a_link_is_read(moved):
    cache = Cache(moved.parent)

    assert list(cache) == ["sine"]
    assert len(cache["sine"][0]["raw"].get(10)[0]) == 10
    assert list(check_inventory(moved.parent)) == []


def test_a_link_is_trusted_by_its_owner(tmp_path):
    (tmp_path / "link").symlink_to("anywhere")
    state = [*(tmp_path / "link").lstat()]
    mine, others = os.geteuid(), os.geteuid() + 1
    link, folder = (os.stat_result([*state[:4], owner, *state[5:]]) for owner in (mine, others))

    assert is_trusted_link(link, folder)
    assert is_trusted_link(folder, folder)
    assert not is_trusted_link(folder, link)


@pytest.mark.parametrize("target", ["sine", "nowhere", "a stranger's"])
def test_a_link_that_is_not_followed_is_one_line(moved, target, monkeypatch):
    if target == "a stranger's":
        monkeypatch.setattr("datagen_core.store.links.is_trusted_link", lambda *_: False)
    else:
        moved.unlink()
        moved.symlink_to(target)
    cache = Cache(moved.parent)

    assert list(cache) == ["sine"]
    with pytest.raises(CacheError, match="sine is a symbolic link "):
        cache["sine"][0]
