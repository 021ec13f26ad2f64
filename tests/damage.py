"""Damage to files of a cache: to bytes, or to what they say under a checksum that is right."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from datagen_core.generators.identity import sha256_of
from datagen_core.store.layout import SetPaths
from datagen_core.store.sets import read_schema
from datagen_core.store.shard_columns import file_checksum

Damage = Callable[[Path, random.Random], None]


def _with_bytes(change: Callable[[bytes, random.Random], bytes]) -> Damage:
    def damage(path: Path, rng: random.Random) -> None:
        content = path.read_bytes()
        path.unlink()  # it is a link to the original
        path.write_bytes(change(content, rng))

    return damage


def _flip(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content)) if content else 0
    return (
        content[:place]
        + bytes(255 - each for each in content[place : place + 1])
        + (content[place + 1 :])
    )


def _insert(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content) + 1)
    return content[:place] + b"\xff\xfe\x80" + content[place:]


def _in_place_of(make: Callable[[Path], object]) -> Damage:
    def damage(path: Path, _: random.Random) -> None:
        path.unlink()
        make(path)

    return damage


def _link_out(path: Path) -> None:
    path.symlink_to(next(each for each in path.parents if each.name == "cache").parents[1]
                    / "made" / "secret")  # fmt: skip


def _exchange(path: Path, rng: random.Random) -> None:
    """Put a file of another kind, or of another set, in place of a file."""
    cache = next(each for each in path.parents if each.name == "cache")
    others = sorted(each for each in cache.rglob(f"*{path.suffix}") if each.is_file())
    other = rng.choice(others).read_bytes()
    path.unlink()
    path.write_bytes(other)


BYTES = {
    "cut": _with_bytes(lambda content, rng: content[: rng.randrange(max(1, len(content)))]),
    "zeroed": _with_bytes(lambda content, _: bytes(len(content))),
    "flipped": _with_bytes(_flip),
    "not UTF-8": _with_bytes(_insert),
    "empty": _with_bytes(lambda *_: b""),
    "with a mark": _with_bytes(lambda content, _: b"\xef\xbb\xbf" + content),
    "deep": _with_bytes(lambda *_: b"[" * 100_000),
    "huge number": _with_bytes(lambda *_: b'{"checksum": ' + b"9" * 5000 + b"}"),
}
"""Damage after which no command may take a file for good."""

OTHERS = {
    "longer": _with_bytes(lambda content, _: content + b"\n{}\n"),
    "removed": _in_place_of(lambda _: None),
    "folder": _in_place_of(Path.mkdir),
    "fifo": _in_place_of(os.mkfifo),
    "dangling": _in_place_of(lambda path: path.symlink_to("nowhere")),
    "looping": _in_place_of(lambda path: path.symlink_to(path.name)),
    "elsewhere": _in_place_of(_link_out),
    "exchanged": _exchange,
}
"""Other files in the place of one."""

if os.geteuid():
    OTHERS["unreadable"] = lambda path, _: path.chmod(0)

_DEEP: Any = 1
for _ in range(600):
    _DEEP = [_DEEP]

VALUES: dict[str, Any] = {
    "null": None,
    "huge": 10**400,
    "large": 2**63,
    "negative": -1,
    "fraction": 0.5,
    "infinite": float("inf"),
    "list": [],
    "nested list": [[[]]],
    "mapping": {},
    "text": "",
    "upwards": "../../../out",
    "absolute": "/out",
    "escape": "\x1b[2J\u202e\x07\n",
    "long": "a" * 5000,
    "surrogate": "\udcff",
    "true": True,
    "deep list": _DEEP,
}
"""What stands in place of a value, under a checksum that is right."""


def _replace(content: Any, rng: random.Random, value: Any) -> None:
    """Replace a value of a document, at any depth, or leave out its key."""
    while True:
        keys = list(content) if isinstance(content, dict) else list(range(len(content)))
        key = rng.choice(keys)
        inner = content[key]
        if not (isinstance(inner, dict | list) and inner and rng.random() < 0.6):
            break
        content = inner
    if value is KeyError:
        del content[key]
    elif isinstance(content, list) and rng.random() < 0.3:
        content.append(content[-1])
    else:
        content[key] = value


def _damage_document(path: Path, rng: random.Random, value: Any) -> None:
    lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    place = rng.randrange(len(lines))
    content = json.loads(lines[place])
    had = content.pop("checksum", None)
    _replace(content, rng, value)
    with suppress(ValueError, RecursionError, UnicodeError):  # it stays a wrong one
        had = had and sha256_of(content)
    lines[place] = json.dumps({**content, "checksum": had} if had else content)
    path.unlink()
    path.write_text("\n".join(lines) + "\n")


def _damage_shard(path: Path, rng: random.Random, value: Any) -> None:
    """Change an attribute or an array of a shard, and give it a checksum that fits, if any."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        with suppress(TypeError, ValueError, OverflowError, RuntimeError, OSError):  # no HDF5
            _damage_part(file, rng, value)
        with suppress(Exception):
            schema = read_schema(SetPaths(path.parents[1]))
            start, stop = map(int, path.stem.split("-"))
            file.attrs["checksum"] = file_checksum(file, schema, stop - start, "sha256")
            file.attrs["checksum_algorithm"] = "sha256"


