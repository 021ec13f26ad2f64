"""The code blocks of a Markdown page, by section: how README.md and docs/ become tests.

Conventions, which they follow:

- A section is what stands under one `##` heading. All its blocks share one folder, in order.
- A `bash` block runs with `bash -euo pipefail`; a `python` block is a program of its own.
- A block whose first line is a comment that names a file (`# project/generators.py`) is written to
  that file instead; this is how a reader understands it, too.
- An `output` block is what the block before it prints. `...` stands for anything.
- A `text` block is a picture, which says nothing that could be run. `{directive}` blocks are for
  Sphinx, which runs those that have commands. No other language is known.
- Blocks run with what their page tells to install and nothing else. Its front matter, or in pages
  that GitHub shows a comment, names extras of datagen and other packages:
  `<!-- installed: {extras: [torch, plots], packages: [mlxtend]} -->`
- What cannot run everywhere says why in an HTML comment directly before it:
  `<!-- needs: slurm -->` runs where a Slurm can be started; what needs `internet`, `conda` or
  `modules` (environment modules) does not run; `<!-- tested by: FILE -->` is run by FILE instead,
  which must hold every line of the block.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

LANGUAGES = {"bash", "output", "python", "text", "toml"}
NEEDS = {"conda", "internet", "modules", "slurm"}

HEADING = re.compile(r"##\s+(.+)")
FENCE = re.compile(r"\s*```(.*)")
MARKER = re.compile(r"<!--\s*(needs|tested by):\s*(.+?)\s*-->")
DIRECTIVE = re.compile(r"\{[\w:-]+\}.*")
FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
INSTALLED = re.compile(r"<!-- installed: (.+?) -->")
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
    """A heading, and the blocks below it.

    Attributes
    ----------
    packages
        What the page tells to install: requirements as pip accepts them.
    """

    title: str
    blocks: tuple[Block, ...]
    packages: tuple[str, ...] = ("datagen",)


def blocks_of(page: str, name: str = "README.md") -> Iterator[tuple[str, Block]]:
    """Yield each block with the heading that it stands under."""
    title, remark = "", {}
    lines = enumerate(page.splitlines(), 1)
    for number, line in lines:
        if fence := FENCE.fullmatch(line):
            text = textwrap.dedent(_rest_of_block(lines, number))
            language = fence[1].strip()
            if not DIRECTIVE.fullmatch(language):
                yield title, Block(language, text, number, **remark, page=name)
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
    packages = packages_of(page)
    return [Section(title, tuple(blocks), packages) for title, blocks in sections.items()]


def installed_by(page: str) -> dict[str, Any]:
    """Return the `extras` and `packages` that a page says it needs."""
    found = FRONT_MATTER.match(page) or INSTALLED.search(page)
    values: dict[str, Any] = yaml.safe_load(found[1]) if found else {}
    return values


def packages_of(page: str) -> tuple[str, ...]:
    """Return what a page tells to install, as requirements."""
    values = installed_by(page)
    extras = ",".join(values.get("extras", []))
    return (f"datagen[{extras}]" if extras else "datagen", *values.get("packages", []))
