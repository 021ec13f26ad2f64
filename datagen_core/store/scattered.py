"""Samples of a split that lie scattered, in files of their own beside the ledger's generations.

A random choice of half a million samples is as many intervals. Each generation of the ledger would
repeat them; instead it names a file, which says once for all which samples they are, and how many,
so that whoever only counts need not read it. The file is called by the SHA-256 of its content: it
is published before the first generation that names it, never changes, and serves every split that
has the same samples. One that no generation came to name, since its process was killed, does no
harm.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_core.errors import DamagedFileError
from datagen_core.generators.identity import sha256_of
from datagen_core.ranges import Interval, IntervalList, IntervalSet
from datagen_core.store import forms
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import SetPaths

if TYPE_CHECKING:
    from datagen_core.edges import Edges

SCATTERED_FORMAT = "1.0"

MOST_WRITTEN_OUT = 256
"""The most intervals of ascending samples that a document has itself."""

_SPARSE = 256
"""Where intervals are so far apart, they are written out: bits would take more memory."""

_MOST_BITS = 2**31

_BITS: Mapping[str, forms.Form] = {
    "start": forms.whole, "size": forms.positive, "bits": forms.text,
}  # fmt: skip
_REFERENCE: Mapping[str, forms.Form] = {
    "scattered": forms.digest, "samples": forms.positive, "span": forms.interval,
}  # fmt: skip


class Scattered(IntervalSet):
    """Samples in a file, which is read when somebody asks for more than their number and span."""

    __slots__ = ("_path", "_size", "_span")

    def __init__(self, path: Path, size: int, span: Interval) -> None:
        super().__init__()
        self._intervals = None
        self._path, self._size, self._span = path, size, span

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def edges(self) -> Edges:
        """The edges of its intervals, see `IntervalSet.edges`.

        Raises
        ------
        CacheError
            If the file is missing, damaged, or not readable.
        """
        edges = _read(self._path)
        found = (int((edges[1::2] - edges[::2]).sum()), Interval(int(edges[0]), int(edges[-1])))
        if found != (self._size, self._span):
            raise DamagedFileError(
                f"{self._path} is damaged: it does not hold the samples that the ledger says; "
                "restore it from a backup"
            )
        return edges

    @property
    def span(self) -> Interval:
        """The interval from its first index to its last one."""
        return self._span

    def __len__(self) -> int:
        return self._size

    def __bool__(self) -> bool:
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        return Scattered, (self._path, self._size, self._span)


@lru_cache(8)
def _read(path: Path) -> Edges:
    try:
        return read_document(path, SCATTERED_FORMAT, lambda content: _parse(path, content))
    except FileNotFoundError:
        raise DamagedFileError(
            f"{path} is missing, which says which samples are in a split; restore it from a backup"
        ) from None


def _parse(path: Path, content: dict[str, Any]) -> Edges:
    from datagen_core import edges  # loads numpy, which `list` does not need

    if path.stem != sha256_of(content):
        raise ValueError("it is not what its name says")
    if "samples" in content:
        found = forms.samples(content["samples"]).edges
    else:
        taken = forms.take(content, _BITS)
        found = edges.from_bits(_unpack(taken["bits"], taken["size"]), taken["start"])
    if not len(found):
        raise ValueError("it has no samples")
    return found


def _unpack(text: str, size: int) -> bytes:
    if size > _MOST_BITS:
        raise ValueError(f"{size} bits are more than any version writes")
    try:
        return zlib.decompressobj().decompress(base64.b64decode(text), -(-size // 8))
    except zlib.error as error:
        raise ValueError(f"its bits cannot be unpacked ({error})") from None


def write_items(paths: SetPaths, samples: Iterable[tuple[int, int]]) -> list[Any]:
    """Return samples in their order for a document of a set; publish files of those that scatter.

    An item is an interval, or names a file, how many samples it has, and their span.
    """
    items: list[Any] = []
    for part in IntervalList(samples).parts:
        if isinstance(part, Scattered) or part.ranges > MOST_WRITTEN_OUT:
            items.append(_write_scattered(paths, part))
        else:
            items += [list(pair) for pair in part]
    return items


def _write_scattered(paths: SetPaths, part: IntervalSet) -> dict[str, Any]:
    if isinstance(part, Scattered) and part.path.parent == paths.scattered:
        path = part.path
    else:
        content = _describe(part)
        path = paths.scattered / f"{sha256_of(content)}.json"
        if not path.exists():
            publish_document(path, {"format": SCATTERED_FORMAT, **content}, paths.temporary)
    return {"scattered": path.stem, "samples": len(part), "span": list(part.span)}


def _describe(part: IntervalSet) -> dict[str, Any]:
    from datagen_core import edges  # as above

    span = part.span
    if span.size > min(_SPARSE * part.ranges, _MOST_BITS):
        return {"samples": [list(pair) for pair in part]}
    bits = base64.b64encode(zlib.compress(edges.to_bits(part.edges))).decode()
    return {"start": span.start, "size": span.size, "bits": bits}


def read_items(paths: SetPaths, items: Any) -> IntervalList:
    """Return what `write_items` returned the items of.

    Raises
    ------
    ValueError
        If they have another form.
    """
    if all(type(item) is list for item in forms.listing(items)):  # as most are
        return IntervalList(forms.intervals(items))
    parts: list[IntervalSet] = []
    pairs: list[Any] = []
    for item in items:
        if type(item) is list:
            pairs.append(item)
            continue
        parts += [*IntervalList(forms.intervals(pairs)).parts, _read_reference(paths, item)]
        pairs = []
    return IntervalList.of([*parts, *IntervalList(forms.intervals(pairs)).parts])


def _read_reference(paths: SetPaths, item: Any) -> Scattered:
    found = forms.take(forms.tree(item), _REFERENCE)
    path = paths.scattered / f"{found['scattered']}.json"
    return Scattered(path, found["samples"], found["span"])


def is_scattered(items: Iterable[Any]) -> bool:
    """Return whether items of a document name files, which versions before 0.2 do not know."""
    return any(type(item) is dict for item in items)
