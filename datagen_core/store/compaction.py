"""Compaction: many small shards become few large packs, which are the fastest to read."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from datagen_core.generators.schema import Schema, slice_columns
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.columns import Piece, cover, disjoint_parts
from datagen_core.store.folders import open_folder
from datagen_core.store.heartbeats import age
from datagen_core.store.layout import SetPaths, list_shards, shard_name
from datagen_core.store.origins import Origin, join_origins
from datagen_core.store.set_records import SetRecord
from datagen_core.store.shard_writer import GrowingColumns
from datagen_core.store.shards import ShardLabel, publish_shard, read_shard

PACK_BYTES = 256 * 2**20
"""The largest size of a pack; it is made in memory, which also holds one of its shards."""

GRACE_SECONDS = 24 * 3600.0
"""How long shards stay beside the pack that covers them, for readers that have them open."""

MANY_FILES = 64
SMALL_BYTES = 4 * 2**20

CHEAP_FILES = 4
CHEAP_BYTES = 64 * 2**20
"""This many files of together at most this size are packed in a fraction of a second, and random
minibatches of the pack take a tenth of the time or less."""


class Compaction(NamedTuple):
    """Number of packs written, files removed, and covered files whose grace period is not over."""

    packs: int
    removed: int
    waiting: int


def wants_compaction(paths: SetPaths) -> bool:
    """Return whether packing is worth it: many small shards that no pack covers, or cheap ones."""
    if len(list_shards(paths.shards)) < CHEAP_FILES:
        return False
    sizes = [_size(piece) for piece in _loose(paths, cover(paths.folders))]
    is_cheap = len(sizes) >= CHEAP_FILES and sum(sizes) <= CHEAP_BYTES
    return is_cheap or (len(sizes) > MANY_FILES and sum(sizes) < SMALL_BYTES * len(sizes))


def compact(
    paths: SetPaths, record: SetRecord, schema: Schema, *, grace: float = GRACE_SECONDS
) -> Compaction:
    """Write packs of the shards that no pack covers; remove files covered for `grace` seconds.

    A new pack absorbs the pack before it, if that is not larger and both are small. So a set that
    grows by small runs has few packs, and each sample is copied few times.

    Every file's checksum is verified before its samples go into a pack.

    Raises
    ------
    DamagedFileError
        If a shard is damaged; it is named, and nothing was removed.
    NewerFormatError
        If a shard has attributes of a newer version, which a pack would lose.
    """
    packs = 0
    pieces = cover(paths.folders)
    for loose in _groups(_loose(paths, pieces)):
        group = _absorb(pieces, loose)
        if len(group) > 1:
            with suppress(FileNotFoundError):  # another process packed and removed them
                _write_pack(paths, record, schema, group)
                packs += 1
    removed, waiting = _remove_covered(paths, grace)
    return Compaction(packs, removed, waiting)


def _loose(paths: SetPaths, pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.folder == paths.shards]


def _size(piece: Piece) -> int:
    with suppress(FileNotFoundError):
        return piece.path.stat().st_size
    return 0


def _groups(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Group adjacent pieces up to the size of a pack."""
    if not pieces:
        return
    group, size = [pieces[0]], _size(pieces[0])
    for before, piece in pairwise(pieces):
        more = _size(piece)
        if before.interval.stop != piece.interval.start or size + more > PACK_BYTES:
            yield group
            group, size = [], 0
        group.append(piece)
        size += more
    yield group


def _absorb(pieces: list[Piece], group: list[Piece]) -> list[Piece]:
    """Return a group with the packs before it that are not larger than what follows them."""
    size = sum(map(_size, group))
    for piece in reversed(pieces[: pieces.index(group[0])]):
        is_pack = piece.folder != group[-1].folder and piece.interval == piece.file
        is_adjacent = piece.interval.stop == group[0].interval.start
        more = _size(piece)
        if not (is_pack and is_adjacent) or more > size or size + more > CHEAP_BYTES:
            break
        group = [piece, *group]
        size += more
    return group


def _write_pack(paths: SetPaths, record: SetRecord, schema: Schema, group: list[Piece]) -> None:
    columns = GrowingColumns()
    origins: list[Origin] = []
    for piece in group:
        label = ShardLabel(record.generator, record.digest, piece.file)
        part, made = read_shard(piece.path, schema, label, strict=True)
        first, end = piece.interval
        columns.append(slice_columns(part, first - piece.file.start, end - piece.file.start))
        del part  # or it would stay while the next one is read
        clipped = (
            each._replace(start=max(each.start, first), stop=min(each.stop, end)) for each in made
        )
        origins += [each for each in clipped if each.start < each.stop]
    interval = Interval(group[0].interval.start, group[-1].interval.stop)
    label = ShardLabel(record.generator, record.digest, interval, join_origins(origins))
    joined = columns.first(interval.size)
    publish_shard(paths.packs, paths.temporary, label, joined, compress=record.compress)


def _remove_covered(paths: SetPaths, grace: float) -> tuple[int, int]:
    packs = list_shards(paths.packs)
    if not packs:
        return 0, 0
    with open_folder(paths.root.parent, paths.packs) as folder:
        folder.sync()  # another process may have published them a moment ago
    old = [pack for pack in packs if _age(paths, pack) >= grace]
    absorbed = set(packs).difference(file for _, file in disjoint_parts(packs))
    absorbed_long = set(old).difference(file for _, file in disjoint_parts(old))
    covered, covered_long = IntervalSet(packs), IntervalSet(old)
    shards = [shard for shard in list_shards(paths.shards) if not IntervalSet([shard]) - covered]
    shards_long = [shard for shard in shards if not IntervalSet([shard]) - covered_long]
    _remove(paths, paths.packs, absorbed_long)
    _remove(paths, paths.shards, shards_long)
    removed = len(absorbed_long) + len(shards_long)
    return removed, len(absorbed) + len(shards) - removed


def _remove(paths: SetPaths, place: Path, files: Collection[Interval]) -> None:
    if files:
        with open_folder(paths.root.parent, place, make=False) as folder:
            for file in files:
                folder.remove(shard_name(file))


def _age(paths: SetPaths, pack: Interval) -> float:
    """Return how long a pack has been there, by the clock of the server that stamped it."""
    with suppress(FileNotFoundError):  # another process removed it
        return max(age(paths.packs / shard_name(pack), paths.root.parent), 0.0)
    return -math.inf
