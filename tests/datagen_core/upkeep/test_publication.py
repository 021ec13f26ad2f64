"""A published set is read as the set is, says nothing about people, and is never changed."""

from __future__ import annotations

import os
import stat
import subprocess

import pytest

import datagen_core
from datagen_core import Cache, CacheError, generate
from datagen_core.errors import DamagedFileError, VerificationError
from datagen_core.store.ledger import read_ledger
from datagen_core.upkeep import publication
from datagen_core.upkeep.preprocess import preprocess
from datagen_core.upkeep.publication import publish
from datagen_core.upkeep.verify import verify
from generators_for_tests import sine
from old_caches import CACHES, describe_cache

OLD = sorted(path.parent / "cache" for path in CACHES.glob("*/expected.json"))


@datagen_core.generator(5, private=True)
def secret(size, rng):
    yield from ({"x": x} for x in rng.random(size))


@pytest.fixture
def umask():
    former = os.umask(0o77)
    yield
    os.umask(former)


@pytest.fixture
def made(tmp_path, umask):
    """Return a set with all that one can have: packs, splits, exclusions, results."""
    for _ in range(5):
        made = generate(sine, 10, executor="inline", cache=tmp_path / "cache", params={"left": 0})
    made.move(20, "train")
    made.exclude([3, 30], "broken | <b>")
    made["train"].freeze("the paper")
    preprocess(made, sine.preprocessors["square_both"], "train", 5)
    return made


def tree(folder):
    return {str(path.relative_to(folder)): path.lstat() for path in folder.rglob("*")}


def test_it_is_read_as_the_set_is(made, tmp_path):
    publish(made, tmp_path / "public")
    (published,) = Cache(tmp_path / "public")["sine"].values()

    assert published.counts == made.counts
    assert published.frozen[0].digest == made["train"].digest == published["train"].digest
    assert published.samples.digest == made.samples.digest
    assert published["train"]["square_both"].digest == made["train"]["square_both"].digest
    assert verify(published).problems == ()


def test_scattered_choices_are_kept_without_who_made_them(tmp_path):
    made = generate(sine, 2000, executor="inline", cache=tmp_path / "cache")
    made.move(900, "train", random=True, seed=3)
    made["train"].freeze()
    publish(made, tmp_path / "public")
    (published,) = Cache(tmp_path / "public")["sine"].values()

    (draw,) = read_ledger(published.paths).draws
    assert list(made.paths.scattered.iterdir())
    assert published["train"].digest == made["train"].digest
    assert (draw.by, draw.seed) == ("unknown", 3)
    assert verify(published).problems == ()


@pytest.mark.parametrize("cache", OLD, ids=lambda path: path.parent.name)
def test_sets_of_earlier_versions_are_published_whole(cache, tmp_path):
    found, expected = {}, describe_cache(cache)
    sets = [each for dataset in Cache(cache).values() for each in dataset.values()]
    for param_set in (each for each in sets if each.existing):
        publish(param_set, tmp_path / f"{param_set}")
        found |= describe_cache(tmp_path / f"{param_set}")
        (published,) = Cache(tmp_path / f"{param_set}")[param_set.generator].values()
        assert verify(published).problems == verify(param_set).problems == ()

    assert found == {name: each for name, each in expected.items() if each["splits"]}


def test_nothing_in_it_is_about_people(made, tmp_path, monkeypatch):
    host = made.record.provenance["host"]
    publish(made, tmp_path / "public")
    texts = [
        p.read_text() for p in (tmp_path / "public").rglob("*") if p.suffix in {".json", ".md"}
    ]

    assert len(texts) > 10
    for word in (str(tmp_path), "command", "working_directory", "setup", f'"{host}"', f"@{host}"):
        assert [text for text in texts if word in text] == [], word


def test_nobody_may_write_it_and_all_may_read_it(made, tmp_path):
    publish(made, tmp_path / "public")
    modes = {
        (stat.S_ISDIR(state.st_mode), oct(stat.S_IMODE(state.st_mode)))
        for state in tree(tmp_path / "public").values()
    }

    assert modes == {(True, "0o555"), (False, "0o444")}
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o555


def test_its_sums_are_those_of_sha256sum(made, tmp_path):
    publish(made, tmp_path / "public")
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path / "public",
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout.count("\n")
        == len([s for s in tree(tmp_path / "public").values() if stat.S_ISREG(s.st_mode)]) - 1
    )


def test_the_card_says_what_is_in_it(made, tmp_path):
    publish(made, tmp_path / "public")
    card = (tmp_path / "public" / "README.md").read_text()

    for text in (
        f"| train | 19 | 1 | `{made['train'].digest}` |", '| `left` | `0.0` | `-1.0` |',
        "- 3, 30: broken \\| \\<b\\> (", made.record.digest, "| `y` | `float64` |",
    ):  # fmt: skip
        assert text in card


