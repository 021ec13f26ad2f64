"""One parameter set as one file: a plain tar of a cache that holds only this set.

`tar xf` reads it, and `sha256sum -c SHA256SUMS` checks what it has read. The same set gives the
same bytes. Whatever comes out of such a file is checked, and then imported as any other cache is.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from datagen_core.errors import ConfigurationError, DamagedFileError
from datagen_core.files import MOST_BYTES, expand_home, hash_file, opened, replacing
from datagen_core.generators.inputs import references_in
from datagen_core.reading.cache import Cache
from datagen_core.reading.param_set import ParamSet
from datagen_core.store.checking import check_file
from datagen_core.store.codes import find_origins
from datagen_core.store.documents import write_document
from datagen_core.store.folders import make_above
from datagen_core.store.layout import SetPaths, inputs_folder, is_folder, look_again
from datagen_core.store.numbers import numbering
from datagen_core.store.runs import list_plans, list_runs
from datagen_core.store.sets import read_set
from datagen_core.temporary import remove_abandoned, temporary_name
from datagen_core.upkeep.merging.caches import Observer, import_cache
from datagen_core.upkeep.merging.codes import find_codes
from datagen_core.upkeep.merging.sets import ImportedSet

SUMS = "SHA256SUMS"
"""The last file of an archive, in the form of `sha256sum`."""

_LEFT_OUT = {"damaged", "splits", "tmp", "workers"}
"""Folders in that of a set: what nothing reads, what was, and what belongs to this machine."""

_FILE = re.compile(r".*\.(h5|json|jsonl|log)")
_PLACE = re.compile(r"(?!\.)[A-Za-z0-9_.+=,~-]{1,200}")
_UNPACKED = ".unpacked"


def pack(param_set: ParamSet, path: Path, *, force: bool = False) -> dict[str, int]:
    """Write a set into a new file, which appears when it is complete; return its files and bytes.

    Parameters
    ----------
    force
        Whether an earlier file of that name is replaced.

    Raises
    ------
    DamagedFileError
        If a file of the set is damaged; it is named.
    ConfigurationError
        If there is a file of that name, or no folder for it.
    """
    path = expand_home(path)
    if path.is_dir() or (os.path.lexists(path) and not force):
        raise ConfigurationError(
            f"{path} exists; choose another name, or replace a file with --force"
        )
    if not path.parent.is_dir():
        raise ConfigurationError(f"{path.parent} is not a folder; make it first")
    return look_again(lambda: _write(param_set.paths, path))


def _write(paths: SetPaths, path: Path) -> dict[str, int]:
    cache = paths.root.parent.parent
    sums: list[str] = []
    with (
        replacing(path) as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        name = f"{paths.root.parent.name}/numbers/0.json"
        _add(tar, name, io.BytesIO(write_document(numbering([paths.root.name])).encode()), sums)
        for member in _list_members(paths):
            with member.open("rb") as content:
                _add(tar, str(member.relative_to(cache)), content, sums)
        _add(tar, SUMS, io.BytesIO("".join(sums).encode()), [])
        size = file.tell()
    return {"files": len(sums), "bytes": size}


def _add(tar: tarfile.TarFile, name: str, content: io.BufferedIOBase, sums: list[str]) -> None:
    """Add a file that says nothing about who made it, when, and with which rights."""
    info = tarfile.TarInfo(name)
    digest = hashlib.file_digest(content, "sha256").hexdigest()
    info.size = content.seek(0, io.SEEK_END)
    content.seek(0)
    tar.addfile(info, content)
    sums.append(f"{digest}  {name}\n")


def _list_members(paths: SetPaths) -> Iterator[Path]:
    """Yield the files of a set: the ledger is read before others are listed, as in an import."""
    generations = paths.generations()
    ledger = [paths.generation(generations[-1])] if generations else []
    ledger += sorted(_walk(paths.scattered)) if paths.scattered.exists() else []
    files = sorted(_walk(paths.root))
    for each in files:
        if each.suffix == ".h5":
            check_file(each)
    codes = map(paths.code, find_codes(paths, find_origins(paths)))
    yield from (*ledger, *files, *codes)
    yield from sorted(_list_shared(paths))


def _walk(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_folder(entry) and entry.name not in _LEFT_OUT:
                yield from _walk(Path(entry.path))
            elif entry.is_file(follow_symlinks=False) and _FILE.fullmatch(entry.name):
                yield Path(entry.path)


def _list_shared(paths: SetPaths) -> Iterator[Path]:
    """Yield the input files of a set, and the logs of jobs that its runs shared with others."""
    inputs = inputs_folder(paths.root.parent.parent)
    for reference in references_in(dict(read_set(paths).params)):
        yield inputs / reference.removeprefix("sha256:")
    for run in list_runs(paths):
        for plan in list_plans(paths.run(run.number)):
            logs = (plan.log(task) for task in range(len(plan.tasks)) if plan.is_shared)
            yield from (log for log in logs if log.is_file() and not log.is_symlink())


def unpack(
    path: Path,
    cache: str | os.PathLike[str] | None = None,
    *,
    dry_run: bool = False,
    observe: Observer | None = None,
) -> list[ImportedSet]:
    """Check a file that `pack` wrote, and import the set that it holds; see `import_cache`.

    Raises
    ------
    DamagedFileError
        If it does not hold what was written, or anything else; nothing was imported.
    ConfigurationError
        If there is no such file.
    """
    path = expand_home(path)
    if not path.is_file():
        raise ConfigurationError(f"{path} is not a file; name one that `datagen pack` wrote")
    with _extracted(path, Cache(cache).path) as folder:
        origin = str(path.absolute())
        return import_cache(folder, (), cache, dry_run=dry_run, origin=origin, observe=observe)


@contextmanager
def _extracted(path: Path, cache: Path) -> Iterator[Path]:
    """Yield a folder with the checked content of an archive, on the file system of the cache."""
    is_new = not cache.exists()
    make_above(cache)
    with suppress(OSError), opened(cache) as descriptor:
        remove_abandoned(descriptor, _UNPACKED)
    folder = cache / temporary_name(_UNPACKED)
    folder.mkdir(0o700)
    try:
        _extract(path, folder)
        for each in folder.rglob("*.h5"):  # new here; that of journals would be a sign of life
            os.utime(each)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # the set is in it
            cache.rmdir() if is_new else None


def _extract(path: Path, folder: Path) -> None:
    try:
        with tarfile.open(path, "r:") as tar:
            _extract_all(path, tar, folder)
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(path, f"it is not a file that `datagen pack` wrote ({error})") from None


def _extract_all(path: Path, tar: tarfile.TarFile, folder: Path) -> None:
    members = {member.name: member for member in _check_members(path, tar)}
    for name, digest in _read_sums(path, tar, members).items():
        tar.extract(members[name], folder, filter="data")
        if hash_file(folder / name) != digest:
            raise _damaged(path, f"the checksum of {name} does not match")


def _damaged(path: Path, reason: str) -> DamagedFileError:
    return DamagedFileError(f"{path} is damaged: {reason}; nothing was imported")


def _check_members(path: Path, tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members of an archive; refuse what is no file in a folder of its own.

    A plain tar cannot hold more than it is large, but for files that have holes.
    """
    seen, left = set[str](), path.stat().st_size
    for member in tar:
        left -= member.size
        parts = member.name.split("/")
        is_plain = member.type == tarfile.REGTYPE and not member.issparse()
        if not is_plain or not all(map(_PLACE.fullmatch, parts)) or left < 0:
            raise _damaged(path, f"{member.name[:100]!r} is not a file of a parameter set")
        if member.name in seen:
            raise _damaged(path, f"{member.name} is in it twice")
        seen.add(member.name)
        yield member


def _read_sums(
    path: Path, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]
) -> dict[str, str]:
    found = members.get(SUMS)
    content = tar.extractfile(found) if found and found.size <= MOST_BYTES else None
    lines = content.read().decode(errors="replace").splitlines() if content else []
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if not sums or sums.keys() != members.keys() - {SUMS}:
        raise _damaged(path, f"{SUMS} does not list the files that are in it")
    return sums
