"""What the documents of a set say to everybody: all about its samples, and nothing about people.

Who began it, on which machine, by which command, from which folder and with which options stays
behind, and so do logs, plans and journals. Its identity, its parameters, what a user wrote about
it (why samples were excluded, what a split was frozen for) and what readers go by stay as they are.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from datagen_core.errors import DamagedFileError
from datagen_core.files import read_regular
from datagen_core.generators.identity import sha256_of
from datagen_core.store.codes import codes_of
from datagen_core.store.documents import user_name, write_document
from datagen_core.store.layout import SetPaths, list_names, numbered
from datagen_core.store.numbers import numbering
from datagen_core.store.probes import read_probes
from datagen_core.store.set_records import SetRecord, to_document
from datagen_core.store.sets import read_set

UNKNOWN = "unknown"
"""In place of whoever did something, and of his machine; a user without a name has it, too."""

_PEOPLE = ("by", "host", "user")
_OF_SET = ("created", "python", "packages", "plugin", "code", "commit")
_OF_RUN = ("account", "created", "python", "packages", "plugin", "code")
_ABOVE = ("derived", "views", "frozen", "probes")

_PERSONAL = r"(?<![\w./])[/~][^/\s]*/\S|\S@\S"
"""A path, or an address: `user@host`, or of mail."""

_SHORTEST_NAME = 3

Documents = dict[str, bytes]
"""Contents of files by their paths in the published cache."""


def gather_documents(paths: SetPaths) -> Documents:
    """Return the documents of the published cache, which follow from the set alone.

    Raises
    ------
    CacheError
        If one of them cannot be read.
    """
    record = read_set(paths)
    base, name = Path(record.generator), paths.root.name
    found = {base / "numbers" / "0.json": _written(numbering([name]))}
    found[base / name / "params.json"] = _written(_public_record(record))
    found |= {base / name / place: text for place, text in _gather_parts(paths)}
    for code in sorted(_codes(paths, record)):
        if paths.code(code).exists():
            found[base / "code" / f"{code}.json"] = _written(_public_code(_read(paths.code(code))))
    return {str(place): text for place, text in found.items()}


def list_others(paths: SetPaths) -> Iterator[Path]:
    """Yield the files of results and views, sorted by their paths."""
    for name in _ABOVE:
        yield from (each for each in _walk(paths.root / name) if each.suffix == ".h5")


def _written(content: Mapping[str, Any]) -> bytes:
    return write_document(content).encode()


def _read(path: Path) -> dict[str, Any]:
    """Return a document with its format."""
    with suppress(AttributeError, KeyError, RecursionError, TypeError, ValueError):
        content: dict[str, Any] = json.loads(read_regular(path))
        if content.pop("checksum") == sha256_of(content, parsed=True):
            return content
    raise DamagedFileError(
        f"{path} is damaged, or not datagen's; restore it from a backup, or move it away"
    )


def _public_record(record: SetRecord) -> dict[str, Any]:
    known = {key: record.provenance[key] for key in _OF_SET if key in record.provenance}
    provenance = {**known, "source": record.generator}
    owner = None if record.owner is None else dict.fromkeys(record.owner, UNKNOWN)
    return to_document(replace(record, provenance=provenance, owner=owner))


def _gather_parts(paths: SetPaths) -> Iterator[tuple[Path, bytes]]:
    yield Path("schema.json"), _written(_read(paths.schema))
    for number in numbered(paths.runs):
        record = paths.run(number).record
        yield Path("runs", record.name), _written(_public_run(paths, _read(record)))
    named: set[str] = set()
    for place, content in _gather_changing(paths):
        named.update(_names_of_scattered(content))
        yield place, _written(_without_people(content))
    for path in _walk(paths.scattered):
        if path.stem in named:
            yield path.relative_to(paths.root), read_regular(path)


def _gather_changing(paths: SetPaths) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the newest generation of splits, and the documents beside results and views."""
    for number in paths.generations()[-1:]:
        path = paths.generation(number)
        splits = {**_read(path), "operations": []}
        splits.pop("held", None)  # for another cache, which it names
        yield path.relative_to(paths.root), splits
    for name in _ABOVE:
        for path in _walk(paths.root / name):
            if path.suffix == ".json":
                yield path.relative_to(paths.root), _read(path)


def _names_of_scattered(value: Any) -> Iterator[str]:
    """Yield the names of the files of scattered samples that are named in a document."""
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict) and isinstance(each.get("scattered"), str):
            yield each["scattered"]
        elif isinstance(each, dict | list):
            yield from _names_of_scattered(each)


def _public_run(paths: SetPaths, content: dict[str, Any]) -> dict[str, Any]:
    details = {key: content["details"][key] for key in _OF_RUN if key in content["details"]}
    return {**content, "source": paths.root.parent.name, "details": details}


def _public_code(content: dict[str, Any]) -> dict[str, Any]:
    """Return a code without the values of environment variables."""
    return {**content, "format": "1.0"} if content.pop("environment", None) else content


def _without_people(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with unknown people, also in what it lists; deeper there are only names."""
    kept = {key: [*map(_anonymous, value)] if isinstance(value, list) else value
            for key, value in content.items()}  # fmt: skip
    return dict(_anonymous(kept))


def _anonymous(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    people = {key for key in _PEOPLE if isinstance(value.get(key), str)}
    return {**value, **dict.fromkeys(people, UNKNOWN)}


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder, sorted; no link is followed."""
    for name in sorted(list_names(folder)):
        path = folder / name
        if path.is_symlink() or name.startswith("."):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def _codes(paths: SetPaths, record: SetRecord) -> set[str]:
    probed = {code for probe in read_probes(paths) for code in (probe.code, *probe.against)}
    return {*codes_of(paths), *probed, str(record.provenance.get("code") or "")} - {""}


def find_personal(documents: Documents) -> list[str]:
    """Return texts, each with its document, that name a path, an address, this user or machine.

    They are parts of the set that its reader needs, or that a user wrote down, so they stay.
    """
    names = [name for name in (user_name(), socket.gethostname()) if _is_telling(name)]
    pattern = re.compile("|".join([_PERSONAL, *(rf"\b{re.escape(name)}\b" for name in names)]))
    texts = ((place, each) for place in documents for each in _texts(json.loads(documents[place])))
    found = (f"{each!r} ({place})" for place, each in texts if pattern.search(each))
    return list(dict.fromkeys(found))


def _is_telling(name: str) -> bool:
    return len(name) >= _SHORTEST_NAME and name not in {"root", "localhost", UNKNOWN}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
