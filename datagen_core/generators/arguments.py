"""Values of parameters as they are typed on a command line, where JSON and text look alike."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from datagen_core.errors import ParamsError


@dataclass(frozen=True)
class Argument:
    """A value that is JSON where that fits the type of its parameter, and else its own text.

    `1` is a number for a number and the text "1" for a text; `"1"` is that text for both readings.
    """

    text: str

    @classmethod
    def typed(cls, text: str) -> Argument:
        """Return the argument of a text from `sys.argv`: UTF-8, even where the locale is not."""
        with suppress(UnicodeError):
            return cls(os.fsencode(text).decode())
        return cls(text)

    @cached_property
    def value(self) -> Any:
        """What the text is as JSON, or as Python's True, False or None; else the text."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return {"True": True, "False": False, "None": None}.get(self.text, self.text)

    @property
    def lists(self) -> list[list[Any]]:
        """What the text may be as a list, of which commas separate the elements; else nothing.

        Elements are JSON where all of them can be; the last reading has them as texts. A comma
        behind the last one is left out, so that `64,` is a list of one.
        """
        if "," not in self.text or self.value != self.text:
            return []
        listed = self.text.strip().removesuffix(",")
        parts = [Argument(part.strip()) for part in listed.split(",")] if listed else []
        values = [part.value for part in parts]
        texts = [part.value if isinstance(part.value, str) else part.text for part in parts]
        with suppress(ValueError, RecursionError):
            values = json.loads(f"[{listed}]")
        return [values, texts]

    def __str__(self) -> str:
        return self.text


_MOST_BYTES = 64 << 20
"""The most that is read of a file: nobody writes parameters that long, and devices do not end."""


def read_typed(text: str) -> str:
    """Return a text as it was typed, or of `@FILE` what the file holds, which is UTF-8.

    A pipe is read to its end; one that nobody writes to is empty and keeps nobody waiting.

    Raises
    ------
    ParamsError
        If the file cannot be read, is not UTF-8, or is longer than 64 MiB.
    """
    if not text.startswith("@"):
        return text
    try:
        content = _read_bytes(text[1:])
        if len(content) <= _MOST_BYTES:
            return content.decode("utf-8-sig")
        why = "it is longer than 64 MiB"
    except UnicodeDecodeError:
        why = "it is not a text in UTF-8"
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        why = getattr(error, "strerror", None) or str(error)
    raise ParamsError(f"{text[1:]} cannot be read: {why}")


def read_document(path: str) -> dict[str, Any]:
    """Return the mapping in a file: TOML where its name ends so, else JSON.

    Raises
    ------
    ParamsError
        If the file cannot be read, is something else, or has a key twice.
    """
    form = "TOML" if path.lower().endswith(".toml") else "JSON"
    text = read_typed(f"@{path}")
    try:
        found = _parse(form, text)
    except (ValueError, RecursionError) as error:
        raise ParamsError(f"{path} is not {form}: {error}") from None
    if not isinstance(found, dict):
        raise ParamsError(f'{path} holds no mapping, such as {{"left": 0}}')
    return found


def _parse(form: str, text: str) -> Any:
    if form == "JSON":
        return json.loads(text, object_pairs_hook=_unite)
    import tomllib  # few commands read it

    return tomllib.loads(text)


def _unite(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice}: it is given twice in one object; give it once")
    return found


def _read_bytes(name: str) -> bytes:
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would wait for its writer
    with open(descriptor, "rb") as file:  # noqa: PTH123 (is open)
        os.set_blocking(descriptor, True)
        return file.read(_MOST_BYTES + 1)