def test_own_files_are_linked_and_others_copied(made, tmp_path, monkeypatch):
    assert publish(made, tmp_path / "linked").linked > 0
    made.paths.shards.chmod(0o770)
    for path in [*made.paths.packs.iterdir(), *made.paths.shards.iterdir()]:
        path.chmod(0o660)
    copied = publish(made, tmp_path / "copied")

    assert copied.linked < copied.files
    assert {s.st_nlink for n, s in tree(tmp_path / "copied").items() if "/packs/" in n} == {1}


def test_repeated_it_is_there_and_a_set_that_grew_is_refused(made, tmp_path):
    publish(made, tmp_path / "public")
    before = tree(tmp_path / "public")
    assert publish(made, tmp_path / "public").again
    made.move(5, "test")

    with pytest.raises(CacheError, match="holds something else, or an earlier state"):
        publish(made, tmp_path / "public")
    assert {n: s.st_mtime_ns for n, s in tree(tmp_path / "public").items()} == {
        n: s.st_mtime_ns for n, s in before.items()
    }


@pytest.mark.parametrize("step", ["_bring", "_sum", "write_card", "_close"])
def test_an_interrupted_publication_is_made_anew(made, tmp_path, monkeypatch, step):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publication, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            publish(made, tmp_path / "public")
    publish(made, tmp_path / "public")

    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o555
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "public"]


def test_what_appears_there_meanwhile_stays(made, tmp_path, monkeypatch):
    place = tmp_path / "public"
    place.mkdir()

    def write(_):
        place.mkdir()
        (place / "notes.txt").touch()
        return "card"

    monkeypatch.setattr(publication, "write_card", write)
    with pytest.raises(CacheError, match="holds something else"):
        publish(made, place)
    assert [path.name for path in place.iterdir()] == ["notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "public"]


@pytest.mark.parametrize("place", ["file", "cache/public", "full"])
def test_what_is_no_place_for_it_is_refused(made, tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    before = tree(tmp_path)

    with pytest.raises(CacheError):
        publish(made, tmp_path / place)
    assert tree(tmp_path).keys() == before.keys()


def test_who_publishes_the_same_at_the_same_time_finds_it_there(made, tmp_path, monkeypatch):
    fill, begun = publication._fill, []

    def fill_late(*arguments):
        begun.append(arguments)
        if len(begun) == 1:
            publish(made, tmp_path / "public")
        return fill(*arguments)

    monkeypatch.setattr(publication, "_fill", fill_late)
    assert publish(made, tmp_path / "public").again
    assert [path.name for path in tmp_path.glob("*public*")] == ["public"]


@pytest.mark.parametrize("target", ["empty", "missing"])
def test_a_link_leads_to_where_it_is_published(made, tmp_path, target):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(target)

    assert publish(made, tmp_path / "link").path == (tmp_path / target).resolve()
    assert (tmp_path / "link" / "README.md").is_file()
    assert publish(made, tmp_path / "link").again


def test_a_folder_that_keeps_others_out_is_named(run_cli, made, tmp_path):
    done = run_cli("publish", "sine", tmp_path / "closed" / "public")

    assert done.code == 0
    assert done.err == (
        f"datagen: warning: not all can read it: {tmp_path / 'closed'} is closed to others\n"
    )


def test_a_foreign_document_is_named(made, tmp_path):
    (made.paths.root / "derived" / "notes.json").write_text("[]")

    with pytest.raises(DamagedFileError, match=r"notes\.json is damaged, or not datagen's"):
        publish(made, tmp_path / "public")


def test_a_damaged_set_is_not_published(made, tmp_path):
    shard = next(made.paths.packs.iterdir())
    shard.write_bytes(shard.read_bytes()[:-9])

    with pytest.raises(VerificationError, match=r"is not published: .* is damaged"):
        publish(made, tmp_path / "public")
    assert not (tmp_path / "public").exists()


def test_a_private_set_stays_private_and_shows_no_owner(tmp_path, configuration):
    made = generate(secret, 10, executor="inline", cache=tmp_path / "cache")
    publish(made, tmp_path / "public")
    published = Cache(tmp_path / "public")["secret"][0]
    (key,) = (path.read_text() for path in configuration.rglob("keys/*"))

    assert published.record.private
    assert set(published.record.owner.values()) == {"unknown"}
    assert not [
        p
        for p in (tmp_path / "public").rglob("*")
        if p.is_file() and key.encode() in p.read_bytes()
    ]
    assert verify(published).problems == ()


def test_texts_that_may_name_somebody_are_told(run_cli, tmp_path, cache):
    made = generate(sine, 10, executor="inline", params={"label": "/home/ann/notes"})
    made.exclude([1], "ask bob@example.org")
    done = run_cli("publish", "sine", tmp_path / "public", "--json")

    assert done.code == 0
    assert [each.partition("' (")[0] for each in done.json["personal"]] == [
        "'/home/ann/notes",
        "'ask bob@example.org",
    ]
    assert done.err.count("warning: published as part of the set: ") == 2


def test_a_set_without_samples_has_nothing_to_publish(run_cli, tmp_path, cache):
    made = generate(sine, 10, executor="inline")
    for path in made.paths.shards.iterdir():
        path.unlink()

    assert "has no samples yet" in run_cli("publish", "sine", tmp_path / "public").err
