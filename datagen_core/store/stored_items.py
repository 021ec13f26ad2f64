"""What lies in an open shard, and only that: a shard is data, which somebody else may have made.

HDF5 follows soft and external links, reads datasets from other files (external storage, virtual
datasets) and loads filters as plugins. datagen writes none of these. Whoever reads a field asks
here for it, so that a shard can show nothing but its own bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any, TypeAlias

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5l, h5t, h5z
from numpy.typing import NDArray

Stored: TypeAlias = h5py.Dataset | h5py.Group
"""What holds values of a field in a file: a group for bytes of any length, else a dataset."""

_LAYOUTS = {h5d.CONTIGUOUS, h5d.CHUNKED}
_FILTERS = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE}
_TEXT = h5py.string_dtype()
_TEXT_TYPE = h5t.py_create(_TEXT)
_NAME = re.compile(rb"([0-9]{12,19})-([0-9]{12,19})\.h5")


def item_at(file: h5py.File, path: str) -> Stored:
    """Return what a path such as `x/values` names, each part of it by `item_of`."""
    item: Any = file
    for name in path.split("/"):
        item = item_of(item, name)
    return item


def item_of(group: h5py.Group, name: str) -> Stored:
    """Return the array or group of a name in a file or group.

    Raises
    ------
    KeyError
        If there is nothing.
    ValueError
        If it is a link to something else, or not stored as datagen stores it.
    """
    check_link(group.id if isinstance(group.id, h5g.GroupID) else h5g.open(group.id, b"/"), name)
    item = group[name]
    if isinstance(item, h5py.Dataset):
        check_storage(item.id)
    elif not isinstance(item, h5py.Group):
        raise TypeError(f"{name!r} is neither an array nor a group")
    return item


def read_attributes(file: h5f.FileID, names: Iterable[str]) -> dict[str, int | str]:
    """Return attributes of a file by name, as far as it has them; h5py takes four times as long.

    Raises
    ------
    TypeError
        If one is not a single number or text; HDF5 would write others over other memory.
    """
    known = (name for name in names if h5a.exists(file, name.encode()))
    return {name: _read_attribute(h5a.open(file, name.encode()), name) for name in known}


def _read_attribute(attribute: h5a.AttrID, name: str) -> int | str:
    kind = attribute.get_type()
    if attribute.shape == () and kind.get_class() == h5t.INTEGER:
        number = np.zeros((), np.int64)
        attribute.read(number, h5t.NATIVE_INT64)
        return int(number)
    if attribute.shape == () and kind.get_class() == h5t.STRING and kind.is_variable_str():
        text = np.empty((), _TEXT)
        attribute.read(text, _TEXT_TYPE)
        return bytes(text[()]).decode(errors="surrogateescape")
    raise TypeError(f"the attribute {name} is neither a number nor a text")


def check_link(group: h5g.GroupID, path: str) -> None:
    """Refuse a path of a group that is not the name of something in the same file."""
    parts = path.encode().split(b"/")
    for end in range(1, len(parts) + 1):
        if group.links.get_info(b"/".join(parts[:end])).type != h5l.TYPE_HARD:
            raise ValueError(f"{path!r} is a link to something else")


def check_storage(dataset: h5d.DatasetID) -> None:
    """Refuse an array whose values are elsewhere, or are stored as datagen does not store them."""
    plan, kind = dataset.get_create_plist(), dataset.get_type()
    if plan.get_layout() not in _LAYOUTS or plan.get_external_count():
        raise ValueError("its values are not in the file")
    if any(plan.get_filter(place)[0] not in _FILTERS for place in range(plan.get_nfilters())):
        raise ValueError("its values are stored by a filter other than gzip and shuffle")
    if kind.committed() or kind.detect_class(h5t.REFERENCE):
        raise ValueError("it has a type that no field has")


def rows_in_name(file: h5f.FileID) -> int | None:
    """Return how many samples the name of a shard says that it has; None where it is no shard's."""
    name = _NAME.fullmatch(os.path.basename(file.name))  # noqa: PTH119 (bytes)
    return int(name[2]) - int(name[1]) if name else None


def check_shape(found: tuple[int, ...], rows: int | None, rest: tuple[int, ...] = ()) -> None:
    """Refuse an array that does not have the rows and the shape of each; None for any rows."""
    if found != (found[:1] if rows is None else (rows,)) + rest:
        raise ValueError(f"it has the shape {found}, not {('n' if rows is None else rows, *rest)}")


def check_rising(offsets: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return some of the offsets of a ragged field if they lie within its rows, and never fall."""
    is_right = len(offsets) == 0 or (
        offsets[0] >= 0 and offsets[-1] <= rows and bool((offsets[1:] >= offsets[:-1]).all())
    )
    if not is_right or offsets.dtype != np.int64:
        raise ValueError("the offsets of a ragged field do not rise within its values")
    return offsets
