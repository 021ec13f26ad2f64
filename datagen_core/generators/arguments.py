"""Values of parameters as they are typed on a command line, where JSON and text look alike."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any


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

    def __str__(self) -> str:
        return self.text
