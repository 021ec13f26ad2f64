"""The identity of a parameter set: canonical JSON, its SHA-256 digest, and a readable name.

Python's `hash()` is of no use here, since it differs between processes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from types import NoneType
from typing import Any

from datagen_core.generators.inputs import is_reference

HASH_VERSION = 1
"""Part of every digest; raised when the rules of this module change."""

_SLUG_LENGTH = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9_.+=,-]+")


def canonical_json(value: object, *, parsed: bool = False) -> str:
    """Return a value's canonical JSON: sorted keys, no spaces, `0.0` for `-0.0`.

    Parameters
    ----------
    parsed
        Whether the value was parsed from JSON, so that all its keys are known to be text.

    Raises
    ------
    ValueError
        For NaN and infinity, which JSON does not have.
    """
    if (parsed or _has_text_keys(value)) and "-0.0" not in (text := _ENCODER.encode(value)):
        return text
    return _ENCODER.encode(plain(value))


def _has_text_keys(value: object) -> bool:
    """Return whether all keys are text, since others are sorted and written differently."""
    if isinstance(value, dict):
        return _TEXT.issuperset(map(type, value)) and _has_text_keys(list(value.values()))
    if isinstance(value, list | tuple):
        return _SCALARS.issuperset(map(type, value)) or all(map(_has_text_keys, value))
    return True


_TEXT = {str}
_SCALARS = {str, int, float, bool, NoneType}


def _plain_mapping(value: object) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    raise TypeError(f"{type(value).__name__} is not a type of JSON")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain_mapping
)
"""Written in C, where `plain` would take ten times as long."""


def plain(value: Any) -> Any:
    """Return a value in plain JSON types, with `0.0` for `-0.0` and keys in their order."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    # Adding zero turns -0.0 into 0.0 and leaves every other float as it is.
    return value + 0.0 if isinstance(value, float) else value


def sha256_of(value: object, *, parsed: bool = False) -> str:
    """Return the SHA-256 of a value's canonical JSON, in 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value, parsed=parsed).encode()).hexdigest()


def digest_of(generator: str, version: str, params: Mapping[str, Any], seed: int) -> str:
    """Return the identity of a parameter set, in 64 hexadecimal digits.

    Package versions, commits, hosts and times are provenance and do not belong to the identity.
    """
    return sha256_of(
        {
            "hash_version": HASH_VERSION,
            "generator": generator,
            "version": version,
            "params": params,
            "seed": seed,
        }
    )


def changed_params(params: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that differ from their defaults, in the order of `params`."""
    return {
        name: value
        for name, value in params.items()
        if name not in defaults or defaults[name] != value
    }


def folder_name(changed: Mapping[str, Any], seed: int, digest: str) -> str:
    """Return a readable folder name with the start of the digest, `left=0,std_dev=0.5-3bec39c0`."""
    parts = [f"{name}={short_text(value)}" for name, value in changed.items()]
    parts += [f"seed={seed}"] if seed else []
    slug = _UNSAFE.sub("_", ",".join(parts) or "default").strip("-.")
    return f"{slug[:_SLUG_LENGTH]}-{digest[:8]}"


def short_text(value: object) -> str:
    """Return a parameter's value for people: `0` for 0.0, text unquoted, the rest as JSON."""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, str) and is_reference(value):
        return value[:19]  # 12 digits, enough for people
    return value if isinstance(value, str) else canonical_json(value)


def format_assignments(params: Mapping[str, Any]) -> list[str]:
    """Return the words of a command that give parameters, `["-p", "left=0.0", …]`, unquoted."""
    return [word for key, value in params.items() for word in ("-p", f"{key}={_argument(value)}")]


_LITERALS = {"true", "false", "null", "True", "False", "None", "NaN", "Infinity"}


def _argument(value: object) -> str:
    """Return a value as `-p` takes it; text that would be read as something else is quoted."""
    is_plain = isinstance(value, str) and (value.isidentifier() or is_reference(value))
    return str(value) if is_plain and value not in _LITERALS else canonical_json(value)
