"""What a power cut may leave of a folder: `record` what a command does, and `crash_states` of it.

A recording is the list of system calls that changed files below a folder, as strace saw them. After
each of them the power may fail. What is on the disk then depends on the file system; a `Model` says
what becomes of what was not synced:

- metadata: entries and sizes are kept, data that was not synced is zero, as on XFS;
- entries: entries are kept, files are as they were synced last, or empty, as on ext4 without order;
- strict: only what was synced is there, a folder's entries too, as POSIX has it;
- random: each entry and each file is as it was synced last or as it is now, or torn.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

Model = Literal["metadata", "entries", "strict", "random"]

_CALLS = (
    "openat,open,creat,lseek,write,pwrite64,writev,pwritev,pwritev2,sendfile,copy_file_range,"
    "fallocate,ftruncate,truncate,mkdir,mkdirat,link,linkat,symlink,symlinkat,rename,renameat,"
    "renameat2,unlink,unlinkat,rmdir,fsync,fdatasync"
)
_LINE = re.compile(r"(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))")
_END = re.compile(r"(.*)\) += (-?\d+)(?:<([^>]*)>)?(?: .*)?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PLACE = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>")
_DESCRIPTOR = re.compile(r"/proc/(?:self|thread-self|\d+)/fd/(\d+)(.*)")


class Call(NamedTuple):
    """A system call that changed something: its name, the paths it was about, and what it wrote.

    `at` is the offset of what was written, None for the end; a truncation has the size there.
    """

    name: str
    paths: tuple[str, ...]
    data: bytes = b""
    at: int | None = None


def record(command: Sequence[str], log: Path, **options: object) -> list[Call]:
    """Run a command, and return its successful calls of interest, in their order."""
    strace = [
        "strace",
        "-f",
        "-y",
        "-xx",
        "-s",
        "10000000",
        "--seccomp-bpf",
        "-e",
        f"trace={_CALLS}",
    ]
    subprocess.run([*strace, "-o", str(log), *command], check=True, **options)  # type: ignore[call-overload]
    with log.open(encoding="ascii") as lines:
        return list(_Trace().read(lines))


class _Trace:
    """Reads the lines of strace, with all strings in hexadecimal digits."""

    def __init__(self) -> None:
        self._begun: dict[str, str] = {}
        self._files: dict[tuple[str, str], str] = {}
        self._at: dict[str, int] = {}

    def read(self, lines: Iterable[str]) -> Iterator[Call]:
        for line in lines:
            if found := _LINE.match(line.rstrip("\n")):
                process, name, rest, resumed, end = found.groups()
                text = self._begun.pop(process, "") + end if resumed else rest
                if text.endswith(" <unfinished ...>"):
                    self._begun[process] = text.removesuffix(" <unfinished ...>")
                elif ended := _END.fullmatch(text):
                    yield from self._call(name or resumed, *ended.groups())

    def _call(self, name: str, text: str, result: str, opened: str | None) -> Iterator[Call]:
        if int(result) < 0:
            return
        texts = [_decode(each) for each in _TEXT.findall(text)]
        places = [_decode(each).decode() for each in _PLACE.findall(text)]
        if name in {"openat", "open", "creat"}:
            yield from self._open(text, result, _decode(opened or "").decode())
        elif name == "lseek":
            self._at[places[0]] = int(result)
        elif name in {"write", "pwrite64", "sendfile", "copy_file_range", "ftruncate"}:
            yield from self._write(name, text, int(result), places, texts)
        elif name in {"fsync", "fdatasync"}:
            yield Call("fsync", (places[0],))
        else:
            yield Call(name.removesuffix("at").removesuffix("at2"), self._paths(text))

    def _open(self, text: str, number: str, path: str) -> Iterator[Call]:
        self._files["", number] = path
        self._at[path] = 0
        if "O_APPEND" in text:
            del self._at[path]
        if "O_CREAT" in text:
            yield Call("create", (path,))
        if "O_TRUNC" in text:
            yield Call("truncate", (path,), at=0)

    def _write(
        self, name: str, text: str, count: int, places: list[str], texts: list[bytes]
    ) -> Iterator[Call]:
        if name == "ftruncate":
            yield Call("truncate", (places[0],), at=int(text.rpartition(", ")[2]))
        elif name == "pwrite64":
            yield Call("write", (places[0],), texts[0][:count], int(text.rpartition(", ")[2]))
        elif name == "write":
            yield self._append(places[0], texts[0][:count])
        elif count:  # a copy; small files are copied in one piece
            target = places[0] if name == "sendfile" else places[1]
            source = places[1] if name == "sendfile" else places[0]
            yield self._append(target, source.encode())._replace(name="copy")

    def _append(self, path: str, data: bytes) -> Call:
        at = self._at.get(path)
        if at is not None:
            self._at[path] = at + len(data)
        return Call("write", (path,), data, at)

    def _paths(self, text: str) -> tuple[str, ...]:
        """Return the absolute paths of a call that names files in folders."""
        found, folder = [], ""
        for part in text.split(", "):
            if place := _PLACE.fullmatch(part):
                folder = _decode(place[1]).decode()
            elif name := _TEXT.fullmatch(part):
                path = _decode(name[1]).decode()
                if inside := _DESCRIPTOR.fullmatch(path):
                    path = self._files["", inside[1]] + inside[2]
                found.append(os.path.normpath(f"{folder}/{path}" if path[:1] != "/" else path))
        return tuple(found)


def _decode(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass(eq=False)
class _File:
    data: bytes = b""
    synced: bytes = b""
    is_synced: bool = False


@dataclass(eq=False)
class _Folder:
    entries: dict[str, _File | _Folder] = field(default_factory=dict)
    synced: dict[str, _File | _Folder] = field(default_factory=dict)


Tree = Mapping[str, bytes | None]
"""What is below a folder, by relative path: content, or None for a folder."""


class State(NamedTuple):
    """What a power cut leaves, the lines that were written before, and all names ever given."""

    tree: Tree
    told: tuple[str, ...]
    seen: frozenset[str]


class Disk:
    """A folder as calls change it, and as it would be after a power cut. It begins empty."""

    def __init__(self, root: Path) -> None:
        self._root, self._top = str(root), _Folder()
        self.seen: set[str] = set()

    def apply(self, call: Call) -> bool:
        """Do one call; return whether it was about something below the folder."""
        if not any(path.startswith(f"{self._root}/") or path == self._root for path in call.paths):
            return False
        getattr(self, f"_{call.name}")(call)
        self.seen.update(path.removeprefix(f"{self._root}/") for path in call.paths[1:])
        return True

    def _find(self, path: str) -> _File | _Folder | None:
        found: _File | _Folder | None = self._top
        for name in self._names(path):
            found = found.entries.get(name) if isinstance(found, _Folder) else None
        return found

    def _names(self, path: str) -> list[str]:
        return [name for name in path.removeprefix(self._root).split("/") if name]

    def _place(self, path: str) -> tuple[dict[str, _File | _Folder], str]:
        folder = self._find(path.rpartition("/")[0])
        assert isinstance(folder, _Folder), path
        return folder.entries, path.rpartition("/")[2]

    def _create(self, call: Call) -> None:
        entries, name = self._place(call.paths[0])
        entries.setdefault(name, _File())

    def _mkdir(self, call: Call) -> None:
        entries, name = self._place(call.paths[0])
        entries[name] = _Folder()

    def _link(self, call: Call) -> None:
        source = self._find(call.paths[0])
        assert source is not None, call
        entries, name = self._place(call.paths[1])
        entries[name] = source

    def _rename(self, call: Call) -> None:
        self._link(call)
        self._unlink(call)

    def _unlink(self, call: Call) -> None:
        entries, name = self._place(call.paths[0])
        del entries[name]

    _rmdir = _unlink

    def _file(self, call: Call) -> _File | None:
        found = self._find(call.paths[0])
        return found if isinstance(found, _File) else None  # one that was unlinked is no more

    def _write(self, call: Call) -> None:
        if file := self._file(call):
            at = len(file.data) if call.at is None else call.at
            before = file.data[:at].ljust(at, b"\0")
            file.data = before + call.data + file.data[at + len(call.data) :]
            file.is_synced = False

    def _copy(self, call: Call) -> None:
        source = self._find(call.data.decode())
        data = source.data if isinstance(source, _File) else Path(call.data.decode()).read_bytes()
        self._write(call._replace(data=data))

    def _truncate(self, call: Call) -> None:
        if file := self._file(call):
            file.data = file.data[: call.at].ljust(call.at or 0, b"\0")
            file.is_synced = False

    def _fsync(self, call: Call) -> None:
        found = self._find(call.paths[0])
        if isinstance(found, _File):
            found.synced, found.is_synced = found.data, True
        elif found:
            found.synced = dict(found.entries)

    def after_power_cut(self, model: Model, seed: int = 0) -> dict[str, bytes | None]:
        """Return what a power cut leaves now, as a model has it."""
        rng = random.Random(seed)
        entries, content = _MODELS[model]
        tree: dict[str, bytes | None] = {}
        kept: dict[int, bytes] = {}  # a file of two names is one file

        def walk(folder: _Folder, prefix: str) -> None:
            for name, node in sorted(entries(folder, rng).items()):
                if isinstance(node, _Folder):
                    tree[prefix + name] = None
                    walk(node, f"{prefix}{name}/")
                else:
                    kept.setdefault(id(node), content(node, rng))
                    tree[prefix + name] = kept[id(node)]

        walk(self._top, "")
        return tree


_Entries = Callable[[_Folder, random.Random], Mapping[str, _File | _Folder]]
_Content = Callable[[_File, random.Random], bytes]


def _all_entries(folder: _Folder, _: random.Random) -> Mapping[str, _File | _Folder]:
    return folder.entries


def _synced_entries(folder: _Folder, _: random.Random) -> Mapping[str, _File | _Folder]:
    return folder.synced


def _some_entries(folder: _Folder, rng: random.Random) -> Mapping[str, _File | _Folder]:
    found: dict[str, _File | _Folder] = {}
    for name in sorted(folder.entries.keys() | folder.synced.keys()):
        node = (folder.synced if rng.random() < 0.5 else folder.entries).get(name)
        if node is not None:
            found[name] = node
    return found


def _synced_data(file: _File, _: random.Random) -> bytes:
    return file.synced


def _sized_data(file: _File, _: random.Random) -> bytes:
    """Return a file of its present size, with zeros for what was not synced."""
    size = len(file.data)
    return file.data if file.is_synced else file.synced[:size].ljust(size, b"\0")


def _torn_data(file: _File, rng: random.Random) -> bytes:
    torn = file.data[: rng.randint(0, len(file.data))].ljust(len(file.data), b"\0")
    return file.data if file.is_synced else rng.choice([file.synced, file.data, torn])


_MODELS: dict[Model, tuple[_Entries, _Content]] = {
    "metadata": (_all_entries, _sized_data),
    "entries": (_all_entries, _synced_data),
    "strict": (_synced_entries, _synced_data),
    "random": (_some_entries, _torn_data),
}


def crash_states(
    calls: Iterable[Call], root: Path, model: Model, acknowledgements: Path, seeds: int = 1
) -> Iterator[State]:
    """Yield the different states in which a power cut may leave a folder, each once.

    Parameters
    ----------
    calls
        The recording; it begins with the folder empty.
    acknowledgements
        A file to which a line was written whenever something was reported done.
    seeds
        How many random states are drawn after each call.
    """
    disk, told, seen = Disk(root), b"", set()
    for number, call in enumerate(calls):
        if call.paths == (str(acknowledgements),):
            told += call.data
        elif not disk.apply(call):
            continue
        for seed in range(seeds):
            tree = disk.after_power_cut(model, number * seeds + seed)
            key = hash((told, frozenset(tree.items()), len(disk.seen)))
            if key not in seen:
                seen.add(key)
                yield State(tree, tuple(told.decode().splitlines()), frozenset(disk.seen))


def lay_out(tree: Tree, folder: Path) -> None:
    """Write a state into a folder, which is made."""
    folder.mkdir()
    for name, content in tree.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)
