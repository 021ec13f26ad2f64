"""The code that made samples, by id: which functions and constants, and which packages.

All parameter sets of a generator share these documents; each plan names the code that it was made
for, and each shard the plan that made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from datagen_core.errors import CacheError
from datagen_core.generators.fingerprint import Code
from datagen_core.ranges import IntervalSet
from datagen_core.store import forms
from datagen_core.store.columns import Piece, cover
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import SetPaths, look_again
from datagen_core.store.origins import Origin
from datagen_core.store.shards import read_origins

CODE_FORMAT = "1.1"
"""Format 1.0 where the generator declares no environment variables (`environment`)."""


def keep_code(paths: SetPaths, code: Code) -> None:
    """Keep what a parameter set is about to be made by, unless it is there already."""
    path = paths.code(code.id)
    if not path.exists():
        content = {
            "format": CODE_FORMAT if code.environment else "1.0",
            "fingerprint": code.fingerprint,
            "parts": dict(code.parts),
            "packages": dict(code.packages),
            **({"environment": dict(code.environment)} if code.environment else {}),
            "kinds": dict(code.kinds),
        }
        publish_document(path, content, paths.temporary)


def read_code(paths: SetPaths, code_id: str) -> Code:
    """Return the code that was kept under an id.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    if not re.fullmatch("[0-9a-f]+", code_id):  # from who knows where: it cannot name a file
        raise FileNotFoundError(code_id)
    return read_document(paths.code(code_id), CODE_FORMAT, _parse)


_words = forms.mapping(forms.text)
_variables = forms.mapping(forms.maybe(forms.text))


def _parse(content: Mapping[str, Any]) -> Code:
    needed = {"parts": _words, "packages": _words}
    return Code(**forms.take(content, needed, {"environment": _variables, "kinds": _words}))


def find_origins(paths: SetPaths, samples: IntervalSet | None = None) -> list[Origin]:
    """Return who made samples of a set, all or some, by range; the newest come first.

    Samples of which no file says who made them, or whose file cannot be read, are in origins
    without run and code.
    """
    return look_again(lambda: list(_origins(paths, samples)))


def has_made(paths: SetPaths, code_id: str) -> bool:
    """Return whether a code made samples of a set; opens no more files than that takes."""
    return look_again(lambda: any(each.code == code_id for each in _origins(paths)))


def _origins(paths: SetPaths, samples: IntervalSet | None = None) -> Iterator[Origin]:
    for piece in reversed(cover(paths.folders)):
        unknown = IntervalSet([piece.interval]) & (samples or IntervalSet([piece.interval]))
        for origin in _read(piece) if unknown else ():
            for start, stop in IntervalSet([origin[:2]]) & unknown:
                yield origin._replace(start=start, stop=stop)
            unknown -= IntervalSet([origin[:2]])
        for start, stop in unknown:
            yield Origin(start, stop, "", 0)


def _read(piece: Piece) -> tuple[Origin, ...]:
    try:
        return read_origins(piece.path, piece.file)
    except CacheError:  # damaged, or of a newer version: `verify` says so
        return ()


def codes_of(paths: SetPaths) -> dict[str, IntervalSet]:
    """Return the samples that each code made, by its id; the id is empty where nobody knows."""
    found: dict[str, list[Origin]] = {}
    for origin in find_origins(paths):
        found.setdefault(origin.code, []).append(origin)
    return {code: IntervalSet(each[:2] for each in made) for code, made in found.items()}
