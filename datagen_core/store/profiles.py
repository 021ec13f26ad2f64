"""Profiles: what a user has written down of a cluster, and the defaults that lie beside data.

`$XDG_CONFIG_HOME/datagen/datagen.toml`, or the same below `~/.config`, has a table for each
profile, with options of `datagen generate` by their names:

    [profiles.alpine]
    hosts = ["login*.alpine.example"]
    cache = "/projects/physics/cache"
    partition = "batch"
    account = "physics"
    setup = ["module load gcc"]
    options = {constraint = "avx2"}

The profile of a command is the one that it names, else the first one with a pattern in `hosts` that
the name of this machine fits, else none. The file holds code, so it must be its user's own.

`<cache>/datagen.toml` has such options too, without a profile, for all who use the cache. Whoever
may write there decides on them, so none of them is code.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from datagen_core.errors import ConfigurationError, shorten
from datagen_core.files import expand_home, open_regular, user_configuration

FILE = "datagen.toml"

_LONGEST = 2**20
_WORD = re.compile(r"[\w.,:+@/-]+")
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Profile(NamedTuple):
    """A profile of the user's file.

    Attributes
    ----------
    name
        What the file calls it.
    reason
        Why it is used, for people.
    path
        The file.
    values
        What it has, by key.
    """

    name: str
    reason: str
    path: Path
    values: Mapping[str, Any]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return type(value) is int  # True is no number


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_path(value: object) -> bool:
    is_text = isinstance(value, str) and "\0" not in value
    return is_text and expand_home(str(value)).is_absolute()


def _are_options(value: object) -> bool:
    return isinstance(value, dict) and all(
        each is True or isinstance(each, str) or _is_count(each) for each in value.values()
    )


class _Kind(NamedTuple):
    fits: Callable[[object], bool]
    words: str


_NAME = _Kind(_is_name, "a name without spaces")
_COUNT = _Kind(_is_count, "a whole number")
_TEXTS = _Kind(_are_texts, "a list of texts")
_PATH = _Kind(_is_path, "a path that begins with / or ~")
_OPTIONS = _Kind(_are_options, "a table of texts, whole numbers, and true for flags")

# Not time, memory and processors: these belong to the work, and are measured or declared there.
_PLAIN = {
    "executor": _NAME, "njobs": _COUNT, "partition": _NAME, "account": _NAME, "qos": _NAME,
}  # fmt: skip
_CODE = {"setup": _TEXTS, "options": _OPTIONS, "generators": _PATH}
_OWN = {"hosts": _TEXTS, "cache": _PATH, **_PLAIN, **_CODE}


def read_profile(name: str | None = None, reason: str = "") -> Profile | None:
    """Return a profile of the user's file; without a name the one for this machine, if any.

    Raises
    ------
    ConfigurationError
        If there is none of that name, or the file is not the user's own, or has mistakes.
    """
    path = user_configuration(FILE)
    content = _read(path, is_own=True)
    _check_keys(content, {"profiles"}, str(path))
    profiles = content.get("profiles", {})
    if not isinstance(profiles, dict):
        raise ConfigurationError(f"{path}: profiles is not a table; write [profiles.NAME]")
    for each, values in profiles.items():
        _check(values, _OWN, f"{path}, profile {each}")
    if name is None:
        return _find_for_here(path, profiles)
    if name not in profiles:
        raise ConfigurationError(_unknown(f"{path} has no profile {name!r}", name, profiles))
    return Profile(name, reason, path, profiles[name])


def list_profiles() -> list[str]:
    """Return the names of the profiles in the user's file.

    Raises
    ------
    ConfigurationError
        If the file is not the user's own, or is not TOML.
    """
    return sorted(_read(user_configuration(FILE), is_own=True).get("profiles", {}))


def read_defaults(cache: Path) -> Mapping[str, Any]:
    """Return the defaults that lie beside the data of a cache, by key.

    Raises
    ------
    ConfigurationError
        If the file has mistakes, or something that would run or name code.
    """
    path = cache / FILE
    content = _read(path, is_own=False)
    if code := ", ".join(key for key in content if key in _CODE):
        raise ConfigurationError(
            f"{path} has {code}, which is code that others could change; nothing of the file is "
            f"used: move that into a profile of your own, in {user_configuration(FILE)}"
        )
    _check(content, _PLAIN, str(path))
    return content


def _find_for_here(path: Path, profiles: Mapping[str, Any]) -> Profile | None:
    host = os.uname().nodename
    for name, values in profiles.items():
        for pattern in values.get("hosts", ()):
            if fnmatchcase(host.lower(), pattern.lower()):
                return Profile(name, f"host {host} fits {pattern!r}", path, values)
    return None


def _read(path: Path, *, is_own: bool) -> dict[str, Any]:
    """Return what a file of TOML holds; nothing, if it is missing or closed to this user."""
    try:
        descriptor = open_regular(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        if is_own:
            _check_owner(path, os.fstat(descriptor))
        content = file.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise ConfigurationError(f"{path} is longer than a megabyte; keep only settings in it")
    return _parse(path, content)


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    import tomllib  # most commands find no file

    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # of TOML, and of UTF-8
        raise ConfigurationError(f"{path} is not TOML: {error}") from None


def _check_owner(path: Path, state: os.stat_result) -> None:
    if state.st_uid != os.geteuid():
        raise ConfigurationError(
            f"{path} is not your own file, and may hold code; make one that is, or set "
            "XDG_CONFIG_HOME to a folder of yours"
        )
    if state.st_mode & _OTHERS_WRITE:
        raise ConfigurationError(
            f"{path} can be written by others, and may hold code: chmod go-w {path}"
        )


def _check(values: object, kinds: Mapping[str, _Kind], where: str) -> None:
    if not isinstance(values, dict):
        raise ConfigurationError(f"{where} is not a table; write keys and values below its name")
    _check_keys(values, kinds, where)
    for key, value in values.items():
        if not kinds[key].fits(value):
            raise ConfigurationError(
                f"{where}: {key} is {shorten(repr(value))}, not {kinds[key].words}"
            )


def _check_keys(found: Iterable[str], known: Iterable[str], where: str) -> None:
    for key in found:
        if key not in known:
            raise ConfigurationError(_unknown(f"{where} has an unknown key {key!r}", key, known))


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only where something is wrong

    nearest = get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"{what}; {hint}it may have: {', '.join(known) or 'none yet'}"
