"""HTML for notebooks, which ask objects for it by `_repr_html_`: cards in small.

Listing a cache imports no numpy, and a terminal needs none of this; what shows samples is imported
when a notebook asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datagen_core.pages.parts import Part
    from datagen_core.reading.looks import Readable

_PLACES, _RUN = 4, 32
"""A notebook shows a look at fewer samples than a card."""


def html_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table with a title; every cell is escaped."""
    from datagen_core.pages.parts import Table  # as above

    return _frame(title, Table(header, rows))


def html_set(title: str, counts: Mapping[str, int], notes: Sequence[str], samples: Readable) -> str:
    """Return what a parameter set is, and a look at its samples.

    Parameters
    ----------
    counts
        Samples by split.
    notes
        Sentences about it.
    """
    from datagen_core.pages.charts import Shares  # as above
    from datagen_core.pages.parts import Paragraph

    said = [Paragraph(note) for note in notes]
    return _frame(title, Shares(counts), *said, *_look(samples))


def html_samples(title: str, samples: Readable) -> str:
    """Return a look at samples: the first ones, images, and a line for each field."""
    return _frame(title, *_look(samples))


def _look(samples: Readable) -> list[Part]:
    from datagen_core.pages.parts import Paragraph  # as above
    from datagen_core.reading.contents import list_fields, show_images, tabulate_first
    from datagen_core.reading.looks import look_at

    look = look_at(samples, _PLACES, _RUN)
    problems = [Paragraph(f"Not looked at: {each}") for each in look.problems]
    first = [tabulate_first(look)] if look.first else []
    return [*problems, *first, *show_images(look), list_fields(look)]


def _frame(title: str, *parts: Part) -> str:
    """Return parts below a title, with the colours of the notebook."""
    from datagen_core.pages.frame import write_fragment  # as above

    return write_fragment(title, parts)
