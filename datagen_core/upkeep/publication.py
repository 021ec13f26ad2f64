"""Publishing a parameter set: a read-only cache of its own, with a card and checksums.

It is made beside its destination and gets its name as a whole, so that an interrupted publication
leaves nothing that looks like one. All of it follows from the set: repeated, it is found to be
there, or refused where the set is another one now.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from datagen_core.cards.markdown import write_card
from datagen_core.errors import CacheError, VerificationError
from datagen_core.files import hash_file, opened, placing
from datagen_core.reading.param_set import ParamSet
from datagen_core.store.access import explain
from datagen_core.store.checking import check_file
from datagen_core.store.columns import cover
from datagen_core.store.layout import SetPaths, look_again
from datagen_core.temporary import remove_abandoned
from datagen_core.upkeep.public_documents import (
    Documents,
    find_personal,
    gather_documents,
    list_others,
)
from datagen_core.upkeep.verify import verify

CARD, SUMS = "README.md", "SHA256SUMS"

_FILE, _FOLDER = 0o444, 0o555
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass
class Publication:
    """A parameter set that is published.

    Attributes
    ----------
    path
        The folder of the cache that it is in.
    files, bytes
        The number of its files with samples, results and views, and their size.
    linked
        How many of them are other names of files of the set.
    again
        Whether it was there already.
    personal
        Texts of the set that may be about a person, and were published with it.
    """

    path: Path
    files: int = 0
    bytes: int = 0
    linked: int = 0
    again: bool = False
    personal: list[str] = field(default_factory=list)


def publish(
    param_set: ParamSet, destination: Path, report: Callable[[int, int], None] = lambda *_: None
) -> Publication:
    """Publish a parameter set in a folder that is missing or empty.

    Files of this user that nobody else may change are linked, and can be only read from then on;
    others are copied.

    Parameters
    ----------
    report
        Is told how many files are published, and of how many.

    Raises
    ------
    CacheError
        If something else is in the folder, the set has no samples, or its seed is a secret.
    VerificationError
        If the set is damaged; nothing is published then.
    """
    paths, destination = param_set.paths, destination.resolve()
    _check_destination(param_set, destination)
    publication = Publication(destination)

    def build() -> None:
        documents = gather_documents(paths)  # first, so that what they name is in the files
        files = _list_files(paths)
        publication.files, publication.bytes = len(files), sum(map(_size, files))
        publication.personal = find_personal(documents)
        publication.again = _is_there(destination, paths, files, documents)
        if not publication.again:
            _check(param_set)
            _make_room(destination)
            with placing(destination, replace=False) as temporary:
                publication.linked = _fill(temporary, paths, files, documents, report)

    try:
        look_again(build)
    except FileExistsError:  # another process has published there meanwhile: the same, perhaps
        look_again(build)
    _close(destination)
    return publication


def _make_room(destination: Path) -> None:
    """Remove an empty folder, and what killed processes began to publish there."""
    with suppress(FileNotFoundError):
        destination.rmdir()
    with suppress(OSError), opened(destination.parent) as folder:
        remove_abandoned(folder, f".{destination.name}~")


def _check_destination(param_set: ParamSet, destination: Path) -> None:
    if not param_set.existing:
        raise CacheError(f"{param_set} has no samples yet; there is nothing to publish")
    if param_set.seed_is_secret:
        raise CacheError(
            f"{param_set} is not published: with its seed, which is in its files, the noise that "
            "keeps private what it was made from can be removed; publish its samples alone, with "
            "`datagen export --format hf`"
        )
    cache = param_set.paths.root.parent.parent.resolve()
    if cache in {destination, *destination.parents}:
        raise CacheError(
            f"{destination} is in the cache {cache}; publish in a folder outside of it"
        )
    above = next(each for each in destination.parents if each.exists())
    if not os.access(above, os.W_OK) and not destination.exists():
        raise explain(PermissionError(errno.EACCES, "", str(above)))


def _list_files(paths: SetPaths) -> list[Path]:
    """Return the files that readers of the set open: those with samples, results and views."""
    samples = dict.fromkeys(piece.path for piece in cover(paths.folders))
    return [*samples, *list_others(paths)]


def _size(path: Path) -> int:
    return path.stat().st_size


def _is_there(
    destination: Path, paths: SetPaths, files: Sequence[Path], documents: Documents
) -> bool:
    """Return whether just this is published there, and not whether the folder is empty.

    Raises
    ------
    CacheError
        If something else is there.
    """
    if not destination.exists():
        return False
    if not destination.is_dir():
        raise CacheError(f"{destination} is not a folder; name a new one")
    found = {str(path.relative_to(destination)): path for path in _walk_files(destination)}
    if not found:
        return False
    wanted = {str(_place(paths, path)): path for path in files}
    same = found.keys() == {*wanted, *documents, CARD, SUMS}
    same = same and all(found[name].read_bytes() == text for name, text in documents.items())
    if same and all(_size(found[name]) == _size(path) for name, path in wanted.items()):
        return True
    raise CacheError(
        f"{destination} holds something else, or an earlier state of this set, which stays as it "
        "was published; name a new folder"
    )


def _walk_files(folder: Path) -> list[Path]:
    return [Path(above, name) for above, _, names in os.walk(folder) for name in names]


def _place(paths: SetPaths, path: Path) -> Path:
    """Return where a file of the set is in the published cache."""
    return Path(paths.root.parent.name, paths.root.name, path.relative_to(paths.root))


def _check(param_set: ParamSet) -> None:
    """Refuse to publish what is damaged, or may not be read."""
    found = verify(param_set)
    for problem in (*found.problems, *found.unreadable):
        raise VerificationError(f"{param_set} is not published: {problem}")


def _fill(
    folder: Path,
    paths: SetPaths,
    files: Sequence[Path],
    documents: Documents,
    report: Callable[[int, int], None],
) -> int:
    """Make a published cache, and return how many files are linked."""
    folder.mkdir()
    for name, text in documents.items():
        _write(folder / name, text)
    linked = 0
    for done, path in enumerate(files):
        report(done, len(files))
        linked += _bring(path, folder / _place(paths, path))
    report(len(files), len(files))
    published = ParamSet(SetPaths(folder / paths.root.relative_to(paths.root.parent.parent)), 0)
    _write(folder / CARD, write_card(published).encode())
    _write(folder / SUMS, b"".join(sorted(map(partial(_sum, folder), _walk_files(folder)))))
    return linked


def _sum(folder: Path, path: Path) -> bytes:
    """Return the line of a file for `sha256sum -c`."""
    name = os.fsencode(path.relative_to(folder))
    escaped = name.replace(b"\\", b"\\\\")
    return b"\\" * (escaped != name) + hash_file(path).encode() + b"  " + escaped + b"\n"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(_FILE)


def _bring(source: Path, target: Path) -> bool:
    """Link or copy a file; check what a copy holds; return whether it is linked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    linked = _link(source, target)
    if not linked:
        shutil.copyfile(source, target)
        check_file(target, source)
    target.chmod(_FILE)
    return linked


def _link(source: Path, target: Path) -> bool:
    """Link a file, unless somebody else could change it later, or it is on another disk."""
    state = source.lstat()
    if state.st_uid != os.geteuid() or state.st_mode & _OTHERS_WRITE:
        return False
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        return False
    if target.is_symlink():  # put in its place this moment
        target.unlink()
        return False
    return True


def _close(destination: Path) -> None:
    """Let all read what is published, and nobody write it."""
    folders = [Path(above) for above, _, _ in os.walk(destination)]
    for folder in reversed(folders):
        if stat.S_IMODE(folder.stat().st_mode) != _FOLDER:  # else it is another user's, perhaps
            folder.chmod(_FOLDER)
