"""HTML for notebooks, which ask objects for it by `_repr_html_`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any


def html_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table with a caption; every cell is escaped."""
    body = "".join(_line("td", row) for row in rows)
    return f"<table><caption>{escape(title)}</caption>{_line('th', header)}{body}</table>"


def _line(tag: str, cells: Sequence[Any]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"
