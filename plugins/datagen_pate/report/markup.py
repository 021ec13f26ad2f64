"""Pieces of HTML: all text is escaped, and a page needs no other file."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #202020; background: #fff;
       max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { padding: .15rem .7rem .15rem 0; text-align: left; border-bottom: 1px solid #e4e4e4;
         vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: 100%; margin: .3rem .8rem .3rem 0; vertical-align: top; }
.note { border-left: 4px solid #D55E00; padding: .2rem .8rem; margin: .6rem 0; }
.pass { color: #00664b; } .fail { color: #b03a00; font-weight: 600; } .not_checked { color: #666; }
"""

# Whatever a parameter holds, a browser loads nothing and runs nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


class Cell(NamedTuple):
    """A cell of a table; `kind` is a class of the style sheet."""

    text: str
    kind: str = ""


def write_document(title: str, body: Iterable[str]) -> str:
    """Return a whole page."""
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
            f"<h1>{escape(title)}</h1>",
            *body,
            "</body>\n</html>\n",
        ]
    )


def write_section(title: str, *parts: str) -> str:
    """Return a heading with parts below it."""
    return "\n".join([f"<h2>{escape(title)}</h2>", *parts])


def write_paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph."""
    return f"<p{_kind(kind)}>{escape(text)}</p>"


def write_table(header: Sequence[str], rows: Iterable[Sequence[str | Cell]]) -> str:
    """Return a table; its header may be empty."""
    head = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in header)}</tr>" if header else ""
    body = [f"<tr>{''.join(_write_cell(cell) for cell in row)}</tr>" for row in rows]
    return "\n".join([f"<table>\n{head}", *body, "</table>"])


def _write_cell(cell: str | Cell) -> str:
    text, kind = cell if isinstance(cell, Cell) else (cell, "")
    return f"<td{_kind(kind)}>{escape(text)}</td>"


def _kind(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def write_picture(png: bytes, description: str) -> str:
    """Return a picture, stored in the page itself."""
    data = base64.b64encode(png).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(description)}">'
