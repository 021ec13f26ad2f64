"""A set is packed into one file, and what comes out of such a file is checked first."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import tarfile

import pytest

from datagen_core import Cache, ConfigurationError, DamagedFileError
from datagen_core.store.compaction import compact
from datagen_core.upkeep.merging import archives
from datagen_core.upkeep.merging.archives import SUMS, pack, unpack
from datagen_core.upkeep.preprocess import preprocess
from generators_for_tests import sine
from joined_caches import contents, is_sound, make, values
from view_parts import part


@pytest.fixture
def made(other):
    """Return a set that has something of everything."""
    make(other, 20)
    made = make(other, 10)
    compact(made.paths, made.record, made.schema, grace=0)
    made = make(other, 10)
    made.move(10, "train")
    made.exclude([35], "bad")
    preprocess(made, sine.preprocessors["square_both"], "train", 10)
    made["train"].freeze()
    made.publish_view("mine", {"made": "by hand"}, {"train": part(a=[(0, 0)])})
    return made


@pytest.fixture
def packed(made, tmp_path):
    pack(made, tmp_path / "set.tar")
    return tmp_path / "set.tar"


def test_what_is_unpacked_is_what_was_packed(made, packed, cache):
    (found,) = unpack(packed, cache)
    here = Cache(cache)["sine"][0]

    assert (found.is_new, found.samples, found.refused) == (True, 40, [])
    assert (values(here) == values(made)).all()
    assert here.counts == made.counts
    assert [each.digest for each in here.frozen] == [each.digest for each in made.frozen]
    assert (here["train"].derived, here.views) == (made["train"].derived, made.views)
    assert is_sound(cache)
    assert [each.name for each in cache.iterdir()] == ["sine"]


def test_the_same_set_gives_the_same_bytes(made, packed, tmp_path):
    pack(made, tmp_path / "again.tar")

    assert (tmp_path / "again.tar").read_bytes() == packed.read_bytes()


def test_other_programs_read_and_check_it(made, packed, tmp_path):
    folder = tmp_path / "by tar"
    folder.mkdir()
    subprocess.run(["tar", "xf", packed, "-C", folder], check=True)
    subprocess.run(["sha256sum", "-c", "--quiet", SUMS], cwd=folder, check=True)

    assert (values(Cache(folder)["sine"][0]) == values(made)).all()
    assert is_sound(folder)


def test_it_is_joined_with_a_set_that_is_here(made, packed, cache):
    make(cache, 10, seed=3)
    make(cache, 30).move(5, "test")
    (found,) = unpack(packed, cache)

    assert (found.number, found.samples) == (1, 10)
    assert [str(each.samples) for each in found.refused] == ["0-4"]


def test_a_dry_run_leaves_no_cache_behind(packed, cache):
    assert unpack(packed, cache, dry_run=True)[0].samples == 40
    assert not cache.exists()

    cache.mkdir()
    unpack(packed, cache, dry_run=True)
    assert list(cache.iterdir()) == []


def test_a_file_is_replaced_only_where_that_is_asked_for(made, packed):
    with pytest.raises(ConfigurationError, match="--force"):
        pack(made, packed)
    pack(made, packed, force=True)


def test_what_is_no_file_is_not_unpacked(cache, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing", "."):
        with pytest.raises(ConfigurationError, match="is not a file"):
            unpack(tmp_path / name, cache)


def test_a_file_has_its_folder(made, tmp_path):
    with pytest.raises(ConfigurationError, match="make it first"):
        pack(made, tmp_path / "missing" / "set.tar")


def test_a_damaged_set_is_not_packed(made, tmp_path):
    path = next(made.paths.shards.iterdir())
    path.write_bytes(b"")

    with pytest.raises(DamagedFileError, match=path.name):
        pack(made, tmp_path / "set.tar")
    assert not (tmp_path / "set.tar").exists()


def rewrite(path, change):
    """Write an archive anew, with members that `change` returns from its members."""
    with tarfile.open(path) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar][:-1]
    members = change(members)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {member.name}\n"
                   for member, content in members)  # fmt: skip
    with tarfile.open(path, "w") as tar:
        for member, content in [*members, (tarfile.TarInfo(SUMS), sums.encode())]:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))


def member(name, kind=tarfile.REGTYPE, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b"x" if kind == tarfile.REGTYPE else b""


HOSTILE = {
    "outside": member("../evil.h5"),
    "hidden outside": member("sine/../../evil.h5"),
    "absolute": member("/tmp/evil.h5"),
    "link": member("sine/evil.h5", tarfile.SYMTYPE, "/etc/passwd"),
    "hard link": member("sine/evil.h5", tarfile.LNKTYPE, "/etc/passwd"),
    "device": member("sine/evil.h5", tarfile.CHRTYPE),
    "pipe": member("sine/evil.h5", tarfile.FIFOTYPE),
    "holes": member("sine/evil.h5", tarfile.GNUTYPE_SPARSE),
    "hidden": member(".datagen/evil.h5"),
    "control characters": member("sine/\x1b[2J.h5"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused(packed, cache, tmp_path, kind):
    rewrite(packed, lambda members: [HOSTILE[kind], *members])

    with pytest.raises(DamagedFileError, match="nothing was imported"):
        unpack(packed, cache)
    assert not contents(cache)
    assert not list(tmp_path.glob("**/evil*"))


CHANGES = {
    "changed": lambda content: content.replace(b'"sine"', b'"sinf"', 1),
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "an empty archive": lambda _: bytes(tarfile.RECORDSIZE),
    "compressed": gzip.compress,
    "not an archive": lambda _: b"PK" * 5000,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_damaged_archive_is_refused(packed, cache, change):
    packed.write_bytes(CHANGES[change](packed.read_bytes()))

    with pytest.raises(DamagedFileError, match="nothing was imported"):
        unpack(packed, cache)
    assert not contents(cache)


def test_files_that_are_not_listed_or_twice_are_refused(packed, cache):
    rewrite(packed, lambda members: [*members, members[0]])

    with pytest.raises(DamagedFileError, match="twice"):
        unpack(packed, cache)


def test_an_archive_that_claims_more_than_it_has_is_refused(packed, cache):
    with packed.open("r+b") as file:
        file.seek(124)
        file.write(b"77777777777\0")

    with pytest.raises(DamagedFileError):
        unpack(packed, cache)


def test_what_a_killed_unpack_left_is_removed(packed, cache):
    left = cache / f"{archives._UNPACKED}~00000001~1~1~123456789abc.tmp"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    unpack(packed, cache)

    assert not left.exists()
