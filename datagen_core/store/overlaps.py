"""Files that have samples in common, which must be equal: a sample is a function of its index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from datagen_core.generators.schema import Schema
from datagen_core.ranges import Interval, IntervalSet, cut_into_batches
from datagen_core.store.columns import Piece
from datagen_core.store.layout import SetPaths, list_files
from datagen_core.store.shard_columns import PIECE_BYTES, rows_checksum
from datagen_core.store.shards import reading


def list_pieces(paths: SetPaths) -> list[Piece]:
    """Return all files of samples of a set, also those whose samples are read from others."""
    listed = zip(paths.folders, list_files(paths.folders), strict=True)
    return [Piece(file, folder, file) for folder, files in listed for file in files]


def overlapping(
    pieces: Iterable[Piece], others: Iterable[Piece] | None = None
) -> Iterator[tuple[Piece, Piece]]:
    """Yield the pairs of files that have samples in common, one of them from `others` if given."""
    reaching: list[tuple[Piece, bool]] = []
    known = [(piece, False) for piece in pieces] + [(piece, True) for piece in others or ()]
    for piece, is_other in sorted(known, key=lambda each: each[0].file):
        reaching = [each for each in reaching if each[0].file.stop > piece.file.start]
        for left, was_other in reaching:
            if others is None or is_other != was_other:
                yield (piece, left) if was_other else (left, piece)
        reaching.append((piece, is_other))


def differing_samples(schema: Schema, left: Piece, right: Piece) -> IntervalSet:
    """Return the samples that two files have in common, by the piece, if they are not equal.

    Raises
    ------
    FileNotFoundError
        If a file is gone, as after a compaction.
    DamagedFileError
        If one cannot be read.
    """
    both = common_samples(left, right)
    with reading(left.path) as one, reading(right.path) as other:
        return IntervalSet(
            part
            for part in cut_into_batches([both], _rows_at_once(left))
            if rows_checksum(one, schema, *_rows(part, left))
            != rows_checksum(other, schema, *_rows(part, right))
        )


def common_samples(left: Piece, right: Piece) -> Interval:
    """Return the samples that two files have in common, of which there are some."""
    starts, stops = zip(left.file, right.file, strict=True)
    return Interval(max(starts), min(stops))


def _rows(samples: Interval, piece: Piece) -> Interval:
    return Interval(samples.start - piece.file.start, samples.stop - piece.file.start)


def _rows_at_once(piece: Piece) -> int:
    """Return how many samples of a file take about as much memory as a piece of it may."""
    return max(1, PIECE_BYTES * piece.file.size // max(1, piece.path.stat().st_size))
