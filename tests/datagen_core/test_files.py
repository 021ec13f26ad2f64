"""Files that appear whole or not at all, hashes, and packages that may be missing."""

from __future__ import annotations

import os
import re
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from datagen_core.errors import MissingPackageError, NewerFormatError
from datagen_core.files import (
    check_format,
    expand_home,
    explain_missing,
    hash_file,
    placing,
    read_regular,
    replacing,
    require,
    user_cache,
    user_configuration,
)


def test_a_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "folder" / "a.bin"

    with replacing(path) as file:
        file.write(b"content")
        assert not path.exists()

    assert path.read_bytes() == b"content"
    assert [each.name for each in path.parent.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("link", [False, True])
def test_a_pipe_or_device_is_never_replaced(tmp_path, link):
    pipe, path = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    path.symlink_to(pipe)

    with (
        pytest.raises(OSError, match="not replaced"),
        replacing(path if link else pipe) as file,
    ):
        file.write(b"content")
    assert pipe.is_fifo()
    assert path.is_symlink()


def write_half(path, error):
    with replacing(path, "w") as file:
        file.write("half")
        raise error


@pytest.mark.parametrize("folder", ["", "new/folder"])
def test_a_failure_leaves_nothing_behind(tmp_path, folder):
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / folder / "a.txt", KeyboardInterrupt())

    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    with pytest.raises(ValueError, match="bad"):
        write_half(path, ValueError("bad"))

    assert path.read_text() == "old"


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path):
    (tmp_path / "a.txt").mkdir()
    for path in (tmp_path / "a.txt", tmp_path / "a.txt" / ("long" * 99)):
        with pytest.raises(OSError, match=r".") as caught, replacing(path):
            pass
        assert caught.value.filename == str(path)


def test_text_is_utf_8_and_line_ends_are_the_callers(tmp_path):
    with replacing(tmp_path / "a.csv", "w", newline="") as file:
        file.write("é\r\n")

    assert (tmp_path / "a.csv").read_bytes() == "é\r\n".encode()


def test_a_file_that_exists_is_not_replaced_with_x(tmp_path):
    with replacing(tmp_path / "a.txt", "x") as file:
        file.write("first")

    with pytest.raises(FileExistsError) as caught, replacing(tmp_path / "a.txt", "x") as file:
        file.write("second")
    assert caught.value.filename in {str(tmp_path / "a.txt"), None}
    assert (tmp_path / "a.txt").read_text() == "first"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("exists", [False, True])
def test_x_works_without_hard_links(tmp_path, monkeypatch, exists):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    path = tmp_path / "a.txt"
    if exists:
        path.write_text("old")

    with pytest.raises(FileExistsError) if exists else nullcontext(), replacing(path, "x") as file:
        file.write("new")
    assert path.read_text() == ("old" if exists else "new")
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def fill(folder, name):
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / name).write_text(name)


def test_a_folder_takes_the_place_of_a_folder(tmp_path):
    for name in ("old", "new"):
        with placing(tmp_path / "a") as folder:
            fill(folder, name)

    assert [path.name for path in tmp_path.rglob("*")] == ["a", "inner", "new"]


def place_half(path):
    with placing(path) as folder:
        fill(folder, "new")
        raise OSError(5, "gone", str(folder / "inner" / "new"))


def test_a_folder_stays_if_the_block_fails(tmp_path):
    fill(tmp_path / "a", "old")

    with pytest.raises(OSError, match="gone") as caught:
        place_half(tmp_path / "a")
    assert caught.value.filename == str(tmp_path / "a" / "inner" / "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "inner", "old"]


def test_a_file_never_takes_the_place_of_a_folder(tmp_path):
    fill(tmp_path / "a", "old")

    with pytest.raises(OSError, match="directory"), replacing(tmp_path / "a"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "inner", "old"]


def test_hash_is_sha_256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")

    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_file(tmp_path / "a") == digest


def test_a_missing_package_names_its_extra():
    with pytest.raises(MissingPackageError, match=r"no_such is not installed; .*datagen\[plots\]"):
        require("no_such.module", "plots")


@pytest.mark.parametrize(
    ("module", "advised"),
    [
        ("torch", r"'datagen\[torch\]'"), ("sklearn", r"'datagen\[sklearn\]'"),
        ("matplotlib", r"'datagen\[plots\]'"), ("PIL", r"'datagen\[images\]'"),
        ("no_such", "no_such"),
    ],
)  # fmt: skip
def test_the_smallest_extra_that_brings_a_package_is_advised(monkeypatch, module, advised):
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed

    missing = explain_missing(ModuleNotFoundError("no module", name=f"{module}.nn"))
    assert re.search(rf"is not installed; run: pip install {advised}$", str(missing))


def test_a_module_that_an_installed_package_lacks_is_no_missing_package():
    assert explain_missing(ModuleNotFoundError("no module", name="json.no_such")) is None


def test_a_module_is_returned():
    assert require("json.decoder", "plots").JSONDecoder


@pytest.mark.parametrize(
    ("found", "strict", "is_known"),
    [
        (None, True, True), ("1.3", True, True), ("1.0", True, True), ("1.12", False, True),
        ("1.12", True, False), ("2.0", False, False), ("10.0", False, False), ("new", False, False),
        (2, False, False),
    ],
)  # fmt: skip
def test_formats_are_compared_by_their_numbers(tmp_path, found, strict, is_known):
    path = tmp_path / "a.json"

    with nullcontext() if is_known else pytest.raises(NewerFormatError, match=f"{path} was made"):
        check_format(path, found, "1.3", strict=strict)


def test_what_is_placed_is_synced_with_all_folders(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync

    def record(descriptor):
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    with placing(tmp_path / "new" / "a") as folder:
        fill(folder, "file")

    inside = {folder / "inner" / "file", folder / "inner", folder}
    assert {*synced[:3]} == inside
    assert synced[3:] == [tmp_path / "new", tmp_path]


@pytest.mark.parametrize("exists", [True, False])
def test_the_next_one_removes_what_killed_ones_left(tmp_path, exists):
    if exists:
        fill(tmp_path / "a", "old")
    litter, other = tmp_path / ".a~litter.tmp", tmp_path / ".b~litter.tmp"
    for path in (litter, other):
        fill(path, "new")
        for each in [*path.rglob("*"), path]:
            os.utime(each, (0, 0))

    with placing(tmp_path / "a") as folder:
        assert litter.exists() is not exists  # it may hold the only whole one
        fill(folder, "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, "a"]


def test_a_home_that_there_is_not_stays_as_it_is_written(monkeypatch):
    monkeypatch.setenv("HOME", "/home/of/this/user")

    assert expand_home("~/a") == Path("/home/of/this/user/a")
    assert expand_home("~nobody-of-this-name/a") == Path("~nobody-of-this-name/a")


@pytest.mark.parametrize("folder", [user_cache, user_configuration])
def test_a_user_without_a_home_has_folders_of_nobody(monkeypatch, folder):
    for variable in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)

    assert Path("/nonexistent") in folder("of datagen").parents


def test_a_file_of_nothing_but_a_hole_is_not_read(tmp_path):
    (tmp_path / "hole").touch()
    os.truncate(tmp_path / "hole", 2**40)

    with pytest.raises(OSError, match="File too large"):
        read_regular(tmp_path / "hole")
