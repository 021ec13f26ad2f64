"""The publish protocol: a file appears whole under its final name, or not at all.

Write under a temporary name, fsync, link to the final name, unlink, fsync the folder, and the
folders above it whose entries may not be on disk. Visible files are never modified. Of all
protocols that were tried, only this one survived kill -9 at every system call and simulated power
loss.

Where the file system has no hard links, the name is claimed first, by an empty file `<name>.claim`,
and the file renamed. A claim is never broken, since its owner may only be paused: who meets one
that was left behind waits for ten seconds, and then names it for the user to remove.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from datagen_core.errors import CacheError
from datagen_core.store.folders import make_above, open_folder, remove_litter
from datagen_core.store.layout import SetPaths, removed_set
from datagen_core.store.open_folders import Folder, naming
from datagen_core.temporary import temporary_name

T = TypeVar("T")
R = TypeVar("R")

_WRITERS, _FEW = 8, 4

_NO_LINKS = {
    errno.EPERM,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EMLINK,
    errno.EXDEV,  # AFS links within one folder only
}


class Draft:
    """A file that is being written under a temporary name; see `drafting`.

    Attributes
    ----------
    path
        A path at which to open and write it, in this process. Nobody can exchange what it leads to.
    """

    def __init__(self, final: Path, base: Path, folder: Folder, *, own: bool) -> None:
        self._final, self._base, self._folder, self._own = final, base, folder, own
        self._place = final.relative_to(base)
        self._name = temporary_name(final.name)
        self._descriptor = folder.create(self._name, 0o600 if own else 0o666)
        self.path = Path(f"/proc/self/fd/{self._descriptor}")
        if not self.path.exists():
            self.path = folder.path / self._name

    @property
    def descriptor(self) -> int:
        """Its descriptor."""
        return self._descriptor

    def write(self, content: bytes) -> None:
        """Write all of its content."""
        with open(self._descriptor, "wb", closefd=False) as file:
            file.write(content)

    def publish(
        self,
        *,
        equals: bool = False,
        begins: bool = False,
        beside: Sequence[str] = (),
        before: Callable[[], object] = lambda: None,
    ) -> bool:
        """Make it appear under its final name, durably, unless that exists.

        Parameters
        ----------
        equals
            Whether everything ever published under this name is equal, so that any process may be
            first.
        begins
            Whether to make the folder of a parameter set.
        beside
            The names of folders to make beside it, which costs less than to make them later.
        before
            Called when it is on disk, and nobody can see it yet.

        Returns
        -------
        bool
            True if the file was published, False if another process was first.

        Raises
        ------
        CacheError
            If its parameter set was removed.
        OSError
            If the disk is full, read-only or gone; nothing became visible.
        """
        with naming(self._final):
            os.fsync(self._descriptor)
            with open_folder(
                self._base, self._final.parent, begins=begins, own=self._own
            ) as folder:
                for name in beside:
                    folder.make(name)
                before()
                won = self._link(folder, equals=equals)
                self.discard()
                folder.sync()
        return won

    def replace(self) -> None:
        """Take the place of a file, which nobody needs any more."""
        with naming(self._final), open_folder(self._base, self._final.parent) as folder:
            self._folder.move(self._name, folder, self._final.name)

    def discard(self) -> None:
        """Remove it under its temporary name."""
        with suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=self._folder.descriptor)

    def close(self) -> None:
        """Discard it, and write no more."""
        try:
            self.discard()
        finally:
            os.close(self._descriptor)

    def _link(self, folder: Folder, *, equals: bool) -> bool:
        source, target = self._folder.descriptor, folder.descriptor
        try:
            os.link(
                self._name, self._final.name,
                src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False,
            )  # fmt: skip
        except FileExistsError:
            # A network file system may repeat a request whose reply was lost: then it is ours.
            return self._is_same(folder)
        except FileNotFoundError:
            raise removed_set(SetPaths(self._base / self._place.parts[0])) from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return self._rename(folder) if equals else self._rename_under_claim(folder)
        return True

    def _is_same(self, folder: Folder) -> bool:
        with suppress(FileNotFoundError):
            ours = os.fstat(self._descriptor)
            other = os.stat(self._final.name, dir_fd=folder.descriptor, follow_symlinks=False)
            return ours.st_nlink == 2 and os.path.samestat(ours, other)
        return False

    def _rename(self, folder: Folder) -> bool:
        """Publish without hard links, and without a claim: another file could only be equal."""
        if folder.has(self._final.name):
            return False
        self._folder.move(self._name, folder, self._final.name)
        return True

    def _rename_under_claim(self, folder: Folder) -> bool:
        """Publish on a file system without hard links, after claiming the name."""
        claim = f"{self._final.name}.claim"
        try:
            os.close(folder.create(claim))
        except FileExistsError:
            return _lost_to_claim(self._final, claim)
        won = self._rename(folder)
        folder.remove(claim)
        return won


@contextmanager
def drafting(folder: Path, final: Path, *, own: bool = False) -> Iterator[Draft]:
    """Begin a file in `folder` that is to appear as `final` when it is published; else it is gone.

    The folder in which both are is the base of `open_folder`, and so is `own`: a file of mode 0600.
    """
    base = Path(os.path.commonpath([folder, final.parent]))
    with open_folder(base, folder, own=own) as place:
        with naming(final):
            draft = Draft(final, base, place, own=own)
        try:
            with naming(final, str(draft.path)):
                yield draft
        finally:
            draft.close()


@contextmanager
def publication(
    folder: Path, final: Path, announce: Callable[[], object] | None = None
) -> Iterator[Path]:
    """Yield a path at which to write a file; publish it as `final` when the block succeeds.

    Put-if-absent: if `final` exists, what was written is dropped silently. That is right for files
    whose content follows from their name. Use `Draft.publish` where the caller must know which
    process was first.

    Parameters
    ----------
    announce
        Called when the file is on disk and nobody can see it yet; None if everything ever published
        as `final` is equal, so that any process may be first.
    """
    with drafting(folder, final) as draft:
        yield draft.path
        draft.publish(equals=announce is None, before=announce or (lambda: None))


def publish_own(final: Path, text: str) -> None:
    """Publish a text that only this user reads or writes: mode 0600, in a folder of mode 0700.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    folder = final.parent
    make_above(folder, 0o700)
    remove_litter(folder, folder)
    with drafting(folder, final, own=True) as draft:
        draft.write(text.encode())
        draft.publish()


def is_own(path: Path) -> bool:
    """Whether there is a file that this user owns and nobody else can write; links do not count."""
    with suppress(OSError):
        state = path.lstat()
        kept = stat.S_ISREG(state.st_mode) and not state.st_mode & 0o022
        return kept and state.st_uid == os.geteuid()
    return False


def _lost_to_claim(final: Path, claim: str, patience: float = 10.0) -> bool:
    """Wait for the owner of a claim. Never break the claim: its owner may only be paused."""
    deadline = time.monotonic() + patience
    while not final.exists():
        if time.monotonic() > deadline:
            raise CacheError(
                f"{final} is claimed by a process that does not finish; when no datagen process "
                f"is left, remove {final.with_name(claim)} and try again"
            )
        time.sleep(0.05)
    return False


def in_parallel(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return what a function that publishes returns for each item, in their order.

    Many files at once: a file system writes their metadata together, and waits for its disk once.

    Raises
    ------
    Exception
        The first one that the function raised; what was not begun then is left.
    """
    if len(items) < _FEW:
        return list(map(function, items))
    from concurrent.futures import ThreadPoolExecutor  # reading publishes nothing

    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(function, items))