def _damage_part(file: h5py.File, rng: random.Random, value: Any) -> None:
    if rng.random() < 0.5:
        key = rng.choice(list(file.attrs))
        del file.attrs[key]
        if value is not KeyError:
            file.attrs[key] = value
        return
    name = rng.choice(list(file))
    inside = file[name] if isinstance(file[name], h5py.Group) else file
    key = rng.choice(list(inside))
    shape, dtype = getattr(inside[key], "shape", ()), getattr(inside[key], "dtype", "f8")
    del inside[key]
    rng.choice(_PARTS)(inside, key, shape, dtype)


def _make_external(group: h5py.Group, key: str, shape: tuple[int, ...], dtype: Any) -> None:
    secret = Path(group.file.filename).parents[4] / "made" / "secret"
    group.create_dataset(key, shape, dtype, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])


def _make_virtual(group: h5py.Group, key: str, shape: tuple[int, ...], dtype: Any) -> None:
    layout = h5py.VirtualLayout(shape, dtype)
    layout[...] = h5py.VirtualSource("other.h5", key, shape, dtype)
    group.create_virtual_dataset(key, layout)


_PARTS: list[Callable[[h5py.Group, str, tuple[int, ...], Any], object]] = [
    _make_external,
    _make_virtual,
    lambda group, key, shape, dtype: None,
    lambda group, key, shape, dtype: group.create_group(key),
    lambda group, key, shape, dtype: group.create_dataset(key, (0, *shape[1:]), dtype),
    lambda group, key, shape, dtype: group.create_dataset(key, (*shape, 2), dtype),
    lambda group, key, shape, dtype: group.create_dataset(key, shape, "S3"),
    lambda group, key, shape, dtype: group.create_dataset(key, shape, h5py.ref_dtype),
    lambda group, key, shape, dtype: group.create_dataset(key, data=np.full(shape, -7)),
    lambda group, key, shape, dtype: group.create_dataset(key, (10**9,), "i8", chunks=(9,)),
    lambda group, key, shape, dtype: group.__setitem__(key, h5py.SoftLink(f"/{key}")),
    lambda group, key, shape, dtype: group.__setitem__(key, h5py.ExternalLink("other.h5", key)),
    lambda group, key, shape, dtype: group.__setitem__(key, group.file),
]
"""What takes the place of an array."""


def _damage_said(value: Any) -> Damage:
    def damage(path: Path, rng: random.Random) -> None:
        (_damage_shard if path.suffix == ".h5" else _damage_document)(path, rng, value)

    return damage


SAID = {name: _damage_said(value) for name, value in {**VALUES, "no key": KeyError}.items()}
"""Damage to what a document or a shard says."""
