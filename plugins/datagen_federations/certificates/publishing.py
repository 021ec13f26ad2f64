"""Sets of files that appear whole or not at all, and never replace others."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from datagen_federations.errors import TrainingError

PUBLIC, SECRET = 0o644, 0o600


class NewFile(NamedTuple):
    """Content of a file, and its mode: `PUBLIC` or `SECRET`."""

    content: bytes
    mode: int


def publish_set(folder: Path, files: Mapping[str, NewFile], *, reserved: Iterable[str]) -> None:
    """Write files into a folder, which is made, for its owner only, if it does not exist.

    Each file is written beside its name and then linked to it, which replaces nothing. The next
    call removes leftovers of a killed one; they are hard links of the files beside, which the
    user's own files are not.

    Parameters
    ----------
    reserved
        All names of the set, also of files that are not written now: none may exist.

    Raises
    ------
    TrainingError
        When a file exists already, another call is writing, or the folder cannot be written to.
    """
    try:
        made = _make_folder(folder)
        with _sole_writer(folder), _undone_on_failure(folder, made=made):
            _clear_unfinished(folder, reserved)
            _refuse_existing(folder, reserved)
            _place(folder, files)
    except OSError as error:
        reason = error.strerror or error
        raise TrainingError(f"{folder} cannot be written to: {reason}; name another") from error


def _make_folder(folder: Path) -> bool:
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


@contextmanager
def _sole_writer(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, folder)
        yield
        with suppress(OSError):  # some network file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = f"another call is writing to {folder}; wait until it has ended"
        raise TrainingError(message) from error
    except OSError:
        return  # NFS does not lock folders; links replace nothing there either


@contextmanager
def _undone_on_failure(folder: Path, *, made: bool) -> Iterator[None]:
    """Remove a folder that was made if the block fails; only its sole writer may do so."""
    try:
        yield
    except BaseException:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise


def _clear_unfinished(folder: Path, names: Iterable[str]) -> None:
    """Remove the files beside, and an incomplete set of placed files."""
    unfinished = [name for name in names if _beside(folder, name).exists()]
    placed = [name for name in unfinished if _is_placed(folder, name)]
    if len(placed) < len(unfinished):
        for name in placed:
            (folder / name).unlink()
    for name in unfinished:
        _beside(folder, name).unlink()


def _beside(folder: Path, name: str) -> Path:
    return folder / f".{name}.unfinished"


def _is_placed(folder: Path, name: str) -> bool:
    place = folder / name
    return place.exists() and place.samefile(_beside(folder, name))


def _refuse_existing(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        if os.path.lexists(folder / name):
            instead = "name another folder, or remove the whole old set"
            raise TrainingError(f"{folder / name} exists and is not replaced; {instead}")


def _place(folder: Path, files: Mapping[str, NewFile]) -> None:
    try:
        for name, file in files.items():
            _write(_beside(folder, name), file)
        for name in files:
            os.link(_beside(folder, name), folder / name)
    finally:
        _clear_unfinished(folder, files)


def _write(path: Path, file: NewFile) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    with os.fdopen(descriptor, "wb") as stream:
        if file.mode == SECRET:
            os.fchmod(descriptor, SECRET)  # in spite of the umask and the folder's defaults
        stream.write(file.content)
        stream.flush()
        os.fsync(descriptor)
