"""Files of samples, results and views on their way from one cache to another.

A file is a function of its name, and never changes. So it is linked where the file system can do
that, and the file is this user's own: that of somebody else could be changed later. A file that is
linked is looked into, not read; one that is copied is read, and its checksum verified.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from datagen_core.errors import CacheError, DamagedFileError, NewerFormatError
from datagen_core.files import MOST_BYTES, sync
from datagen_core.generators.schema import Schema
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.access import unusable
from datagen_core.store.columns import Piece
from datagen_core.store.folders import open_folder
from datagen_core.store.layout import look_again, shard_name
from datagen_core.store.open_folders import Folder
from datagen_core.store.origins import Origin, parse_origins
from datagen_core.store.overlaps import common_samples, differing_samples, overlapping
from datagen_core.store.publishing import drafting, in_parallel
from datagen_core.store.shard_columns import check_columns
from datagen_core.store.shards import ShardLabel, labelled, read_origins, verify_shard

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class Refusal(NamedTuple):
    """What is not imported, and why; no samples where it is about something else."""

    samples: IntervalSet
    reason: str


class Kind(NamedTuple):
    """What files of one kind hold, those of a set, of a preprocessor or of a part of a view."""

    schema: Schema
    generator: str
    digest: str

    def label(self, interval: Interval) -> ShardLabel:
        """Return the label of the file with these samples."""
        return ShardLabel(self.generator, self.digest, interval)


class Inspection(NamedTuple):
    """What a look into a file showed: which file it is, its checksum, and who made its samples."""

    file: tuple[int, int]
    size: int
    checksum: tuple[str, str]
    origins: tuple[Origin, ...]


Counter = Callable[[int, int], None]
"""Is told how many files have come, and of how many."""

Inspected = tuple[Piece, Inspection]
Listing = Callable[[], Sequence[Piece]]


@dataclass
class Choice:
    """Which files of another cache are to be taken.

    Attributes
    ----------
    taken
        Files that hold a sample that is not here.
    seen
        All sound files that were looked into.
    damaged
        Those that are refused.
    unequal
        The samples that differ from those here.
    proofs
        By the code there and the code here, samples that both made, and that are equal.
    """

    taken: list[Inspected] = field(default_factory=list)
    seen: list[Inspected] = field(default_factory=list)
    damaged: list[Refusal] = field(default_factory=list)
    unequal: IntervalSet = field(default_factory=IntervalSet)
    proofs: dict[tuple[str, str], IntervalSet] = field(default_factory=dict)


def choose_files(base: Path, kind: Kind, there: Listing, here: Listing) -> Choice:
    """Look into the files of another cache, and compare them with those that are here.

    `there` and `here` list files; they are listed again where some vanish meanwhile, as they do
    when a set is compacted. `base` is the folder of the data set there.
    """
    return look_again(lambda: _choose(base, kind, there(), here()))


def _choose(base: Path, kind: Kind, there: Sequence[Piece], here: Sequence[Piece]) -> Choice:
    choice = Choice()
    for folder in dict.fromkeys(piece.folder for piece in there):
        with open_folder(base, folder, make=False) as opened:
            for piece in (each for each in there if each.folder == folder):
                _inspect_into(choice, opened, piece, kind)
    existing = IntervalSet(piece.file for piece in here)
    spoilt: set[Piece] = set()
    looks = dict(choice.seen)
    for left, right in overlapping(looks, here):
        try:
            _compare(choice, kind, (left, looks[left]), right)
        except DamagedFileError as error:
            choice.damaged.append(Refusal(IntervalSet([left.file]), str(error)))
            spoilt.add(left)
    new = (each for each in choice.seen if IntervalSet([each[0].file]) - existing)
    choice.taken = [each for each in new if each[0] not in spoilt]
    return choice


def _inspect_into(choice: Choice, folder: Folder, piece: Piece, kind: Kind) -> None:
    try:
        choice.seen.append((piece, inspect(folder, piece.file, kind)))
    except FileNotFoundError:
        raise
    except CacheError as error:
        choice.damaged.append(Refusal(IntervalSet([piece.file]), str(error)))


def inspect(folder: Folder, interval: Interval, kind: Kind) -> Inspection:
    """Look into a file of samples, in an open folder: its label, types, shapes, and its origins.

    Raises
    ------
    FileNotFoundError
        If it is gone, as after a compaction.
    DamagedFileError
        If it is something else, or does not hold its fields.
    """
    name = shard_name(interval)
    with open_file(folder, name) as descriptor, _by_name(descriptor, folder.path / name) as path:
        state = os.fstat(descriptor)
        with labelled(path, kind.label(interval)) as (file, attributes):
            check_columns(file, kind.schema, interval.size)
            checksum = str(attributes.get("checksum_algorithm")), str(attributes.get("checksum"))
            origins = parse_origins(attributes, interval)
    return Inspection((state.st_dev, state.st_ino), state.st_size, checksum, origins)


@contextmanager
def open_file(folder: Folder, name: str) -> Iterator[int]:
    """Open a regular file in a folder of another cache, not through a link; yield its descriptor.

    Raises
    ------
    FileNotFoundError
        If it is missing.
    CacheError
        If it is something else, or may not be read.
    """
    path = folder.path / name
    try:
        descriptor = os.open(name, _READ, dir_fd=folder.descriptor)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unusable(path, error) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise unusable(path, OSError(errno.EINVAL, "not a regular file"))
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _by_name(descriptor: int, path: Path) -> Iterator[Path]:
    """Yield the path of an open file, which nobody can exchange; errors have its name instead."""
    opened = Path(f"/proc/self/fd/{descriptor}")
    try:
        yield opened if opened.exists() else path
    except (DamagedFileError, NewerFormatError) as error:
        raise type(error)(str(error).replace(str(opened), str(path))) from None


def _compare(choice: Choice, kind: Kind, there: Inspected, here: Piece) -> None:
    piece, look = there
    is_same = _is_same(piece, look, here, kind)
    if not is_same and (unequal := differing_samples(kind.schema, piece, here)):
        choice.unequal |= unequal
        return
    both = IntervalSet([common_samples(piece, here)])
    for one in look.origins:
        for other in read_origins(here.path, here.file):
            common = IntervalSet([one[:2]]) & IntervalSet([other[:2]]) & both
            if common and one.code != other.code:
                key = one.code, other.code
                choice.proofs[key] = choice.proofs.get(key, IntervalSet()) | common


def _is_same(piece: Piece, look: Inspection, here: Piece, kind: Kind) -> bool:
    """Whether two files are one, or have the same samples and checksum."""
    state = here.path.lstat()
    if (state.st_dev, state.st_ino) == look.file:
        return True
    if piece.file != here.file:
        return False
    with labelled(here.path, kind.label(here.file)) as (_, attributes):
        found = (attributes.get("checksum_algorithm"), attributes.get("checksum"))
    return tuple(map(str, found)) == look.checksum


class Carrier:
    """Brings files from a data set of one cache to one of another.

    Attributes
    ----------
    linked, copied
        How many files came in which way.
    """

    def __init__(self, source: Path, target: Path, observe: Counter) -> None:
        self._source, self._target, self._observe = source, target, observe
        self.linked = self.copied = 0
        self._lock, self._files = Lock(), 0
        with drafting(target / "tmp", target / "tmp" / "usual") as draft:
            self._usual = os.fstat(draft.descriptor)

    def carry(self, files: Sequence[Inspected], folder: Path, kind: Kind) -> list[Refusal]:
        """Publish files in a folder, durably; return those that are damaged, or gone."""
        refused: list[Refusal] = []
        self._files += len(files)
        for place in dict.fromkeys(piece.folder for piece, _ in files):
            here = [each for each in files if each[0].folder == place]
            with (
                open_folder(self._source, place, make=False) as source,
                open_folder(self._target, folder) as target,
            ):
                carry = partial(self._attempt, source, target, kind)
                refused += [each for each in in_parallel(carry, here) if each is not None]
                target.sync()
        return refused

    def _attempt(
        self, source: Folder, target: Folder, kind: Kind, file: Inspected
    ) -> Refusal | None:
        piece, look = file
        try:
            is_linked = self._carry(source, target, piece.file, look, kind)
        except (FileNotFoundError, DamagedFileError) as error:
            words = f"{source.path / shard_name(piece.file)} is gone; import again"
            reason = str(error) if isinstance(error, DamagedFileError) else words
            return Refusal(IntervalSet([piece.file]), reason)
        with self._lock:
            self.linked += is_linked
            self.copied += not is_linked
            self._observe(self.linked + self.copied, self._files)
        return None

    def _carry(
        self, source: Folder, target: Folder, file: Interval, look: Inspection, kind: Kind
    ) -> bool:
        """Link or copy a file; return whether it was linked."""
        name = shard_name(file)
        with open_file(source, name) as descriptor:
            state = os.fstat(descriptor)
            is_same = (state.st_dev, state.st_ino) == look.file
            if is_same and self._may_link(state) and _link(descriptor, target, name):
                return True
            final = target.path / name
            with (
                drafting(self._target / "tmp", final) as draft,
                _by_name(draft.descriptor, source.path / name) as path,
            ):
                copy_content(descriptor, draft.descriptor)
                verify_shard(path, kind.schema, kind.label(file))
                draft.publish(equals=True)
            return False

    def _may_link(self, state: os.stat_result) -> bool:
        """Whether a file is this user's, and others may do with it what they may with a new one."""
        usual, mode = stat.S_IMODE(self._usual.st_mode), stat.S_IMODE(state.st_mode)
        is_readable = not usual & 0o444 & ~mode
        of_group = state.st_gid == self._usual.st_gid or not usual & 0o040 or mode & 0o004
        is_safe = not mode & 0o022 & ~usual
        return state.st_uid == os.geteuid() and is_readable and bool(of_group) and is_safe


