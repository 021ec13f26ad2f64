"""HTML for notebooks, which ask objects for it by `_repr_html_`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def html_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table with a caption; every cell is escaped."""
    caption = f"<caption>{_escape(title)}</caption>"
    body = "".join(_line("td", row) for row in rows)
    return f"<table>{caption}{_line('th', header)}{body}</table>"


def _line(tag: str, cells: Sequence[Any]) -> str:
    return "<tr>" + "".join(f"<{tag}>{_escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"


def _escape(text: str) -> str:
    from html import escape  # its table of entities is slow to load, and a terminal needs none

    return escape(text)
