"""The code blocks of a Markdown page, by section: how README.md and others become tests.

Conventions, which they follow:

- A section is what stands under one `##` heading. All its blocks share one folder, in order.
- A `bash` block runs with `bash -euo pipefail`; a `python` block is a program of its own.
- A block whose first line is a comment that names a file (`# project/generators.py`) is written to
  that file instead; this is how a reader understands it, too.
- An `output` block is what the block before it prints. `...` stands for anything.
- A `text` block is a picture, which says nothing that could be run. No other language is known.
- What cannot run everywhere says why in an HTML comment directly before it:
  `<!-- needs: slurm -->` runs where a Slurm can be started; `<!-- needs: internet -->` does not
  run; `<!-- tested by: FILE -->` is run by FILE instead, which must hold every line of the block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

LANGUAGES = {"bash", "output", "python", "text", "toml"}
NEEDS = {"internet", "slurm"}

HEADING = re.compile(r"##\s+(.+)")
FENCE = re.compile(r"\s*```(.*)")
MARKER = re.compile(r"<!--\s*(needs|tested by):\s*(.+?)\s*-->")
FILE_NAME = re.compile(r"#\s*([\w./-]+\.\w+)")


class UnknownBlockError(ValueError):
    """A block, or a remark before it, that nothing here knows how to check."""


@dataclass(frozen=True)
class Block:
    """One code block.

    Attributes
    ----------
    line
        The line of the page on which it begins.
    needs, tested_by
        What the remark before it says; empty without one.
    page
        The file that it stands in.
    """

    language: str
    text: str
    line: int
    needs: str = ""
    tested_by: str = ""
    page: str = "README.md"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise UnknownBlockError(f"line {self.line}: a block of language {self.language!r}")
        if self.needs not in {"", *NEEDS}:
            raise UnknownBlockError(f"line {self.line}: nothing can need {self.needs!r}")

    @property
    def file_name(self) -> str:
        """The file that the block is to be written to; empty when it is to be run."""
        named = FILE_NAME.fullmatch(self.text.partition("\n")[0])
        return named[1] if named and self.language in {"bash", "python", "toml"} else ""


class Section(NamedTuple):
    """A heading, and the blocks below it."""

    title: str
    blocks: tuple[Block, ...]


def blocks_of(page: str, name: str = "README.md") -> Iterator[tuple[str, Block]]:
    """Yield each block with the heading that it stands under."""
    title, remark = "", {}
    lines = enumerate(page.splitlines(), 1)
    for number, line in lines:
        if fence := FENCE.fullmatch(line):
            text = _rest_of_block(lines, number)
            yield title, Block(fence[1].strip(), text, number, **remark, page=name)
        elif heading := HEADING.fullmatch(line):
            title = heading[1]
        if line.strip():
            marker = MARKER.fullmatch(line.strip())
            remark = {marker[1].replace(" ", "_"): marker[2]} if marker else {}


def _rest_of_block(lines: Iterator[tuple[int, str]], start: int) -> str:
    text = []
    for _, line in lines:
        if FENCE.fullmatch(line):
            return "".join(f"{line}\n" for line in text)
        text.append(line)
    raise UnknownBlockError(f"line {start}: a block that does not end")


def sections_of(page: str, name: str = "README.md") -> list[Section]:
    """Return the sections that have blocks, in order."""
    sections: dict[str, list[Block]] = {}
    for title, block in blocks_of(page, name):
        sections.setdefault(title, []).append(block)
    return [Section(title, tuple(blocks)) for title, blocks in sections.items()]