def _link(descriptor: int, folder: Folder, name: str) -> bool:
    """Give an open file a further name, unless it is taken; return False where there are no links.

    Whoever made the file may not have forced it to disk.
    """
    os.fsync(descriptor)
    try:
        os.link(
            f"/proc/self/fd/{descriptor}", name, dst_dir_fd=folder.descriptor, follow_symlinks=True
        )
    except FileExistsError:
        return True
    except OSError:  # another file system, or one without links
        return False
    return True


def copy_content(source: int, target: int) -> None:
    """Copy the content of an open file into another one."""
    with (
        open(source, "rb", closefd=False) as reader,
        open(target, "wb", closefd=False) as writer,
    ):
        shutil.copyfileobj(reader, writer, 2**20)


def carry_text(base: Path, path: Path, target: Path, final: Path) -> None:
    """Copy a journal or a log, with its time, in place of a shorter one that was copied before.

    `base` and `target` are the folders of the data sets. What is missing, not a regular file, or
    larger than anything that is read at once is left out.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(open_folder(base, path.parent, make=False))
            descriptor = stack.enter_context(open_file(folder, path.name))
        except (CacheError, FileNotFoundError):
            return
        state = os.fstat(descriptor)
        if _size(final) < state.st_size <= MOST_BYTES:
            _put_text(descriptor, state, target / "tmp", final)


def _put_text(source: int, state: os.stat_result, temporary: Path, final: Path) -> None:
    with drafting(temporary, final) as draft:
        copy_content(source, draft.descriptor)
        os.utime(draft.descriptor, ns=(state.st_atime_ns, state.st_mtime_ns))
        if _size(final) < 0:
            draft.publish()
        else:
            sync(draft.descriptor)
            draft.replace()


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.lstat().st_size
    return -1
