"""HTML as text of its own type: whatever is not markup is escaped where it becomes part of it."""

from __future__ import annotations

from collections.abc import Iterable

from datagen_core.errors import printable


class Markup(str):
    """HTML that stands as it is; only this package makes it."""

    __slots__ = ()


_EMPTY = {"img", "input", "meta"}
"""Elements that have no end."""


def tag(element: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element.

    Parameters
    ----------
    children
        Markup, or anything else, which is shown as escaped text.
    attributes
        Values are escaped; one that is None is left out, and True is an attribute without a value.
        An underscore at the end is dropped, others become hyphens.
    """
    shown = "".join(_attribute(key, value) for key, value in attributes.items())
    end = "" if element in _EMPTY else f"{join(children)}</{element}>"
    return Markup(f"<{element}{shown}>{end}")


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None:
        return ""
    return f" {name}" if value is True else f' {name}="{_escape(str(value))}"'


def join(children: Iterable[object]) -> Markup:
    """Return markup one after another; anything else is escaped."""
    return Markup("".join(map(markup, children)))


def markup(child: object) -> Markup:
    """Return markup as it is, and anything else as escaped text."""
    return child if isinstance(child, Markup) else Markup(_escape(str(child)))


def _escape(text: str) -> str:
    from html import escape  # its table of entities is slow to load, and a terminal needs none

    lines = "\n".join(map(printable, text.split("\n")))
    return escape(lines.encode(errors="backslashreplace").decode())  # names of files may be bytes
