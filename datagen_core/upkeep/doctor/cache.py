"""The folder of a cache, and the file system that it is on: what can be done there, and by whom."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from datagen_core.errors import count_of, human_bytes
from datagen_core.executors.base import Finding, Verdict
from datagen_core.files import opened
from datagen_core.store.access import user_named
from datagen_core.store.heartbeats import clock
from datagen_core.store.links import list_data_sets
from datagen_core.store.publishing import drafting
from datagen_core.store.sharing import group_named, rights_of
from datagen_core.temporary import remove_abandoned, temporary_name
from datagen_core.upkeep.doctor.installation import LARGEST_FILE, Checks

_FOLDER = ".datagen-doctor"
_NO_SPACE, _LITTLE_SPACE = LARGEST_FILE, 10 * LARGEST_FILE
_NO_FILES, _FEW_FILES = 100, 10_000
_ALMOST = 0.9
_QUOTA_SECONDS = 10.0
_SLOW_SECONDS = 1.0

MOST_SKEW = 5.0
"""Clocks that differ by more seconds are not synchronised."""

_REMARKS = {
    "overlay": "the changes of a container, gone with it; mount a volume for what is to be kept",
    "ramfs": "memory of this machine, gone after a reboot",
    "tmpfs": "memory of this machine, gone after a reboot",
}


def checks_of_cache(path: Path) -> Checks:
    """Return the checks of a cache, or of the folder in which it would be made."""
    place = find_place(path)
    yield "cache", partial(_check_cache, path, place)
    yield "file system", partial(_check_file_system, place)
    yield "space", partial(_check_space, place)
    yield "quota", partial(_check_quota, place)
    if place == path:
        yield "rights", partial(_check_rights, path)
    if not os.access(place, os.W_OK | os.X_OK):
        return
    with probe_folder(place) as folder:
        yield "publishing", partial(_check_publishing, folder)
        yield "hard links", partial(_check_links, folder)
        yield "flock", partial(_check_flock, folder)
        yield "clock", partial(_check_clock, folder)


def find_place(cache: Path) -> Path:
    """Return the folder of a cache, or the lowest one above it that there is."""
    return next(each for each in (cache, *cache.parents) if os.path.isdir(each))  # noqa: PTH112 (no error)


@contextmanager
def probe_folder(place: Path) -> Iterator[Path]:
    """Make a folder that is removed at the end, or by the next one if this process is killed."""
    with opened(place) as descriptor:
        remove_abandoned(descriptor, _FOLDER)
    folder = place / temporary_name(_FOLDER)
    folder.mkdir(0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_cache(path: Path, place: Path) -> Iterator[Finding]:
    owner = user_named(place.stat().st_uid)
    may_write = os.access(place, os.W_OK | os.X_OK)
    there = next(each for each in (path, *path.parents) if os.path.lexists(each))
    if there != place:
        told = f"{there} is not a folder that can be opened; name another one with --cache"
        yield Finding("cache", "error", told)
    elif place != path and may_write:
        yield Finding("cache", "ok", f"{path} does not exist yet, and can be made in {place}")
    elif place != path:
        told = f"{path} cannot be made: {place} belongs to {owner}; name another one with --cache"
        yield Finding("cache", "error", told)
    elif not os.access(path, os.R_OK | os.X_OK):
        yield Finding("cache", "error", f"{path} cannot be read; it belongs to {owner}")
    else:
        count = len(list_data_sets(path))
        held = f"{path}: {count_of(count, 'data set')}"
        told = f"{held}, which can be read and not added to: it belongs to {owner}; runs need "
        yield (
            Finding("cache", "ok", held)
            if may_write
            else Finding("cache", "error", f"{told}another --cache, or the right to write")
        )


class _Mount(NamedTuple):
    folder: str
    kind: str
    source: str
    options: frozenset[str]


def _find_mount(place: Path) -> _Mount:
    """Return what is mounted where a folder is: the longest path above it, the last one of it."""
    real = f"{os.path.realpath(place)}/"
    found = _Mount("/", "unknown", "", frozenset())
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        words = os.fsdecode(line).split(" ")
        rest = words[words.index("-") + 1 :]
        folder = _unescape(words[4])
        if real.startswith(f"{folder.rstrip('/')}/") and len(folder) >= len(found.folder):
            options = frozenset({*words[5].split(","), *rest[2].split(",")})
            found = _Mount(folder, rest[0], _unescape(rest[1]), options)
    return found


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _check_file_system(place: Path) -> Iterator[Finding]:
    mount = _find_mount(place)
    told = f"{mount.kind} of {mount.source} at {mount.folder}"
    if "ro" in mount.options:
        yield Finding("file system", "error", f"{told}, mounted to be read only")
    elif remark := _REMARKS.get(mount.kind):
        yield Finding("file system", "warning", f"{told}: {remark}")
    else:
        yield Finding("file system", "ok", told)


def _check_space(place: Path) -> Iterator[Finding]:
    state = os.statvfs(place)
    free = state.f_bavail * state.f_frsize
    files = state.f_favail if state.f_files else None  # some file systems do not count them
    told = f"{human_bytes(free)} free"
    told += f", for {files:,} more files" if files is not None else ""
    if free < _NO_SPACE or (files is not None and files < _NO_FILES):
        yield Finding("space", "error", f"{told}: remove what is not needed")
    elif free < _LITTLE_SPACE or (files is not None and files < _FEW_FILES):
        yield Finding("space", "warning", f"{told}, which is little: remove what is not needed")
    else:
        yield Finding("space", "ok", told)


def _check_quota(place: Path) -> Iterator[Finding]:
    """Yield how much of a quota is used, where the file system has one and a command says so."""
    mount = _find_mount(place)
    user = user_named(os.geteuid())
    commands = {"lustre": ("lfs", "quota", "-q", "-u", user, mount.folder)}
    command = commands.get(mount.kind, ("quota", "-w", "-p"))
    if shutil.which(command[0]) is None:
        return
    try:
        done = subprocess.run(  # noqa: S603 (no shell)
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_QUOTA_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        told = f"`{' '.join(command)}` does not answer in {_QUOTA_SECONDS:g} s"
        yield Finding("quota", "warning", told)
        return
    if row := _find_quota(done.stdout, {mount.source, mount.folder}):
        yield _judge_quota(row)


class _Quota(NamedTuple):
    """Kilobytes and files: how many are used, and how many may be; 0 for any number."""

    used: int
    most: int
    files: int
    most_files: int


def _find_quota(text: str, names: set[str]) -> _Quota | None:
    """Return what `quota -p` or `lfs quota` says of a file system.

    Its name is followed by blocks, quota, limit, grace, and the same for files, perhaps on the next
    line; used is marked with `*` where it is above the quota.
    """
    words = text.split()
    for place, word in enumerate(words):
        numbers = [each.rstrip("*") for each in words[place + 1 : place + 9]]
        counts = [numbers[at] for at in (0, 1, 2, 4, 5, 6)] if len(numbers) > 6 else []
        if word in names and counts and all(each.isdecimal() for each in counts):
            used, soft, hard, files, soft_files, hard_files = map(int, counts)
            return _Quota(used, hard or soft, files, hard_files or soft_files)
    return None


def _judge_quota(row: _Quota) -> Finding:
    pairs = [(row.used, row.most), (row.files, row.most_files)]
    shares = [used / most for used, most in pairs if most]
    of = f" of {human_bytes(1024 * row.most)}" if row.most else ""
    of_files = f" of {row.most_files:,}" if row.most_files else ""
    told = f"{human_bytes(1024 * row.used)}{of} and {row.files:,}{of_files} files are used"
    if max(shares, default=0.0) >= 1:
        return Finding("quota", "error", f"{told}: remove what is not needed, or ask for more")
    state: Verdict = "warning" if max(shares, default=0.0) > _ALMOST else "ok"
    return Finding("quota", state, told)


def _check_rights(path: Path) -> Iterator[Finding]:
    state, rights = path.stat(), rights_of(path)
    mode, group = stat.S_IMODE(state.st_mode), f"group {group_named(state.st_gid)}"
    told = f"of {user_named(state.st_uid)}, mode {mode:04o}"
    is_member = os.geteuid() in {0, state.st_uid} or state.st_gid in {os.getegid(), *os.getgroups()}
    if mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
        yield Finding("rights", "warning", f"{told}: anybody may change it; chmod o-w {path}")
    elif rights and not is_member:
        told = f"{told}: shared with {group}, of which you are none: ask to be added to it"
        yield Finding("rights", "warning", told)
    elif rights:
        yield Finding("rights", "ok", f"{told}: shared with {group}, whatever the umask")
    elif mode & stat.S_IWGRP:
        yield Finding("rights", "ok", f"{told}: {group} writes, with rights by a list or a umask")
    else:
        read = f"; {group} reads" if mode & stat.S_IRGRP else ""
        yield Finding("rights", "ok", f"{told}: only {user_named(state.st_uid)} writes{read}")


def _check_publishing(folder: Path) -> Iterator[Finding]:
    """Publish a file as all files of a cache are, and once more: only the first may win."""
    begun = time.monotonic()
    with drafting(folder, folder / "published") as draft:
        draft.write(b"first")
        won = draft.publish()
    seconds = time.monotonic() - begun
    with drafting(folder, folder / "published") as draft:
        draft.write(b"second")
        lost = not draft.publish()
    if not (won and lost and (folder / "published").read_bytes() == b"first"):
        told = "a file that exists can be replaced, so that samples could be lost; use another disk"
        yield Finding("publishing", "error", told)
    elif seconds > _SLOW_SECONDS:
        told = f"a file takes {seconds:.1f} s, synced and linked; make few and large ones"
        yield Finding("publishing", "warning", told)
    else:
        told = f"a file takes {1000 * seconds:.0f} ms, synced and linked, and keeps its name"
        yield Finding("publishing", "ok", told)


def _check_links(folder: Path) -> Iterator[Finding]:
    (folder / "one").touch()
    try:
        os.link(folder / "one", folder / "two")
    except OSError as error:
        told = (
            f"{error.strerror}: files are published under claims, and copied where links would do"
        )
        yield Finding("hard links", "warning", told)
        return
    count = (folder / "one").stat().st_nlink
    state: Verdict = "ok" if count == 2 else "warning"
    yield Finding("hard links", state, f"a file with two names has {count} links")


def _check_flock(folder: Path) -> Iterator[Finding]:
    with (folder / "locked").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            told = f"{error.strerror}: nothing of datagen needs it, other programs may"
            yield Finding("flock", "absent", told)
        else:
            yield Finding("flock", "ok", "files can be locked, which nothing of datagen needs")


def _check_clock(folder: Path) -> Iterator[Finding]:
    skew = clock(folder) - time.time()
    told = f"that of the files is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > MOST_SKEW:
        told += "; times of runs are wrong by that, so have the clocks synchronised"
        yield Finding("clock", "warning", told)
    else:
        yield Finding("clock", "ok", told)
