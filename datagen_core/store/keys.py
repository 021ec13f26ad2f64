"""The keys of private sets: one file each in the user's configuration folder, outside all caches.

`$XDG_CONFIG_HOME/datagen/keys/<instance>`, or the same below `~/.config`, has mode 0600 and holds
32 random bytes of the operating system, in hexadecimal digits. Who has a set's key is its owner.
Nothing else keeps a key, prints it, or hands it to another process: jobs read the file themselves.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from pathlib import Path

from datagen_core.errors import CacheError
from datagen_core.files import user_configuration
from datagen_core.store.publishing import publish_own
from datagen_core.store.set_records import SetRecord

_KEY = re.compile(r"[0-9a-f]{64}\n")


def key_path(record: SetRecord) -> Path:
    """Return where this user keeps the key of a private set."""
    return user_configuration("keys") / record.instance


def draw_key(record: SetRecord) -> None:
    """Draw the key of a private set that is about to be begun, unless there is one.

    Raises
    ------
    CacheError
        If it cannot be written.
    """
    path = key_path(record)
    try:
        if not path.exists():
            publish_own(path, f"{secrets.token_hex(32)}\n")
    except OSError as error:
        raise CacheError(
            f"the key of a private set cannot be written: {path}: {error.strerror}; set "
            "XDG_CONFIG_HOME to a folder of your own that all your jobs see"
        ) from None


def read_key(record: SetRecord) -> bytes:
    """Return the key of a private set, 32 bytes.

    Raises
    ------
    CacheError
        If this user does not have it, and so is not the owner of the set.
    """
    path = key_path(record)
    try:
        with path.open(encoding="utf-8") as file:
            state, text = os.fstat(file.fileno()), file.read(100)
        fault = ""
        if state.st_uid != os.geteuid() or state.st_mode & 0o077:
            fault = "must be yours, and of mode 600"
        elif not _KEY.fullmatch(text):
            fault = "does not hold a key; restore it from a backup"
    except (OSError, ValueError) as error:
        fault = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if fault:
        raise CacheError(_refuse(record, path, fault))
    return bytes.fromhex(text)


def _refuse(record: SetRecord, path: Path, fault: str) -> str:
    owner = record.owner or {}
    return (
        f"{record.generator}, set {record.digest[:8]}, is private: only its owner "
        f"{owner.get('user')}, who began it on {owner.get('host')}, adds samples, with a key that "
        f"{fault}: {path}"
    )


def derive_secret(key: bytes, purpose: str, digest: str, batch: int) -> bytes:
    """Return 32 bytes of a batch's own: HMAC-SHA-256 of what they are for, by the key of its set.

    They tell nothing about the key, nor about those of other batches and purposes.
    """
    return hmac.digest(key, f"{purpose}/{digest}/{batch}".encode(), "sha256")
