"""Other caches are only data: hostile, read-only, closed, old, too new, or in use."""

from __future__ import annotations

import json
import os
import shutil
import threading

import h5py
import pytest

from datagen_core import Cache, InputFile, Params, generate, generator
from datagen_core.generators.identity import sha256_of
from datagen_core.store.journals import Journal
from datagen_core.store.published import published_samples
from datagen_core.store.runs import list_runs
from datagen_core.upkeep.merging.caches import import_cache
from generators_for_tests import walks
from hostile_filesystems import mounted, remount
from joined_caches import contents, is_sound, make, values
from old_caches import CACHES
from private_sets import SOURCE


def rewrite(path, **changed):
    content = json.loads(path.read_text()) | changed
    content.pop("checksum")
    path.write_text(json.dumps(content | {"checksum": sha256_of(content)}))


def test_a_file_that_links_elsewhere_is_damage(cache, other):
    make(other, 10)
    made = make(other, 20)
    path = max(made.paths.shards.iterdir())
    with h5py.File(path, "r+") as file:
        del file["x"]
        file["x"] = h5py.ExternalLink(str(min(made.paths.shards.iterdir())), "x")
    (found,) = import_cache(other, cache=cache)

    assert "is a link to something else" in found.refused[0].reason
    assert len(Cache(cache)["sine"][0].existing) == 10


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_in_place_of_files_are_not_followed(cache, other, tmp_path, kind):
    made = make(other, 10)
    moved = made.paths.shards if kind == "folder" else next(made.paths.shards.iterdir())
    place = shutil.move(moved, tmp_path / "elsewhere")
    moved.symlink_to(place)
    (found,) = import_cache(other, cache=cache)

    assert found.refused
    assert not list(cache.glob("sine/*/shards/*"))


def test_a_log_that_is_a_link_does_not_come(cache, other, tmp_path):
    made = make(other, 10)
    (tmp_path / "secret").write_text("secret")
    log = made.paths.run(0).log(0, 0)
    log.parent.mkdir()
    log.symlink_to(tmp_path / "secret")
    import_cache(other, cache=cache)

    assert not any("secret" in path.read_text(errors="replace") for path in cache.rglob("*.log"))


def test_a_set_of_a_newer_version_is_refused_by_name_and_the_others_come(cache, other):
    newer = make(other, 5)
    make(other, 5, walks)
    rewrite(newer.paths.params, format="9.0")
    outcomes = import_cache(other, cache=cache)

    assert "made by a newer datagen" in outcomes[0].refused[0].reason
    assert str(newer.paths.params) in outcomes[0].refused[0].reason
    assert list(Cache(cache)) == ["walks"]


def test_keys_of_later_versions_come_along(cache, other):
    made = make(other, 5)
    rewrite(made.paths.params, format="1.9", later={"key": 1})
    import_cache(other, cache=cache)
    (path,) = cache.glob("sine/*/params.json")

    content = json.loads(path.read_text())
    assert (content["format"], content["later"]) == ("1.9", {"key": 1})


@pytest.mark.parametrize(
    "name", ["params.json", "schema.json", "runs/0.json", "splits/00000001.json"]
)
def test_a_damaged_document_is_named_and_the_others_come(cache, other, name):
    made = make(other, 5)
    made.move(3, "train")
    make(other, 5, walks)
    (made.paths.root / name).write_text("{")
    outcomes = import_cache(other, cache=cache)

    assert name in outcomes[0].refused[0].reason
    assert len(Cache(cache)["walks"][0].existing) == 5
    assert is_sound(cache)


def test_samples_that_came_are_counted_where_what_belongs_to_them_is_damaged(cache, other):
    made = make(other, 20)
    made.move(10, "train")
    made["train"].freeze()
    (document,) = made.paths.frozen.iterdir()
    document.write_text("{}")
    (found,) = import_cache(other, cache=cache)

    assert (found.samples, found.files, found.splits) == (20, 1, {"train": 10})
    assert str(document) in found.refused[0].reason


def test_a_set_whose_record_is_another_ones_is_refused(cache, other):
    made = make(other, 5)
    rewrite(made.paths.params, seed=7)
    (found,) = import_cache(other, cache=cache)

    assert "is not the record of" in found.refused[0].reason
    assert not contents(cache)


