"""Lists of samples as people write them: the option `--indices`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from datagen_core.commands import Decorator
from datagen_core.errors import ParamsError
from datagen_core.generators.arguments import read_typed
from datagen_core.ranges import IntervalSet

_RANGE = re.compile(r"([0-9]{1,15})(?:-([0-9]{1,15}))?")


def parse_indices(texts: Sequence[str]) -> IntervalSet:
    """Return what texts like `3, 10-19` say, or files with such a text: `FILE`, or `@FILE`.

    A file may also hold a JSON list of whole numbers. Both ends of a range belong to it. What can
    be read as a list is one, whatever files there are.

    Raises
    ------
    click.BadParameter
        When a file cannot be read, something is neither an index nor a range, a range ends before
        it begins, or there is nothing.
    """
    words = [word for text in texts for word in _split(_read(text))]
    found = IntervalSet(map(_parse_range, words))
    if not found:
        raise click.BadParameter("there are no indices; write them like 3,10-19")
    return found


def _read(text: str) -> str:
    is_list = all(map(_RANGE.fullmatch, _split(text)))
    try:
        return read_typed(text if is_list or not Path(text).is_file() else f"@{text}")
    except OSError:  # longer than a name of a file can be
        return text
    except ParamsError as error:
        raise click.BadParameter(str(error)) from None


def _split(text: str) -> list[str]:
    """Return the words of a text; brackets are those of a JSON list."""
    text = text.strip()
    inside = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    return inside.replace(",", " ").split()


def _parse_range(word: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(word)
    if found is None:
        raise click.BadParameter(
            f"{word[:40]!r} is not an index or a range, such as 3 or 10-19, or a file with such"
        )
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise click.BadParameter(f"the range {word} ends before it begins")
    return first, last + 1


def _indices(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> IntervalSet | None:
    return parse_indices(value) if value else None


def indices_option(*, required: bool = False) -> Decorator:
    """Return the option `--indices`; it passes a set, or None, as `samples`."""
    return click.option(
        "--indices",
        "samples",
        multiple=True,
        required=required,
        metavar="LIST|FILE",
        callback=_indices,
        help="Indices and ranges of samples, 3,10-19, or a file with such a list (@FILE).",
    )
