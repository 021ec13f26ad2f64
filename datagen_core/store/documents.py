"""Small immutable JSON files with a checksum, such as params, reservations and split ledgers.

Several versions of datagen may use one cache. Each kind of document has a format of its own,
"MAJOR.MINOR" in the key `format`; documents without that key are of format 1.0. A later minor only
adds keys; a newer major changes what keys mean. A key that must not be ignored also raises the
major, such as the samples that a split ledger excludes; documents without it stay as they were.

What an older version does with documents of a later minor: it reads, lists, shows, moves, exports,
verifies, compacts, cancels and removes. Keys that it does not know are ignored, and kept where the
document has a next generation, as split ledgers have. It makes no samples (`generate`, `resume`,
workers, `verify --resample`) and no results of preprocessors, since an unknown key of parameters,
schema, run, plan or preprocessor may say how they are made. So a version writes the lowest format
that has all keys it uses: what can do without a new key stays usable for older versions.

What it does with a newer major: nothing. `NewerFormatError` is one line that names the file; other
parameter sets are not affected. Shards have numbers instead of a text, see
`datagen_core.store.shards`, and journals a format in each line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from datagen_core.errors import CacheError, ConfigurationError, DamagedFileError, message_of
from datagen_core.files import check_format, read_regular
from datagen_core.generators.identity import sha256_of
from datagen_core.store.access import unusable
from datagen_core.store.publishing import drafting

T = TypeVar("T")

_RETRIES = 5
"""How often to read: a network file system may show a truncated file for a moment."""


def publish_document(
    path: Path,
    content: Mapping[str, Any],
    temporary_folder: Path,
    *,
    begins: bool = False,
    beside: Sequence[str] = (),
) -> bool:
    """Publish `content` under `path`, put-if-absent; False if the name was taken.

    Its key `format` is the format of this kind of document, "MAJOR.MINOR". `begins` and `beside`
    are those of `Draft.publish`.
    """
    with drafting(temporary_folder, path) as draft:
        draft.write(write_document(content).encode())
        return draft.publish(begins=begins, beside=beside)


def copy_document(
    source: Path, target: Path, temporary_folder: Path, *, begins: bool = False, **changed: Any
) -> bool:
    """Publish a document of another cache under `target`, as `publish_document` does.

    It keeps its format and all of its keys, also those that only later versions know, but for what
    is `changed`. The caller has read it, and so knows that it holds what it should.

    Raises
    ------
    DamagedFileError
        If it does not hold what was written.
    """
    if target.exists():  # as in an import that is repeated
        return False
    content = _parse(source)
    if content is None:
        raise _damaged(source, "its checksum does not match")
    return publish_document(target, {**content, **changed}, temporary_folder, begins=begins)


def write_document(content: Mapping[str, Any]) -> str:
    """Return a document with its checksum as JSON in ASCII, with one line per key."""
    whole = {**content, "checksum": sha256_of(content)}
    # json's own indentation takes five times as long, since it is not written in C.
    lines = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in whole.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read_document(
    path: Path, known: str, parse: Callable[[dict[str, Any]], T], *, strict: bool = False
) -> T:
    """Return what `parse` makes of a published document, without its format and checksum.

    Parameters
    ----------
    known
        The newest format of this kind of document that the caller knows.
    parse
        Takes what it needs by `datagen_core.store.forms`: a checksum does not say that a document
        was written by datagen.
    strict
        Whether the caller makes samples as the document says, and so must know all of its keys.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    UnreadableError
        If this user may not read it.
    DamagedFileError
        If it does not hold what was written, even after a few tries, or what `parse` needs.
    NewerFormatError
        If its major version is newer, or with `strict` its minor version.
    """
    for attempt in range(_RETRIES):
        content = _parse(path)
        if content is not None:
            check_format(path, content.pop("format", None), known, strict=strict)
            with parsing(path):
                return parse(content)
        time.sleep(0.01 * 2**attempt)
    raise _damaged(path, "its checksum does not match")


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """Turn the errors of a block that takes values from a document into damage of its file.

    Raises
    ------
    DamagedFileError
        If the block stumbled over what it was given; the message names the file.
    """
    try:
        yield
    except CacheError:
        raise
    except KeyError as error:
        raise _damaged(path, f"it has no {error}") from None
    except _UNFIT as error:
        raise _damaged(path, message_of(error)) from None


_UNFIT = (
    AttributeError, ConfigurationError, IndexError, MemoryError, OverflowError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip


def _damaged(path: Path, reason: str) -> DamagedFileError:
    return DamagedFileError(f"{path} is damaged: {reason}; restore it from a backup")


def user_name() -> str:
    """Return who writes documents in this process; `unknown` for a user without a name."""
    import getpass  # reading needs no name

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, perhaps
        return "unknown"


def one_line(text: str) -> str:
    """Return what a user wrote, which may have several lines, or worse, as one printable line."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


class Signature(NamedTuple):
    """Who wrote something, `user@host`, and when, in ISO 8601."""

    by: str
    created: str


def signature() -> Signature:
    """Return the signature of this user, on this machine, now."""
    import socket  # few documents are signed

    by = f"{user_name()}@{socket.gethostname()}"
    return Signature(by, datetime.now(UTC).isoformat(timespec="seconds"))


def _parse(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(read_regular(path).decode())
        expected = content.pop("checksum")
        return content if sha256_of(content, parsed=True) == expected else None
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    except FileNotFoundError as error:
        if path.is_symlink():
            raise unusable(path, error) from None
        raise
    except OSError as error:
        raise unusable(path, error) from None