def test_a_cache_of_an_earlier_version_comes_whole(cache):
    old = CACHES / "0.1" / "cache"
    outcomes = import_cache(old, cache=cache)

    assert not [each.refused for each in outcomes if each.refused]
    for name, data_set in Cache(old).items():
        for there, here in zip(data_set.values(), Cache(cache)[name].values(), strict=True):
            assert here.counts == there.counts
            assert len(list_runs(here.paths)) == len(list_runs(there.paths))
    assert is_sound(cache)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
def test_a_read_only_cache_on_another_file_system_is_copied(cache):
    with mounted("20m") as folder:
        make(folder / "cache", 10)
        remount(folder, "ro")
        (found,) = import_cache(folder / "cache", cache=cache)

    assert (found.files, found.linked) == (1, 0)
    assert is_sound(cache)


def test_a_run_that_is_alive_there_is_told_of(cache, other):
    made = make(other, 10)
    run = made.paths.run(0)
    next(made.paths.shards.iterdir()).unlink()
    run.journal(0, 0).unlink()
    Journal(run.journal(0, 0)).append("start", host="far", pid=1, started=0.0, beats=15.0)
    (found,) = import_cache(other, cache=cache)

    assert (found.alive, found.samples) == (True, 0)
    assert Cache(cache)["sine"][0].reserved == 10


def test_what_a_run_did_since_comes_with_the_next_import(cache, other):
    made = make(other, 10)
    journal = made.paths.run(0).journal(0, 0)
    import_cache(other, cache=cache)
    Journal(journal).append("error", range=[0, 10], message="late", final=False)
    make(other, 10)
    (found,) = import_cache(other, cache=cache)
    (copied,) = cache.glob("sine/*/runs/0/0-0.jsonl")

    assert (found.samples, found.runs) == (10, 1)
    assert copied.read_bytes() == journal.read_bytes()


class WordsParams(Params):
    text: InputFile


@generator(5, WordsParams)
def words(size, params, rng):
    return {"x": rng.random(size)}


def test_input_files_come_along_and_are_checked(cache, other, tmp_path):
    (tmp_path / "text").write_text("something")
    generate(words, 5, {"text": str(tmp_path / "text")}, executor="inline", cache=other)
    (kept,) = (other / "inputs").glob("[0-9a-f]*")
    import_cache(other, cache=cache)
    assert (cache / "inputs" / kept.name).read_text() == "something"

    kept.write_text("something else")
    (found,) = import_cache(other, cache=cache.with_name("third"))
    assert "input file" in found.refused[0].reason


def test_imports_and_runs_at_once_lose_nothing(cache, other):
    for count in (10, 10, 10, 10):
        make(other, count)
    threads = [threading.Thread(target=import_cache, args=(other,), kwargs={"cache": cache})
               for _ in range(3)]  # fmt: skip
    threads += [threading.Thread(target=make, args=(cache, 7, walks)) for _ in range(2)]
    threads += [threading.Thread(target=make, args=(cache, 10))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    here = Cache(cache)["sine"][0]

    assert len(here.existing) in {40, 50}  # reserved before, or behind what came
    assert [each.maker for each in list_runs(here.paths)].count("") == 0
    assert (values(here)[:40] == values(Cache(other)["sine"][0])[:40]).all()
    assert list(Cache(cache)["sine"]) == [0]
    assert is_sound(cache)


def test_a_private_set_comes_without_its_key(cache, other, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "votes.py").write_text(SOURCE)
    source = f"{tmp_path / 'votes.py'}:votes"
    made = generate(source, 10, executor="inline", cache=other)
    keys = contents(tmp_path / "config")
    (found,) = import_cache(other, cache=cache)
    here = Cache(cache)["votes"][0]

    assert (found.refused, found.samples, here.record) == ([], 10, made.record)
    assert published_samples(here.paths) == published_samples(made.paths)
    assert contents(tmp_path / "config") == keys
    assert not any(key in text for key in keys.values() for text in contents(cache).values())
    assert is_sound(cache)
