"""Whether files of samples, results and views hold what was written: now, or behind their use.

With the environment variable DATAGEN_VERIFY=first, each process checks the files that it opens, one
after another, in a thread: each whole file's checksum, once, after it was first opened. Reading
does not wait for it, so what was read before a check ends may be damaged. Once damage is found,
that is printed on stderr, a line for each file, and from then on every read of samples in the
process raises `DamagedFileError`, until it ends: nobody can tell which of its values were right.
Arrays that a read has given out stay as they are. A process that ends waits for the checks that it
began, unless it is killed. One that is forked, such as a worker of a torch DataLoader, has checks
of its own: of the files that it opens, and with them of those that its parent had not checked yet.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from datagen_core.errors import CacheError, ConfigurationError, DamagedFileError, printable
from datagen_core.generators.schema import Schema
from datagen_core.store.derived import DerivedPaths
from datagen_core.store.layout import SetPaths, shard_interval
from datagen_core.store.sets import read_schema, read_set
from datagen_core.store.shards import ShardLabel, verify_shard
from datagen_core.store.view_files import PART, read_view

VARIABLE = "DATAGEN_VERIFY"


class Contents(NamedTuple):
    """What the files of a folder hold: the fields, whose samples, and of which set or view."""

    schema: Schema
    generator: str
    digest: str


def check_file(path: Path, original: Path | None = None) -> None:
    """Check a published file of samples, results or a view, whole, in a few MiB of memory.

    Parameters
    ----------
    original
        Where it was published, if it lies elsewhere now.

    Raises
    ------
    FileNotFoundError
        If it is gone, as after a compaction.
    DamagedFileError
        If it cannot be read, or does not hold what was written; it is named.
    """
    published = original or path
    contents = contents_of(published.parent)
    label = ShardLabel(contents.generator, contents.digest, shard_interval(published.name))
    verify_shard(path, contents.schema, label)


@lru_cache(1000)  # none of it ever changes
def contents_of(folder: Path) -> Contents:
    """Return what the files of a folder hold, as its documents say.

    Raises
    ------
    CacheError
        If a document cannot be read, or is missing; it is named.
    """
    if (folder.parent / "view.json").exists():  # <set>/views/<view>/<part>
        generator = folder.parents[3].name
        return Contents(PART, generator, read_view(folder.parent).digest)
    is_derived = (folder / "derived.json").exists()  # <set>/derived/<split>/<preprocessor>
    paths = SetPaths(folder.parents[2 if is_derived else 0])
    record = read_set(paths)
    schema = DerivedPaths(folder).schema() if is_derived else read_schema(paths)
    if schema is None:
        raise DamagedFileError(f"{paths.schema} is missing; restore it from a backup")
    return Contents(schema, record.generator, record.digest)


class _Checks:
    """The checks of this process, in one thread that begins with the first one."""

    def __init__(self) -> None:
        self.damage = ""
        self._opened: set[Path] = set()
        self._checked: set[Path] = set()
        self._thread: ThreadPoolExecutor | None = None

    def add(self, path: Path) -> None:
        if path not in self._opened:
            self._opened.add(path)
            self._begin(path)

    def _begin(self, path: Path) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "datagen-verify")
            for inherited in self._opened - self._checked - {path}:
                self._thread.submit(self._check, inherited)
        self._thread.submit(self._check, path)

    def _check(self, path: Path) -> None:
        try:
            check_file(path)
        except DamagedFileError as error:
            self.damage = self.damage or str(error)
            with suppress(OSError, ValueError):  # a closed terminal
                sys.stderr.write(f"datagen: warning: {printable(str(error))}\n")
                sys.stderr.flush()
        except (CacheError, OSError):  # it is gone, or whoever reads it is told
            pass
        finally:
            self._checked.add(path)

    def restart(self) -> None:
        """Begin anew in a process that was forked, which has no threads."""
        self._thread = None


_checks = _Checks()
os.register_at_fork(after_in_child=_checks.restart)


def note_opened(path: Path) -> None:
    """Have a file that was opened checked, if DATAGEN_VERIFY says so; return at once.

    Raises
    ------
    ConfigurationError
        If DATAGEN_VERIFY has another value than "first".
    """
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    if wanted != "first":
        raise ConfigurationError(
            f"{VARIABLE} is {wanted!r}; set it to 'first', which checks each file when a process "
            "first opens it, or unset it"
        )
    _checks.add(path)


def refuse_damage() -> None:
    """Raise DamagedFileError if a check has found damage in a file that this process opened."""
    if _checks.damage:
        raise DamagedFileError(_checks.damage)
