"""Files that appear whole or not at all, hashes, formats, and packages that may be missing.

Public, like the names in `datagen_core`: plugins use this module for files of their own.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from reprlib import repr as short_repr
from typing import IO, Any

from datagen_core.errors import (
    MissingPackageError,
    NewerFormatError,
)
from datagen_core.temporary import remove_abandoned, temporary_name

__all__ = [
    "check_format",
    "expand_home",
    "explain_missing",
    "hash_file",
    "open_regular",
    "placing",
    "read_regular",
    "replacing",
    "require",
    "user_cache",
    "user_configuration",
]

_DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn"}
"""The distributions of modules, where the names differ."""


def open_regular(path: Path | str) -> int:
    """Open a regular file for reading, and return its descriptor; never wait for a writer.

    Raises
    ------
    OSError
        As `os.open`; also where the path is that of a folder, a pipe, a socket or a device.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "Not a regular file", str(path))


MOST_BYTES = 2**29
"""Nothing that is read at once is larger; the list of a million tasks is a hundred megabytes."""


def read_regular(path: Path | str) -> bytes:
    """Return the content of a regular file.

    Raises
    ------
    OSError
        As `open_regular`; also where the file is larger than `MOST_BYTES`, as one with a hole can
        be that takes no space.
    """
    with open(open_regular(path), "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size > MOST_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return file.read()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, in 64 hexadecimal digits."""
    with open(open_regular(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def expand_home(path: Path | str) -> Path:
    """Return a path with the user's folder in place of a leading `~`, or another's of `~name`.

    Where nobody has that name, or this user has no folder, the path stays as it is, as in a shell.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 (that of `Path` raises RuntimeError)


def user_cache(name: str) -> Path:
    """Return this user's folder for what can be fetched or worked out again; it need not exist.

    `$XDG_CACHE_HOME/datagen/NAME`, or the same below `~/.cache` (XDG Base Directory Specification).
    """
    return _user_folder("XDG_CACHE_HOME", "~/.cache") / "datagen" / name


def user_configuration(name: str) -> Path:
    """Return this user's folder for what cannot be made again, such as keys; it need not exist.

    `$XDG_CONFIG_HOME/datagen/NAME`, or the same below `~/.config`.
    """
    return _user_folder("XDG_CONFIG_HOME", "~/.config") / "datagen" / name


def _user_folder(variable: str, default: str) -> Path:
    """Return a folder of this user; of one without a home, such as in a container, one of nobody.

    A folder named `~` in the working directory would be read by who comes there next.
    """
    folder = expand_home(os.environ.get(variable) or default)
    return Path("/nonexistent") if folder.parts[0] == "~" else folder


@contextmanager
def replacing(path: Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a file for writing; it appears as `path`, whole and synced, when the block ends.

    The rest is as for `placing`.

    Parameters
    ----------
    path
        The path of the file.
    mode
        "wb" or "w"; "xb" or "x" never replace a file.
    options
        Options of `open`, such as `newline`; text is UTF-8.

    Raises
    ------
    FileExistsError
        With "x", if the file exists when the block ends.
    """
    if "b" not in mode:
        options.setdefault("encoding", "utf-8")
    with (
        placing(path, replace="x" not in mode) as temporary,
        temporary.open(mode, **options) as file,
    ):
        yield file


@contextmanager
def placing(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Yield a name for a file or folder to make; it appears as `path` at the end, whole and synced.

    Missing folders above `path` are made. If the block raises, `path` stays as it was, and what the
    block made and the new folders are removed. An error names `path`, not the temporary name.

    Parameters
    ----------
    replace
        Whether a file that is there is replaced, or a folder by a folder.

    Raises
    ------
    FileExistsError
        Without `replace`, if something is there when the block ends.
    OSError
        If a device, a pipe or a socket is there, which is never replaced.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "Neither a file nor a folder, and not replaced", str(path))
    temporary, old = _name_beside(path), _name_beside(path)
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():  # else it may be among what a killed process left behind
        _remove_litter(path)
    try:
        yield temporary
        _sync_tree(temporary)
        _put(temporary, path, old if replace else None)
        for each in (path, *made):
            sync(each.parent)
        _remove_litter(path)
    except OSError as error:
        _rename_in(error, temporary, path)
        raise
    finally:
        with suppress(OSError):  # folders in use stay: they hold `path` or others' files
            _remove(temporary)
            _remove(old)
            for folder in made:
                folder.rmdir()


def _name_beside(path: Path) -> Path:
    return path.with_name(temporary_name(f".{path.name}"))


def _remove_litter(path: Path) -> None:
    """Remove what killed processes began to write as `path`."""
    with suppress(OSError), opened(path.parent) as folder:
        remove_abandoned(folder, f".{path.name}~")


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file or folder to read it, and yield its descriptor."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def sync(file: Path | int) -> None:
    """Force a file to disk, or the names in a folder where its file system can do that.

    Parameters
    ----------
    file
        Its path or an open descriptor.
    """
    if isinstance(file, Path):
        with opened(file) as descriptor:
            sync(descriptor)
        return
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


def _sync_tree(path: Path) -> None:
    for each in [*path.rglob("*"), path]:
        if not each.is_symlink():
            sync(each)


def _put(temporary: Path, path: Path, old: Path | None) -> None:
    """Give a file or folder its name; one that has it goes to `old`, or stays if that is None."""
    if old is None:
        _link(temporary, path)
        return
    if path.is_dir() and temporary.is_dir():
        path.rename(old)
    temporary.replace(path)


def _rename_in(error: OSError, temporary: Path, path: Path) -> None:
    """Let an error name what was to be written, also where the call knew only a descriptor."""
    if error.filename is None:
        error.filename = str(path)
    for name in (error.filename, error.filename2):
        if str(name).startswith(str(temporary)):
            error.filename = str(path) + str(name).removeprefix(str(temporary))
            error.filename2 = None


def _link(temporary: Path, path: Path) -> None:
    """Give a file its name unless the name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        temporary.rename(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        import shutil  # what only reads does not need it

        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def require(module: str, extra: str) -> Any:
    """Import and return a module whose package comes with an extra of datagen.

    Parameters
    ----------
    module
        The full name, such as "sklearn.datasets".
    extra
        The extra that installs it, such as "sklearn".

    Raises
    ------
    MissingPackageError
        If the package is not installed; the message has the command that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(error.name or module, extra) from error


def explain_missing(error: ModuleNotFoundError) -> MissingPackageError | None:
    """Return what to install where code found no package; None, if something else is the matter.

    The extra is the smallest one of datagen that brings the package.
    """
    from importlib.metadata import requires  # only where something is missing
    from importlib.util import find_spec

    name = (error.name or "").partition(".")[0]
    if not name or find_spec(name) is not None:
        return None
    pattern = re.compile(r"([\w.-]+).*extra == '([\w-]+)'")
    brought = [pattern.match(requirement) for requirement in requires("datagen") or []]
    sizes = Counter(found[2] for found in brought if found)
    extras = {found[2] for found in brought if found and found[1] == _DISTRIBUTIONS.get(name, name)}
    return _missing(name, min(extras, key=lambda extra: sizes[extra], default=None))


def _missing(module: str, extra: str | None) -> MissingPackageError:
    name = module.partition(".")[0]
    package = _DISTRIBUTIONS.get(name, name)
    what = f"'datagen[{extra}]'" if extra else package
    return MissingPackageError(f"{package} is not installed; run: pip install {what}")


def check_format(path: Path, found: object, known: str, *, strict: bool = False) -> None:
    """Refuse a document whose format is too new.

    A format is "MAJOR.MINOR". A later minor only adds keys, which whoever does not know them may
    ignore; a newer major changes what keys mean.

    Parameters
    ----------
    path
        The document, for the message.
    found
        The value of its key `format`; None, if it has none, counts as "1.0".
    known
        The newest format of its kind that the caller knows.
    strict
        Whether every key must be known, so that a later minor is refused as well.

    Raises
    ------
    NewerFormatError
        If the format is too new; the message says to update datagen.
    """
    if found is None or found == known:
        return
    major, _, minor = known.partition(".")
    numbers = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,9})", found) if isinstance(found, str) else None
    newest, found = (int(major), int(minor)), numbers[0] if numbers else short_repr(found)
    later = (int(numbers[1]), int(numbers[2])) if numbers else (newest[0] + 1, 0)
    if later[0] > newest[0]:
        raise NewerFormatError(
            f"{path} was made by a newer datagen (format {found}, this one reads {major}.x): "
            "update datagen to read it"
        )
    if strict and later > newest:
        raise NewerFormatError(
            f"{path} was made by a newer datagen (format {found}, this one knows {known}): "
            "update datagen to go on with it"
        )
